import { createRequire } from 'node:module'
import type { ImagePixel } from '../../src/dicom/slice.ts'

type Codecs = typeof import('dcmjs-codecs')
const { NativeCodecs, Context } = createRequire(import.meta.url)('dcmjs-codecs') as Codecs

/** Transfer syntaxes by name, for tests that speak of them. */
export const syntax = {
  implicit: '1.2.840.10008.1.2',
  explicit: '1.2.840.10008.1.2.1',
  bigEndian: '1.2.840.10008.1.2.2',
  rle: '1.2.840.10008.1.2.5',
  jpegBaseline: '1.2.840.10008.1.2.4.50',
  jpegExtended: '1.2.840.10008.1.2.4.51',
  jpegLossless: '1.2.840.10008.1.2.4.57',
  jpegLosslessFirstOrder: '1.2.840.10008.1.2.4.70',
  jpegLs: '1.2.840.10008.1.2.4.80',
  jpeg2000: '1.2.840.10008.1.2.4.90',
  jpeg2000Lossy: '1.2.840.10008.1.2.4.91',
  htj2k: '1.2.840.10008.1.2.4.201',
  htj2kRpcl: '1.2.840.10008.1.2.4.202',
  htj2kLossy: '1.2.840.10008.1.2.4.203',
} as const

/** An Image Pixel literal: 16-bit cells, 12 bits stored, unsigned, unless told otherwise. */
export function pixelOf (columns: number, rows: number, changes: Partial<ImagePixel> = {}): ImagePixel {
  const bitsStored = changes.bitsStored ?? 12
  return {
    rows,
    columns,
    samplesPerPixel: 1,
    photometricInterpretation: 'MONOCHROME2',
    bitsAllocated: 16,
    bitsStored,
    highBit: bitsStored - 1,
    signed: false,
    planarConfiguration: 0,
    padding: undefined,
    ...changes,
  }
}

type Method = 'encodeRle' | 'encodeJpeg' | 'encodeJpegLs' | 'encodeJpeg2000' | 'encodeHtJpeg2000'

/** Samples → codestream. */
export async function encodeFrame (
  samples: Int16Array | Uint16Array | Uint8Array, pixel: ImagePixel, method: Method, parameters: Record<string, unknown> = {},
): Promise<Uint8Array> {
  if (!NativeCodecs.isInitialized()) await NativeCodecs.initializeAsync()
  const context = new Context({
    width: pixel.columns,
    height: pixel.rows,
    bitsAllocated: pixel.bitsAllocated,
    bitsStored: pixel.bitsStored,
    samplesPerPixel: pixel.samplesPerPixel,
    pixelRepresentation: pixel.signed ? 1 : 0,
    planarConfiguration: 0,
    photometricInterpretation: pixel.photometricInterpretation,
    decodedBuffer: new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength),
  })
  return NativeCodecs[method](context, parameters).getEncodedBuffer()!
}

/** The same numbers in every run: a linear congruential generator, 0..1. */
export function random (seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 0x100000000
  }
}

/** A smooth picture with noise on it, `low`..`high`. */
export function picture (columns: number, rows: number, low: number, high: number, seed = 1): Int16Array {
  const next = random(seed)
  return Int16Array.from({ length: columns * rows }, (_, i) => {
    const wave = 0.5 + 0.4 * Math.sin(i % columns / 5) * Math.cos(Math.floor(i / columns) / 7) + 0.1 * (next() - 0.5)
    return Math.round(low + (high - low) * wave)
  })
}
