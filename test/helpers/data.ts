import { existsSync } from 'node:fs'
import { resolve } from 'node:path'

interface Skippable { skip: (name: string, test: () => undefined) => unknown, fail: (message: string) => unknown }

const root = resolve(import.meta.dirname, '../..', process.env['TUBERLENS_TEST_DATA'] ?? '../shared/data')

/**
 * The absolute path of a file or folder of the test data, or `undefined` after the test was told to skip.
 * With TUBERLENS_REQUIRE_DATA=1 absence is a failure.
 */
export function dataPath (t: Skippable, relative: string): string | undefined {
  const path = resolve(root, relative)
  if (existsSync(path)) return path
  const message = `test data ${relative} is absent (TUBERLENS_TEST_DATA names the folder)`
  if (process.env['TUBERLENS_REQUIRE_DATA'] === '1') t.fail(message)
  else t.skip(message, () => undefined)
  return undefined
}

/** The absolute path of a file or folder of the test data, for those that are no test; `undefined` where it is absent. */
export function sharedData (relative: string): string | undefined {
  const path = resolve(root, relative)
  return existsSync(path) ? path : undefined
}
