/**
 * Runs every benchmark, one after another, each in a process of its own; prints one table, and gathers all in
 * bench/results.json, which the tables in README.md and docs/performance.md are made from (`npm run readme`).
 *
 *   npm run bench [-- NAME…]     NAME: these alone; their results replace those of an earlier run on this machine
 *
 * Exit code 1 when a benchmark fails to run. Wants a quiet machine: other programs cost the ratios their meaning.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describeMachine, thisMachine } from './support/machine.ts'
import { lineOf, type Outcome } from './support/outcome.ts'
import { readResults, type Results, resultsFile } from './support/results.ts'

const names = ['engines', 'python-series', 'ingest', 'decoding', 'series', 'sessions', 'synthesize', 'peak'] as const
const root = resolve(import.meta.dirname, '..')
const here = thisMachine()

/** The outcome, or why there is none. */
async function run (name: string, folder: string): Promise<Outcome | string> {
  const json = join(folder, `${name}.json`)
  const child = spawn(process.execPath, [...process.execArgv, join(import.meta.dirname, `${name}.ts`), '--json', json], {
    cwd: root, stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => { said += text })
  const [code] = await once(child, 'close') as [number | null]
  if (code === 0 && existsSync(json)) return JSON.parse(readFileSync(json, 'utf8')) as Outcome
  return `exit code ${code ?? 'none'}\n${said.split('\n').slice(-15).join('\n')}`
}

/** Outcomes of an earlier run on the same machine, to be kept beside those measured now. */
function earlier (): readonly Outcome[] {
  const results = readResults()
  return results !== undefined && describeMachine(results.machine) === describeMachine(here) ? results.benchmarks : []
}

const given = process.argv.slice(2)
const unknown = given.filter(name => !names.some(known => known === name))
if (unknown.length > 0) throw new Error(`there is no benchmark ${unknown.join(', ')}; there are ${names.join(', ')}`)
const wanted = given.length > 0 ? given : names
const folder = mkdtempSync(join(tmpdir(), 'tuberlens-bench-'))
const began = performance.now()
const measured = new Map<string, Outcome>()
const failures: string[] = []
process.stdout.write(`${describeMachine(here)}\n`)
try {
  for (const [index, name] of wanted.entries()) {
    const start = performance.now()
    process.stdout.write(`\n${index + 1} of ${wanted.length}: ${name}`)
    const outcome = await run(name, folder)
    process.stdout.write(`, ${((performance.now() - start) / 1000).toFixed(0)} s\n`)
    if (typeof outcome === 'string') {
      failures.push(name)
      process.stdout.write(`FAILED: ${outcome}\n`)
    } else {
      measured.set(name, outcome)
      const skipped = (outcome.skipped ?? []).map(reason => `skipped: ${reason}`)
      process.stdout.write(`${[outcome.claim, ...outcome.comparisons.map(lineOf), ...skipped].join('\n  ')}\n`)
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
const kept = given.length > 0 ? earlier() : []
const benchmarks = names.flatMap(name => measured.get(name) ?? kept.find(({ benchmark }) => benchmark === name) ?? [])
const minutes = Math.round((performance.now() - began) / 6000) / 10
if (measured.size > 0) {
  const results: Results = { machine: here, benchmarks }
  writeFileSync(resultsFile, `${JSON.stringify(results, null, 1)}\n`)
}
process.stdout.write(`\n${measured.size} of ${wanted.length} benchmarks ran, ${minutes} minutes${failures.length === 0 ? '' : `; FAILED: ${failures.join(', ')}`}\n`)
process.exitCode = failures.length === 0 ? 0 : 1
