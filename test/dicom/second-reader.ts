import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

interface Skippable { skip: (name: string, test: () => undefined) => unknown, fail: (message: string) => unknown }

/** Debian's interpreter: the one that python3-pydicom is installed for. */
const python = '/usr/bin/python3'

/** Whether pydicom can be asked; else the test skips with a word, or fails with TUBERLENS_REQUIRE_TOOLS=1. */
export function requirePydicom (t: Skippable): boolean {
  if (spawnSync(python, ['-c', 'import pydicom']).status === 0) return true
  const message = 'python3-pydicom is not installed'
  if (process.env['TUBERLENS_REQUIRE_TOOLS'] === '1') t.fail(message)
  else t.skip(message, () => undefined)
  return false
}

/** Runs a script with warnings as errors; what it prints as JSON comes back. Further arguments are `sys.argv[1:]`. */
export function askPython (script: string, ...args: readonly string[]): unknown {
  const result = spawnSync(python, ['-W', 'error', '-c', script, ...args], { encoding: 'utf8', maxBuffer: 2 ** 28 })
  if (result.status !== 0) throw new Error(`python: ${result.stderr}`)
  return JSON.parse(result.stdout)
}

/** A program's standard output and error; throws when it fails. */
export function ask (program: string, ...args: readonly string[]): string {
  const result = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 2 ** 28 })
  if (result.status !== 0) throw new Error(`${program}: ${result.stderr}`)
  return result.stdout + result.stderr
}

/** The path of a temporary file with these bytes, gone after the test. */
export function temporaryFile (t: { teardown: (fn: () => void) => unknown }, bytes: Uint8Array, name = 'file.dcm'): string {
  const folder = mkdtempSync(join(tmpdir(), 'tuberlens-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, name)
  writeFileSync(path, bytes)
  return path
}
