import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'

interface Skippable { skip: (name: string, test: () => undefined) => unknown, fail: (message: string) => unknown }

const interpreter = '/usr/bin/python3'
const packages = resolve(import.meta.dirname, '../../.cache/keras')
const scripts = resolve(import.meta.dirname, '../../scripts/keras')

/**
 * Whether Keras is in `.cache/keras`, where `.ci/run` puts it; a test that needs it skips with a word, or fails with
 * TUBERLENS_REQUIRE_KERAS=1.
 */
export function requireKeras (t: Skippable): boolean {
  if (existsSync(interpreter) && existsSync(resolve(packages, 'keras'))) return true
  const message = 'Keras is not in .cache/keras (python3 -m pip install --target .cache/keras -r scripts/keras/requirements.txt)'
  if (process.env['TUBERLENS_REQUIRE_KERAS'] === '1') t.fail(message)
  else t.skip(message, () => undefined)
  return false
}

/** Runs a script of scripts/keras with it. @throws Error when it ends otherwise than with 0 */
export async function runKeras (script: string, args: readonly string[]): Promise<void> {
  const child = spawn(interpreter, [resolve(scripts, script), ...args], {
    env: { ...process.env, KERAS_BACKEND: 'jax', PYTHONPATH: packages, PYTHONDONTWRITEBYTECODE: '1' },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let complaints = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => { complaints += text })
  const [status] = await once(child, 'close') as [number | null]
  if (status !== 0) throw new Error(`${script} ended with ${String(status)}: ${complaints}`)
}
