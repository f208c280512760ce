import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { TrainableArchitecture } from '../../src/training/trainees.ts'

const root = resolve(import.meta.dirname, '../..')

/**
 * The folder of a network at full size with its initial weights: time does not depend on them. Made once, in `.cache`, and anew
 * when the architecture's source changes; by a process of its own, so that TensorFlow is not in the memory of the benchmark.
 * @throws Error where it has to be made and TensorFlow is not installed (`npm run install-tensorflow`)
 */
export function untrainedModel (architecture: TrainableArchitecture): string {
  const source = createHash('sha256').update(readFileSync(join(root, `src/model/architectures/${architecture}.ts`))).digest('hex')
  const folder = join(root, `.cache/bench-models/${architecture}-${source.slice(0, 12)}`)
  if (existsSync(join(folder, 'manifest.json'))) return folder
  mkdirSync(dirname(folder), { recursive: true })
  const made = mkdtempSync(`${folder}.`)
  const script = join(root, 'scripts/pytorch/untrained.ts')
  const { status, stderr } = spawnSync(process.execPath, [...process.execArgv, script, architecture, made], { cwd: root, encoding: 'utf8' })
  if (status !== 0) {
    rmSync(made, { recursive: true, force: true })
    const reason = stderr.split('\n').find(line => line.includes('Error')) ?? stderr
    throw new Error(`the network ${architecture} cannot be made: ${reason.trim()}`)
  }
  rmSync(folder, { recursive: true, force: true })
  renameSync(made, folder) // another benchmark never sees half a model
  return folder
}
