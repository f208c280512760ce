import { createRequire } from 'node:module'
import type { Context, NativeCodecs } from 'dcmjs-codecs'
import type { ImagePixel } from '../dicom/slice.ts'
import { AppError, toAppError } from '../errors.ts'
import type { CodecFamily } from './codec-guard.ts'
import { createFastCodecs } from './fast-codecs.ts'
import type { GrayImage, RgbImage } from './raster.ts'

export interface WasmCodecs {
  /** Loads the codecs, so that the first frame is not charged for it. */
  prepare (): Promise<void>
  /**
   * One guarded codestream → samples in cells of BitsAllocated, little endian, interleaved.
   * @throws AppError `pixel-decode-failed`
   */
  decode (codestream: Uint8Array, pixel: ImagePixel, family: CodecFamily): Promise<DecodedSamples>
  /** A baseline JPEG file. @param quality 1..100 @throws AppError `internal` */
  encodeJpeg (image: GrayImage | RgbImage, quality: number): Promise<DecodedSamples>
  /** One frame of RLE Lossless (PS3.5 Annex G), of even length. @throws AppError `internal` */
  encodeRle (image: GrayImage | RgbImage): Promise<DecodedSamples>
}

export interface DecodedSamples {
  /** Memory of its own, not of the WASM heap. */
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly warnings: readonly string[]
}

const methods = {
  jpeg: 'decodeJpeg',
  'jpeg-lossless': 'decodeJpeg',
  'jpeg-ls': 'decodeJpegLs',
  'jpeg-2000': 'decodeJpeg2000',
  htj2k: 'decodeHtJpeg2000',
} as const satisfies Record<CodecFamily, keyof typeof NativeCodecs>

interface Library {
  readonly NativeCodecs: typeof NativeCodecs
  readonly Context: typeof Context
  readonly log: { setLevel: (level: 'silent') => void }
}

/**
 * The one user of dcmjs-codecs, for what the fast codecs do not decode. `NativeCodecs` is called directly, as the package's Transcoder
 * knows neither .51 nor .57. Its heap is not to be trusted after an error, so that the next frame gets a new instance. Not for
 * concurrent calls.
 */
export function createWasmCodecs (): WasmCodecs {
  let library: Library | undefined
  let healthy = false
  const fast = createFastCodecs()

  const ready = async (): Promise<Library> => {
    // the package is CommonJS, and loaded only where a compressed frame is met: start-up time
    library ??= createRequire(import.meta.url)('dcmjs-codecs') as Library
    if (!healthy) {
      library.log.setLevel('silent')
      await library.NativeCodecs.initializeAsync()
      healthy = true
    }
    return library
  }

  const attempt = async (codestream: Uint8Array, pixel: ImagePixel, family: CodecFamily): Promise<Uint8Array<ArrayBuffer>> => {
    const codecs = await ready()
    healthy = false
    const context = new codecs.Context({
      width: pixel.columns,
      height: pixel.rows,
      bitsAllocated: pixel.bitsAllocated,
      bitsStored: pixel.bitsStored,
      samplesPerPixel: pixel.samplesPerPixel,
      pixelRepresentation: pixel.signed ? 1 : 0,
      planarConfiguration: 0,
      photometricInterpretation: pixel.photometricInterpretation,
      encodedBuffer: codestream,
    })
    const decoded = codecs.NativeCodecs[methods[family]](context, {}).getDecodedBuffer()
    const expected = pixel.rows * pixel.columns * pixel.samplesPerPixel * pixel.bitsAllocated / 8
    if (decoded?.length !== expected) {
      throw new AppError('pixel-decode-failed', 'The decoder delivered a frame of the wrong length',
        { family, length: decoded?.length ?? 0, expected })
    }
    healthy = true
    // dcmjs-codecs has taken them out of its heap: to copy them again would be in vain
    return decoded as Uint8Array<ArrayBuffer>
  }

  const encode = async ({ width, height, data }: GrayImage | RgbImage, form: { readonly jpegQuality: number } | 'rle') => {
    const samplesPerPixel = data.length / (width * height)
    // the encoders read on beyond the end of too short a picture
    if (samplesPerPixel !== 1 && samplesPerPixel !== 3) {
      throw new AppError('internal', 'The picture does not have width × height pixels', { width, height, length: data.length })
    }
    const name = form === 'rle' ? 'RLE' : 'JPEG'
    try {
      const codecs = await ready()
      healthy = false
      const context = new codecs.Context({
        width,
        height,
        bitsAllocated: 8,
        bitsStored: 8,
        samplesPerPixel,
        pixelRepresentation: 0,
        planarConfiguration: 0,
        photometricInterpretation: samplesPerPixel === 3 ? 'RGB' : 'MONOCHROME2',
        decodedBuffer: data,
      })
      const encoded = form === 'rle'
        ? codecs.NativeCodecs.encodeRle(context, {})
        : codecs.NativeCodecs.encodeJpeg(context, { lossy: true, quality: form.jpegQuality })
      const file = encoded.getEncodedBuffer()
      if (file === undefined) throw new AppError('internal', `The ${name} encoder delivered nothing`)
      healthy = true
      // a fragment has an even length (PS3.5 A.4)
      const bytes = new Uint8Array(form === 'rle' ? file.length + file.length % 2 : file.length)
      bytes.set(file)
      return { bytes, warnings: [] }
    } catch (error) {
      throw toAppError(error, 'internal', `The ${name} encoder failed`, { width, height })
    }
  }

  return {
    encodeJpeg: async (image, quality) => await encode(image, { jpegQuality: quality }),
    encodeRle: async image => await encode(image, 'rle'),
    prepare: async () => { await ready() },
    decode: async (codestream, pixel, family) => {
      const bytes = await fast.decode(codestream, pixel, family)
      if (bytes !== undefined) return { bytes, warnings: [] }
      try {
        return { bytes: await attempt(codestream, pixel, family), warnings: [] }
      } catch (error) {
        for (const trimmed of family === 'jpeg-ls' ? withoutStrayZeros(codestream) : []) {
          const bytes = await attempt(trimmed, pixel, family).catch(() => undefined)
          if (bytes !== undefined) return { bytes, warnings: ['zero bytes before the end marker of the JPEG-LS stream were skipped'] }
        }
        if (error instanceof AppError) throw error
        const reason = error instanceof Error ? error.message : typeof error
        throw toAppError(error, 'pixel-decode-failed', `The ${family} decoder failed: ${reason}`, { family })
      }
    },
  }
}

/**
 * Some encoders pad the scan with 00 before EOI (NEMA's own WG04 MR1_JLSL does); CharLS refuses what follows the last pixel. A scan may
 * end in 00 by itself, so that the zeros, three at most, are taken away one by one.
 */
function * withoutStrayZeros (codestream: Uint8Array): Generator<Uint8Array> {
  const end = codestream.length - 2
  for (let dropped = 1; dropped <= 3 && codestream[end - dropped] === 0; dropped++) {
    const trimmed = new Uint8Array(codestream.subarray(0, codestream.length - dropped))
    trimmed.set([0xff, 0xd9], end - dropped)
    yield trimmed
  }
}
