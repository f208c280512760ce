import { readFile, rename, writeFile } from 'node:fs/promises'
import { deserialize, serialize } from 'node:v8'
import { AppError } from '../errors.ts'
import type { AdamWState } from './adamw.ts'
import type { EpochFigures } from './trainer.ts'

/** Everything a training run needs to go on after a kill, as of the end of an epoch. */
export interface Checkpoint {
  /** the plan's fingerprint: another plan does not go on from here */
  readonly plan: string
  readonly weights: readonly Float32Array[]
  readonly bestWeights: readonly Float32Array[]
  readonly optimizer: AdamWState
  readonly history: readonly EpochFigures[]
}

const format = 1

/** Writes beside the file and renames: a kill leaves the previous checkpoint whole. */
export async function writeCheckpoint (path: string, checkpoint: Checkpoint): Promise<void> {
  await writeFile(`${path}.part`, serialize({ format, ...checkpoint }))
  await rename(`${path}.part`, path)
}

/** @returns undefined where there is no such file @throws AppError `training-data-invalid` where it belongs to another plan */
export async function readCheckpoint (path: string, plan: string): Promise<Checkpoint | undefined> {
  let bytes: Uint8Array
  try {
    bytes = await readFile(path)
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new AppError('input-unreadable', 'the checkpoint cannot be read', {}, { cause: thrown })
  }
  let read: Checkpoint & { readonly format: number }
  try {
    read = deserialize(bytes) as typeof read
  } catch (cause) {
    throw new AppError('training-data-invalid', 'the checkpoint is damaged', {}, { cause })
  }
  if (read.format !== format || read.plan !== plan) {
    throw new AppError('training-data-invalid', 'the checkpoint belongs to another training plan; give another file, or the same options as before')
  }
  return read
}
