import { availableParallelism } from 'node:os'
import type { ImagePixel, Slice } from '../dicom/slice.ts'
import { transferSyntax } from '../dicom/transfer-syntaxes.ts'
import { AppError } from '../errors.ts'
import { guardFrame } from './codec-guard.ts'
import { startCodecThread } from './codec-thread.ts'
import type { CodecThread } from './codec-thread.ts'
import type { CodecRequest } from './decode-worker.ts'
import { decodedFrame, decodeNativeFrame, decodeRleFrame } from './decode-pixels.ts'
import type { GrayImage, RgbImage } from './raster.ts'
import type { StoredPixels } from './stored-pixels.ts'
import type { DecodedSamples } from './wasm-codecs.ts'

export interface Decoder {
  /**
   * One encoded frame → stored values, in any transfer syntax of the table. Native and RLE frames are unpacked at once, other
   * compressed ones in a worker thread; calls may overlap.
   * @throws AppError `transfer-syntax-unsupported`, `pixel-data-invalid`, `instance-too-large`, `pixel-decode-failed`,
   *   `pixel-decode-timeout`; `interrupted` after `close`
   */
  decode (encoded: Uint8Array, pixel: ImagePixel, transferSyntaxUid: string): Promise<StoredPixels>
  /** Reads and decodes the slice's frame. @throws as `decode` and `PixelData.frame` */
  decodeSlice (slice: Slice): Promise<StoredPixels>
  /** Ends the threads; frames under way are `interrupted`. */
  close (): Promise<void>
}

/** The same threads, the other way. */
export interface JpegEncoder {
  /**
   * A baseline JPEG file (ITU-T T.81), 8 bits a sample, colour as YCbCr.
   * @param quality 1..100
   * @throws AppError `internal`; `interrupted` after `close`
   */
  encodeJpeg (image: GrayImage | RgbImage, quality: number): Promise<Uint8Array>
}

/** The same, without loss. */
export interface RleEncoder {
  /** One frame of RLE Lossless (PS3.5 Annex G), of even length. @throws AppError `internal`; `interrupted` after `close` */
  encodeRle (image: GrayImage | RgbImage): Promise<Uint8Array>
}

export interface DecoderOptions {
  /** Threads, started when first needed. Half the cores unless told: each holds a WASM heap of up to 256 MiB. */
  readonly workers?: number
  /** Per frame. */
  readonly timeoutMs?: number
}

interface Task {
  readonly request: CodecRequest
  readonly resolve: (reply: DecodedSamples) => void
  readonly reject: (error: unknown) => void
}

export function createDecoder (options: DecoderOptions = {}): Decoder & JpegEncoder & RleEncoder {
  const { workers = Math.max(1, Math.floor(availableParallelism() / 2)), timeoutMs = 2000 } = options
  const idle: CodecThread[] = []
  const all = new Set<CodecThread>()
  const queue: Task[] = []
  let closed = false

  const freeThread = (): CodecThread | undefined => {
    for (let thread = idle.pop(); thread !== undefined; thread = idle.pop()) {
      if (thread.alive) return thread
      all.delete(thread) // it died while it waited
    }
    return all.size < workers ? startCodecThread() : undefined
  }
  const pump = (): void => {
    while (queue.length > 0) {
      const thread = freeThread()
      if (thread === undefined) return
      all.add(thread)
      const task = queue.shift()!
      thread.run(task.request, timeoutMs).then(task.resolve, task.reject).finally(() => {
        if (thread.alive && !closed) idle.push(thread)
        else all.delete(thread)
        pump()
      })
    }
  }

  const run = async (request: CodecRequest): Promise<DecodedSamples> => {
    if (closed) throw new AppError('interrupted', 'The decoder is closed')
    return await new Promise((resolve, reject) => {
      queue.push({ request, resolve, reject })
      pump()
    })
  }

  const decode: Decoder['decode'] = async (encoded, pixel, transferSyntaxUid) => {
    if (closed) throw new AppError('interrupted', 'The decoder is closed')
    const syntax = transferSyntax(transferSyntaxUid)
    if (syntax === undefined) {
      throw new AppError('transfer-syntax-unsupported', `Transfer syntax ${transferSyntaxUid} is not supported`, { transferSyntaxUid })
    }
    const { codec } = syntax
    if (codec === 'native') return decodeNativeFrame(encoded, pixel, !syntax.littleEndian)
    if (codec === 'rle') return decodeRleFrame(encoded, pixel)
    const guarded = guardFrame(encoded, pixel, codec)
    const reply = await run({ codestream: guarded.codestream, pixel, family: codec })
    return decodedFrame(reply.bytes, pixel, guarded.precision, [...guarded.warnings, ...reply.warnings])
  }

  return {
    decode,
    decodeSlice: async slice =>
      await decode(await slice.source.pixelData.frame(slice.frameNumber), slice.pixel, slice.source.transferSyntaxUid),
    encodeJpeg: async (image, quality) => (await run({ image, quality })).bytes,
    encodeRle: async image => (await run({ image, quality: 'lossless' })).bytes,
    close: async () => {
      closed = true
      for (const task of queue.splice(0)) task.reject(new AppError('interrupted', 'The decoder was closed'))
      await Promise.all([...all].map(async thread => { await thread.stop() }))
    },
  }
}
