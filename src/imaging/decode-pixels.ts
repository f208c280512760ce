import type { ImagePixel } from '../dicom/slice.ts'
import { AppError } from '../errors.ts'
import { checkCompressed, checkImagePixel } from './codec-guard.ts'
import { decodeRle } from './decode-rle.ts'
import { unpackInPlace, unpackSamples } from './sample-bits.ts'
import type { SampleArray, StoredPixels } from './stored-pixels.ts'

/**
 * A native frame (PS3.5 8.1): samples in the transfer syntax's byte order.
 * @throws AppError `pixel-data-invalid`, `instance-too-large`
 */
export function decodeNativeFrame (encoded: Uint8Array, pixel: ImagePixel, bigEndian: boolean): StoredPixels {
  checkImagePixel(pixel)
  const expected = pixel.rows * pixel.columns * pixel.samplesPerPixel * pixel.bitsAllocated / 8
  // one padding byte makes the value even (PS3.5 8.1.1)
  if (encoded.length < expected || encoded.length > expected + (expected & 1)) {
    throw new AppError('pixel-data-invalid', `The frame has ${encoded.length} bytes, its header asks for ${expected}`,
      { length: encoded.length, expected })
  }
  const data = unpackSamples(encoded.subarray(0, expected), { ...pixel, bigEndian })
  return image(pixel, pixel.planarConfiguration === 1 ? interleave(data, pixel.samplesPerPixel) : data, [])
}

/**
 * A frame of RLE Lossless: whole cells are packed, so that HighBit and BitsStored rule as in a native frame (PS3.5 8.2.2).
 * @throws AppError `pixel-data-invalid`, `instance-too-large`
 */
export function decodeRleFrame (encoded: Uint8Array, pixel: ImagePixel): StoredPixels {
  checkCompressed(pixel)
  const { cells, used } = decodeRle(encoded, pixel)
  return image(pixel, unpackInPlace(cells, pixel, used), [])
}

/**
 * What a decoder delivered (little endian cells, which become the result) → stored values. Signed samples of JPEG and JPEG-LS carry no
 * sign of their own (PS3.5 8.2.1): it is bit `min(precision, BitsStored) − 1`. Unsigned ones are taken as they are.
 */
export function decodedFrame (
  bytes: Uint8Array<ArrayBuffer>, pixel: ImagePixel, precision: number, warnings: readonly string[],
): StoredPixels {
  checkImagePixel(pixel)
  const { bitsAllocated, signed } = pixel
  const bitsStored = signed ? Math.min(precision, pixel.bitsStored) : bitsAllocated
  const data = unpackInPlace(bytes, { bitsAllocated, bitsStored, highBit: bitsStored - 1, signed })
  return image(pixel, data, warnings)
}

function image (pixel: ImagePixel, data: SampleArray, warnings: readonly string[]): StoredPixels {
  return { width: pixel.columns, height: pixel.rows, samplesPerPixel: pixel.samplesPerPixel, data, warnings }
}

/** PlanarConfiguration 1 → 0 (PS3.3 C.7.6.3.1.3). */
function interleave (planar: SampleArray, samples: number): SampleArray {
  const data = planar.slice()
  const plane = planar.length / samples
  for (let s = 0; s < samples; s++) {
    for (let i = 0; i < plane; i++) data[i * samples + s] = planar[s * plane + i]!
  }
  return data
}
