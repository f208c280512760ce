import { Worker } from 'node:worker_threads'
import { AppError } from '../errors.ts'
import type { CodecReply, CodecRequest } from './decode-worker.ts'

/** What a thread delivers for one request. */
export type CodecResult = Extract<CodecReply, { kind: 'done' }>

/** One worker thread with one set of codecs; one request at a time. */
export interface CodecThread {
  /**
   * @param timeoutMs counted from the moment the codecs are loaded and the request is handed over
   * @throws AppError `pixel-decode-failed`, `pixel-decode-timeout`, `internal` (encoding); the thread may be dead afterwards: ask `alive`
   */
  run (request: CodecRequest, timeoutMs: number): Promise<CodecResult>
  readonly alive: boolean
  stop (): Promise<void>
}

const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js'
/** Loading 4 MB of WASM takes 0.1 s; a machine under load may need many times that. */
const startLimitMs = 30_000

export function startCodecThread (): CodecThread {
  const worker = new Worker(new URL(`./decode-worker${extension}`, import.meta.url), { stdout: true, stderr: true })
  let alive = true
  let waiting: { resolve: (reply: CodecReply) => void, reject: (error: AppError) => void } | undefined

  const fall = (error: AppError): void => {
    alive = false
    const pending = waiting
    waiting = undefined
    pending?.reject(error)
  }
  worker.on('message', (reply: CodecReply) => {
    const pending = waiting
    waiting = undefined
    pending?.resolve(reply)
  })
  worker.on('error', cause => fall(new AppError('pixel-decode-failed', 'The decoder crashed', {}, { cause })))
  worker.on('exit', () => fall(new AppError('pixel-decode-failed', 'The decoder thread ended')))

  const answer = (limitMs: number, late: string): Promise<CodecReply> => new Promise((resolve, reject) => {
    if (!alive) {
      reject(new AppError('pixel-decode-failed', 'The decoder thread has ended'))
      return
    }
    const timer = setTimeout(() => {
      fall(new AppError('pixel-decode-timeout', late, { limitMs }))
      void worker.terminate()
    }, limitMs)
    waiting = {
      resolve: reply => { clearTimeout(timer); resolve(reply) },
      reject: error => { clearTimeout(timer); reject(error) },
    }
  })
  const started = answer(startLimitMs, 'The decoder did not start in time')
  started.catch(() => undefined) // told to whoever asks first

  return {
    run: async (request, timeoutMs) => {
      // an idle thread must not keep the process alive
      worker.ref()
      try {
        const first = await started
        if (first.kind === 'failed') throw new AppError(first.code, first.message, first.facts)
        const result = answer(timeoutMs, `The frame was not ${'image' in request ? 'encoded' : 'decoded'} within ${timeoutMs} ms`)
        // a copy of its own: cloning a view would clone the whole file behind it (and slice() of a Buffer is but a view)
        if ('image' in request) {
          const data = new Uint8Array(request.image.data)
          worker.postMessage({ ...request, image: { ...request.image, data } }, [data.buffer])
        } else {
          const codestream = new Uint8Array(request.codestream)
          worker.postMessage({ ...request, codestream }, [codestream.buffer])
        }
        const reply = await result
        if (reply.kind === 'done') return reply
        throw reply.kind === 'failed'
          ? new AppError(reply.code, reply.message, reply.facts)
          : new AppError('internal', 'The decoder answered out of turn')
      } finally {
        if (alive) worker.unref()
      }
    },
    get alive () { return alive },
    stop: async () => {
      // without a reference the process may end before the thread has
      worker.ref()
      fall(new AppError('interrupted', 'The decoder was closed'))
      await worker.terminate()
    },
  }
}
