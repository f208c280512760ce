import { AppError } from '../errors.ts'
import { startThread } from '../imaging/worker-thread.ts'
import type { WorkerThread } from '../imaging/worker-thread.ts'
import type { InstanceReading } from './instance-reading.ts'
import type { ReadingRequest, ReadingResult } from './reading-worker.ts'

/** Reads received files beside the event loop: half a gigabyte of pixels, or half a million elements, take a second. */
export interface InstanceReader {
  /**
   * One after the other, so that one file at a time is in memory; a file that takes too long or crashes the reader fails alone.
   * @throws AppError `internal`; `interrupted` after `close`
   */
  read (path: string): Promise<InstanceReading>
  /** Does something else that needs a whole file in memory, between the files; it must not read one itself. */
  alone<T>(body: () => Promise<T>): Promise<T>
  /** Ends the thread; what is under way is `interrupted`. */
  close (): Promise<void>
}

export interface InstanceReaderOptions {
  /** Per file. The largest one that is allowed takes a second or two. */
  readonly timeoutMs?: number
}

/** Objects of half a million elements take 150 MB; buffers are not counted. */
const heapMegabytes = 512

/** The thread is started with the first file. */
export function createInstanceReader ({ timeoutMs = 30_000 }: InstanceReaderOptions = {}): InstanceReader {
  let thread: WorkerThread<ReadingRequest, ReadingResult> | undefined
  let last: Promise<unknown> = Promise.resolve()
  let closed = false

  const readNow = async (path: string): Promise<InstanceReading> => {
    if (closed) throw new AppError('interrupted', 'The reader of instances is closed')
    if (thread?.alive !== true) {
      thread = startThread({
        module: new URL('./reading-worker', import.meta.url), name: 'The reader of instances', crashed: 'internal', late: 'internal', heapMegabytes,
      })
    }
    const { reading } = await thread.run({ path }, { timeoutMs, late: 'The instance was not read' })
    return reading
  }
  const alone = async <T>(body: () => Promise<T>): Promise<T> => {
    const running = last.then(body)
    last = running.catch(() => undefined)
    return await running
  }
  return {
    read: async path => await alone(async () => await readNow(path)),
    alone,
    close: async () => {
      closed = true
      await thread?.stop()
    },
  }
}
