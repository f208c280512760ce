import { Worker } from 'node:worker_threads'
import { AppError, toAppError } from '../errors.ts'
import type { SynthesisSource } from './batch-source.ts'

/** What a thread makes of the source: batches for a trainer, or the files of single slices. */
export type DrawingOrder = SynthesisSource & { readonly draw: 'batches' | 'files' }

/** From the worker: what was drawn, or why there is nothing. */
export type DrawingAnswer<T> =
  | { readonly index: number, readonly made: T }
  | { readonly index: number, readonly code: AppError['code'], readonly message: string }

/** Gives drawing `index` of an endless set; the same index gives the same drawing, whichever thread made it. */
export interface Drawings<T> {
  get (index: number): Promise<T>
  close (): Promise<void>
}

interface Pending<T> { readonly resolve: (made: T) => void, readonly reject: (reason: unknown) => void }

/**
 * Draws in worker threads, so that whoever uses the drawings never waits for the pen.
 * @param ahead drawings begun before they are asked for
 * @param count drawings that will be asked for at all
 */
export function drawingThreads<T> (order: DrawingOrder, threads: number, ahead: number, count = Infinity): Drawings<T> {
  const file = new URL('./drawing-worker' + (import.meta.url.endsWith('.ts') ? '.ts' : '.js'), import.meta.url)
  const workers = Array.from({ length: threads }, () => new Worker(file, { workerData: order }))
  const pending = new Map<number, Pending<T>>()
  const promised = new Map<number, Promise<T>>()
  let failure: AppError | undefined
  const fail = (thrown: unknown): void => {
    failure ??= toAppError(thrown, 'training-data-invalid', 'a worker that draws slices ended')
    for (const waiting of pending.values()) waiting.reject(failure)
    pending.clear()
  }
  for (const worker of workers) {
    worker.on('message', (answer: DrawingAnswer<T>) => {
      if (!('made' in answer)) {
        fail(new AppError(answer.code, answer.message))
        return
      }
      pending.get(answer.index)?.resolve(answer.made)
      pending.delete(answer.index)
    })
    worker.on('error', fail)
  }
  const ask = (index: number): Promise<T> => {
    const known = promised.get(index)
    if (known !== undefined) return known
    const made = new Promise<T>((resolve, reject) => {
      if (failure !== undefined) {
        reject(failure)
        return
      }
      pending.set(index, { resolve, reject })
      workers[index % threads]!.postMessage(index)
    })
    // what is drawn ahead may fail before anyone waits for it; whoever asks gets the failure
    made.catch(() => undefined)
    promised.set(index, made)
    return made
  }
  return {
    async get (index) {
      const wanted = ask(index)
      for (let next = index + 1; next <= index + ahead && next < count; next++) void ask(next)
      const made = await wanted
      promised.delete(index)
      return made
    },
    async close () {
      await Promise.all(workers.map(worker => worker.terminate()))
    },
  }
}
