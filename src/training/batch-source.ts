import { Worker } from 'node:worker_threads'
import type { Preprocessing } from '../imaging/preprocessing.ts'
import { AppError, toAppError } from '../errors.ts'
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
  /** names of the patients (files of label maps, folders of canvases) to draw from */
  readonly patients: readonly string[]
  readonly seed: number
  readonly batchSize: number
  readonly preprocessing: Preprocessing
  /** vary the window */
  readonly varied: boolean
  readonly difficulty?: 'mixed' | 'easy' | 'moderate' | 'subtle'
  readonly canvasShare?: number
}

/** From the worker: a batch, or why there is none. */
export type WorkerAnswer =
  | { readonly index: number, readonly batch: TrainingBatch }
  | { readonly index: number, readonly code: AppError['code'], readonly message: string }

interface Pending { readonly resolve: (batch: TrainingBatch) => void, readonly reject: (reason: unknown) => void }

/**
 * Draws batches in worker threads, so that the trainer never waits for the pen. Batches asked for ahead are kept in order.
 * @param ahead batches drawn before they are asked for
 */
export function threadedSource (source: SynthesisSource, threads = 1, ahead = 3): BatchSource {
  const file = new URL('./batch-worker' + (import.meta.url.endsWith('.ts') ? '.ts' : '.js'), import.meta.url)
  const workers = Array.from({ length: threads }, () => new Worker(file, { workerData: source }))
  const pending = new Map<number, Pending>()
  const promised = new Map<number, Promise<TrainingBatch>>()
  let failure: AppError | undefined
  const fail = (thrown: unknown): void => {
    failure ??= toAppError(thrown, 'training-data-invalid', 'a worker that draws slices ended')
    for (const waiting of pending.values()) waiting.reject(failure)
    pending.clear()
  }
  for (const worker of workers) {
    worker.on('message', (answer: WorkerAnswer) => {
      if (!('batch' in answer)) {
        fail(new AppError(answer.code, answer.message))
        return
      }
      pending.get(answer.index)?.resolve(answer.batch)
      pending.delete(answer.index)
    })
    worker.on('error', fail)
  }
  const ask = (index: number): Promise<TrainingBatch> => {
    const known = promised.get(index)
    if (known !== undefined) return known
    const made = new Promise<TrainingBatch>((resolve, reject) => {
      if (failure !== undefined) {
        reject(failure)
        return
      }
      pending.set(index, { resolve, reject })
      workers[index % threads]!.postMessage(index)
    })
    // a batch drawn ahead may fail before anyone waits for it; whoever asks gets the failure
    made.catch(() => undefined)
    promised.set(index, made)
    return made
  }
  return {
    async batch (index) {
      const wanted = ask(index)
      for (let i = 1; i <= ahead; i++) void ask(index + i)
      const batch = await wanted
      promised.delete(index)
      return batch
    },
    async close () {
      await Promise.all(workers.map(worker => worker.terminate()))
    },
  }
}
