import { spawnSync } from 'node:child_process'

interface Skippable { skip: (name: string, test: () => undefined) => unknown, fail: (message: string) => unknown }

/** Whether a program is installed; a test that needs it skips with a word, or fails with TUBERLENS_REQUIRE_TOOLS=1. */
export function requireTool (t: Skippable, program: string): boolean {
  if (spawnSync('sh', ['-c', 'command -v "$0"', program]).status === 0) return true
  const message = `${program} is not installed`
  if (process.env['TUBERLENS_REQUIRE_TOOLS'] === '1') t.fail(message)
  else t.skip(message, () => undefined)
  return false
}

/** Where an installed program is. */
export function toolPath (program: string): string {
  return spawnSync('sh', ['-c', 'command -v "$0"', program], { encoding: 'utf8' }).stdout.trim()
}
