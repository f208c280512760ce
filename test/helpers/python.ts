import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { requireTool } from './tools.ts'

interface Skippable { skip: (name: string, test: () => undefined) => unknown, fail: (message: string) => unknown }

const interpreter = '/usr/bin/python3'
/** Where `.ci/run` puts the packages of `python-requirements.txt`. */
export const pythonPackages = resolve(import.meta.dirname, '../../.cache/python')

/**
 * Whether the packages of `python-requirements.txt` are in `.cache/python`, where `.ci/run` puts them; a test that needs
 * them skips with a word, or fails with TUBERLENS_REQUIRE_TOOLS=1.
 */
export function requirePythonClient (t: Skippable): boolean {
  if (!requireTool(t, interpreter)) return false
  if (existsSync(resolve(pythonPackages, 'dicomweb_client'))) return true
  const message = 'dicomweb-client is not in .cache/python (python3 -m pip install --target .cache/python -r test/helpers/python-requirements.txt)'
  if (process.env['TUBERLENS_REQUIRE_TOOLS'] === '1') t.fail(message)
  else t.skip(message, () => undefined)
  return false
}

export interface Check { readonly name: string, readonly problem: string | null }

/** Runs a script with those packages; it prints a check in JSON per line. @throws Error when it ends otherwise than with 0 */
export async function pythonChecks (script: string, args: readonly string[]): Promise<Check[]> {
  const child = spawn(interpreter, [script, ...args], {
    env: { ...process.env, PYTHONPATH: pythonPackages, PYTHONDONTWRITEBYTECODE: '1' }, stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  let complaints = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => { out += text })
  child.stderr.setEncoding('utf8').on('data', (text: string) => { complaints += text })
  const [status] = await once(child, 'close') as [number | null]
  if (status !== 0) throw new Error(`${script} ended with ${String(status)}: ${complaints}`)
  return out.trim().split('\n').map(line => JSON.parse(line) as Check)
}
