import { Worker } from 'node:worker_threads'
import { AppError } from '../errors.ts'
import type { ErrorCode, ErrorFacts } from '../errors.ts'

/** `ready` once after loading; then one answer for each request, in order. */
export type ThreadReply<Result> =
  | { readonly kind: 'ready' }
  | Result & { readonly kind: 'done' }
  | { readonly kind: 'failed', readonly code: ErrorCode, readonly message: string, readonly facts: ErrorFacts }

export interface ThreadOptions {
  /** The module that it runs, without extension: sources and build have different ones. */
  readonly module: URL
  /** For messages: 'The decoder'. */
  readonly name: string
  /** Code when it crashes or ends. */
  readonly crashed: ErrorCode
  /** Code when it does not answer in time. */
  readonly late: ErrorCode
  /** Memory of its objects, beyond which it ends as crashed. */
  readonly heapMegabytes?: number
}

export interface ThreadTask {
  /** Counted from the moment the thread is ready and the request is handed over. */
  readonly timeoutMs: number
  /** For messages: 'The frame was not decoded'. */
  readonly late: string
  readonly transfer?: readonly ArrayBuffer[]
}

/** One worker thread; one request at a time. */
export interface WorkerThread<Request, Result> {
  /** @throws AppError what the worker threw, or a code of the options; the thread may be dead afterwards: ask `alive` */
  run (request: Request, task: ThreadTask): Promise<Result & { readonly kind: 'done' }>
  readonly alive: boolean
  stop (): Promise<void>
}

const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js'
/** Loading takes 0.1 s; a machine under load may need many times that. */
const startLimitMs = 30_000

/** Starts a thread that ends itself with a request that takes too long. It does not keep the process alive while it is idle. */
export function startThread<Request, Result> (options: ThreadOptions): WorkerThread<Request, Result> {
  type Reply = ThreadReply<Result>
  const { name, crashed, heapMegabytes } = options
  const worker = new Worker(new URL(`${options.module.href}${extension}`), {
    stdout: true,
    stderr: true,
    ...(heapMegabytes === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: heapMegabytes } }),
  })
  let alive = true
  let waiting: { resolve: (reply: Reply) => void, reject: (error: AppError) => void } | undefined

  const fall = (error: AppError): void => {
    alive = false
    const pending = waiting
    waiting = undefined
    pending?.reject(error)
  }
  worker.on('message', (reply: Reply) => {
    const pending = waiting
    waiting = undefined
    pending?.resolve(reply)
  })
  worker.on('error', cause => fall(new AppError(crashed, `${name} crashed`, {}, { cause })))
  worker.on('exit', () => fall(new AppError(crashed, `${name} thread ended`)))

  const answer = (limitMs: number, late: string): Promise<Reply> => new Promise((resolve, reject) => {
    if (!alive) {
      reject(new AppError(crashed, `${name} thread has ended`))
      return
    }
    const timer = setTimeout(() => {
      fall(new AppError(options.late, late, { limitMs }))
      void worker.terminate()
    }, limitMs)
    waiting = {
      resolve: reply => { clearTimeout(timer); resolve(reply) },
      reject: error => { clearTimeout(timer); reject(error) },
    }
  })
  const started = answer(startLimitMs, `${name} did not start in time`)
  started.catch(() => undefined) // told to whoever asks first

  return {
    run: async (request, { timeoutMs, late, transfer = [] }) => {
      // an idle thread must not keep the process alive
      worker.ref()
      try {
        const first = await started
        if (first.kind === 'failed') throw new AppError(first.code, first.message, first.facts)
        const result = answer(timeoutMs, `${late} within ${timeoutMs} ms`)
        worker.postMessage(request, transfer)
        const reply = await result
        if (reply.kind === 'done') return reply
        throw reply.kind === 'failed'
          ? new AppError(reply.code, reply.message, reply.facts)
          : new AppError('internal', `${name} answered out of turn`)
      } finally {
        if (alive) worker.unref()
      }
    },
    get alive () { return alive },
    stop: async () => {
      // without a reference the process may end before the thread has
      worker.ref()
      fall(new AppError('interrupted', `${name} was closed`))
      await worker.terminate()
    },
  }
}
