import type { Preprocessing } from '../imaging/preprocessing.ts'
import { drawingThreads } from './drawing-threads.ts'
import type { difficulties } from './slice-picture.ts'
import type { TrainingBatch } from './training-batch.ts'

/** Gives batch `index` of an endless set; the same index gives the same batch. */
export interface BatchSource {
  batch (index: number): Promise<TrainingBatch>
  close (): Promise<void>
}

/** What a worker needs to draw slices: folders, not volumes, so that each thread reads for itself. */
export interface SynthesisSource {
  readonly labelMaps?: string
  readonly canvases?: string
  /** names of the patients (files of label maps, folders of canvases) to draw from; absent: all */
  readonly patients?: readonly string[]
  readonly seed: number
  readonly batchSize: number
  readonly preprocessing: Preprocessing
  /** vary the window */
  readonly varied: boolean
  readonly difficulty?: keyof typeof difficulties
  readonly canvasShare?: number
  /** see `SynthesisOptions` */
  readonly pairs?: boolean
}

/**
 * Draws batches in worker threads, so that the trainer never waits for the pen.
 * @param ahead batches drawn before they are asked for
 */
export function threadedSource (source: SynthesisSource, threads = 1, ahead = 3): BatchSource {
  const drawings = drawingThreads<TrainingBatch>({ ...source, draw: 'batches' }, threads, Math.max(ahead, threads))
  return { batch: index => drawings.get(index), close: () => drawings.close() }
}
