import { parentPort } from 'node:worker_threads'
import type { ImagePixel } from '../dicom/slice.ts'
import { toAppError } from '../errors.ts'
import type { ErrorCode, ErrorFacts } from '../errors.ts'
import type { CodecFamily } from './codec-guard.ts'
import type { GrayImage, RgbImage } from './raster.ts'
import { createWasmCodecs } from './wasm-codecs.ts'

/** One frame on its way to the worker thread. */
export interface DecodeRequest { readonly codestream: Uint8Array, readonly pixel: ImagePixel, readonly family: CodecFamily }

/** One picture to become a JPEG file. */
export interface EncodeRequest { readonly image: GrayImage | RgbImage, readonly quality: number }

export type CodecRequest = DecodeRequest | EncodeRequest

/** `ready` once after loading; then one answer for each request, in order. */
export type CodecReply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done', readonly bytes: Uint8Array<ArrayBuffer>, readonly warnings: readonly string[] }
  | { readonly kind: 'failed', readonly code: ErrorCode, readonly message: string, readonly facts: ErrorFacts }

const port = parentPort
if (port !== null) {
  const codecs = createWasmCodecs()
  const reply = (message: CodecReply, transfer: ArrayBuffer[] = []): void => { port.postMessage(message, transfer) }
  const fail = (thrown: unknown): void => {
    const { code, message, facts } = toAppError(thrown, 'pixel-decode-failed')
    reply({ kind: 'failed', code, message, facts })
  }
  port.on('message', (request: CodecRequest) => {
    const result = 'image' in request
      ? codecs.encodeJpeg(request.image, request.quality)
      : codecs.decode(request.codestream, request.pixel, request.family)
    result.then(({ bytes, warnings }) => reply({ kind: 'done', bytes, warnings }, [bytes.buffer]))
      .catch(fail)
  })
  codecs.prepare().then(() => reply({ kind: 'ready' })).catch(fail)
}
