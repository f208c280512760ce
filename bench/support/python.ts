import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '../..')
const folder = join(root, '.cache/bench-python')
const requirements = join(root, 'bench/python/requirements.txt')
/** What is installed, written when it is. */
const installed = join(folder, 'requirements.txt')

/**
 * The Python of the benchmarks, with the packages of `bench/python/requirements.txt`; installed once, in `.cache` (5 GB, as PyTorch
 * comes with libraries for GPUs). `BENCH_PYTHON` names another one that has them.
 * @throws Error where it cannot be installed
 */
export function benchPython (): string {
  const given = process.env['BENCH_PYTHON']
  if (given !== undefined) return given
  const python = join(folder, 'bin/python')
  if (existsSync(installed) && readFileSync(installed, 'utf8') === readFileSync(requirements, 'utf8')) return python
  process.stderr.write(`installing the Python packages of the benchmarks in ${folder}\n`)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(dirname(folder), { recursive: true })
  run('python3', ['-m', 'venv', folder])
  // all that is needed is listed: what else a package would bring, such as compilers for GPUs, is not
  run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '-r', requirements])
  writeFileSync(installed, readFileSync(requirements))
  return python
}

/** Runs a script of `bench/python` with `input` on stdin. @returns what it printed, as JSON @throws Error when it fails */
export function runPython (script: string, args: readonly string[], input?: unknown): unknown {
  const { status, stdout, stderr, error } = spawnSync(benchPython(), [join(root, 'bench/python', script), ...args], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    ...(input === undefined ? {} : { input: JSON.stringify(input) }),
  })
  if (status !== 0) throw new Error(`${script} failed: ${error?.message ?? stderr}`)
  return JSON.parse(stdout)
}

function run (command: string, args: readonly string[]): void {
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  if (status !== 0) throw new Error(`${command} ${args.slice(0, 3).join(' ')} failed${error === undefined ? '' : `: ${error.message}`}`)
}
