import { createRequire } from 'node:module'
import type { ImagePixel } from '../dicom/slice.ts'
import type { CodecFamily } from './codec-guard.ts'
import { isReversible } from './codestream-header.ts'

/** A decoder of either library; what it holds lies in the heap of its library until `delete`. */
interface StreamDecoder {
  /** Where the codestream is to be written. */
  getEncodedBuffer (length: number): Uint8Array
  decode (): void
  getDecodedBuffer (): Uint8Array<ArrayBuffer> | Uint8ClampedArray<ArrayBuffer>
  getFrameInfo (): { readonly isSigned?: boolean }
  delete (): void
}
type NewDecoder = new () => StreamDecoder
type Load = (options: { readonly print: () => void, readonly printErr: () => void }) => Promise<Record<string, NewDecoder>>

/** CharLS compiled for decoding, and OpenJPH compiled to vector instructions. */
const libraries = {
  'jpeg-ls': { path: '@cornerstonejs/codec-charls/decodewasmjs', decoder: 'JpegLSDecoder' },
  htj2k: { path: '@cornerstonejs/codec-openjph/wasmjs', decoder: 'HTJ2KDecoder' },
} as const
type FastFamily = keyof typeof libraries

export interface FastCodecs {
  /**
   * One guarded codestream → samples in cells of BitsAllocated, little endian.
   * @returns `undefined` where another decoder has to say what it is: a stream that is none of these, or that cannot be decoded
   */
  decode (codestream: Uint8Array, pixel: ImagePixel, family: CodecFamily): Promise<Uint8Array<ArrayBuffer> | undefined>
}

/**
 * The builds of cornerstone.js, which take half the time of those in dcmjs-codecs and give the same values. A library that failed may
 * have spoilt its heap, so that the next frame gets a new one; one that cannot be loaded (vector instructions are not in every
 * processor) is not tried again. Not for concurrent calls.
 * @param find gives the module of a path; the packages are CommonJS
 */
export function createFastCodecs (find: (path: string) => unknown = createRequire(import.meta.url)): FastCodecs {
  const loaded = new Map<FastFamily, NewDecoder>()
  const missing = new Set<FastFamily>()

  const load = async (family: FastFamily): Promise<NewDecoder | undefined> => {
    const { path, decoder } = libraries[family]
    const known = loaded.get(family)
    if (known !== undefined || missing.has(family)) return known
    try {
      const library = await (find(path) as Load)({ print: () => undefined, printErr: () => undefined })
      const made = library[decoder]
      if (made !== undefined) loaded.set(family, made)
      return made
    } catch {
      missing.add(family)
      return undefined
    }
  }

  return {
    decode: async (codestream, pixel, family) => {
      if (!isFast(family) || !suits(codestream, pixel, family)) return undefined
      const Decoder = await load(family)
      if (Decoder === undefined) return undefined
      try {
        return decodeWith(new Decoder(), codestream, pixel)
      } catch { // a number, where C++ threw
        loaded.delete(family)
        return undefined
      }
    },
  }
}

const isFast = (family: CodecFamily): family is FastFamily => family in libraries

/** Streams of which both libraries are known to make the same: rounding differs between them in what is not reversible. */
function suits (codestream: Uint8Array, { samplesPerPixel, bitsAllocated }: ImagePixel, family: FastFamily): boolean {
  return samplesPerPixel === 1 && (family === 'jpeg-ls' || (bitsAllocated === 16 && isReversible(codestream)))
}

function decodeWith (decoder: StreamDecoder, codestream: Uint8Array, pixel: ImagePixel): Uint8Array<ArrayBuffer> | undefined {
  decoder.getEncodedBuffer(codestream.length).set(codestream)
  decoder.decode()
  const { isSigned = pixel.signed } = decoder.getFrameInfo()
  const decoded = decoder.getDecodedBuffer()
  const { buffer, byteOffset, length } = decoded
  // one library gives a copy, the other a view of its heap
  const own = buffer.byteLength === length ? buffer : buffer.slice(byteOffset, byteOffset + length)
  decoder.delete()
  const expected = pixel.rows * pixel.columns * pixel.bitsAllocated / 8
  return length === expected && isSigned === pixel.signed ? new Uint8Array(own) : undefined
}
