import type { CodecRequest } from './decode-worker.ts'
import type { DecodedSamples } from './wasm-codecs.ts'
import { startThread } from './worker-thread.ts'

/** One worker thread with one set of codecs; one request at a time. */
export interface CodecThread {
  /**
   * @param timeoutMs counted from the moment the codecs are loaded and the request is handed over
   * @throws AppError `pixel-decode-failed`, `pixel-decode-timeout`, `internal` (encoding); the thread may be dead afterwards: ask `alive`
   */
  run (request: CodecRequest, timeoutMs: number): Promise<DecodedSamples>
  readonly alive: boolean
  stop (): Promise<void>
}

export function startCodecThread (): CodecThread {
  const thread = startThread<CodecRequest, DecodedSamples>({
    module: new URL('./decode-worker', import.meta.url),
    name: 'The decoder',
    crashed: 'pixel-decode-failed',
    late: 'pixel-decode-timeout',
  })
  return {
    // a copy of its own: cloning a view would clone the whole file behind it (and slice() of a Buffer is but a view)
    run: async (request, timeoutMs) => {
      if ('image' in request) {
        const data = new Uint8Array(request.image.data)
        const message = { ...request, image: { ...request.image, data } }
        return await thread.run(message, { timeoutMs, late: 'The frame was not encoded', transfer: [data.buffer] })
      }
      const codestream = new Uint8Array(request.codestream)
      return await thread.run({ ...request, codestream }, { timeoutMs, late: 'The frame was not decoded', transfer: [codestream.buffer] })
    },
    get alive () { return thread.alive },
    stop: async () => { await thread.stop() },
  }
}
