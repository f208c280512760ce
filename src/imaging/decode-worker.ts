import { parentPort } from 'node:worker_threads'
import type { ImagePixel } from '../dicom/slice.ts'
import { toAppError } from '../errors.ts'
import type { CodecFamily } from './codec-guard.ts'
import type { GrayImage, RgbImage } from './raster.ts'
import { createWasmCodecs } from './wasm-codecs.ts'
import type { DecodedSamples } from './wasm-codecs.ts'
import type { ThreadReply } from './worker-thread.ts'

/** One frame on its way to the worker thread. */
export interface DecodeRequest { readonly codestream: Uint8Array, readonly pixel: ImagePixel, readonly family: CodecFamily }

/** One picture to become a JPEG file, or a frame of RLE Lossless. */
export interface EncodeRequest { readonly image: GrayImage | RgbImage, readonly quality: number | 'lossless' }

export type CodecRequest = DecodeRequest | EncodeRequest

const port = parentPort
if (port !== null) {
  const codecs = createWasmCodecs()
  const reply = (message: ThreadReply<DecodedSamples>, transfer: ArrayBuffer[] = []): void => {
    port.postMessage(message, transfer)
  }
  const fail = (thrown: unknown): void => {
    const { code, message, facts } = toAppError(thrown, 'pixel-decode-failed')
    reply({ kind: 'failed', code, message, facts })
  }
  port.on('message', (request: CodecRequest) => {
    const result = 'codestream' in request
      ? codecs.decode(request.codestream, request.pixel, request.family)
      : request.quality === 'lossless'
        ? codecs.encodeRle(request.image)
        : codecs.encodeJpeg(request.image, request.quality)
    result.then(({ bytes, warnings }) => reply({ kind: 'done', bytes, warnings }, [bytes.buffer]))
      .catch(fail)
  })
  codecs.prepare().then(() => reply({ kind: 'ready' })).catch(fail)
}
