import type { ImagePixel } from '../dicom/slice.ts'
import { AppError } from '../errors.ts'

const invalid = (message: string, facts: Record<string, number> = {}) => new AppError('pixel-data-invalid', message, facts)

/**
 * Walks an RLE frame (PS3.5 Annex G) without writing: segment count, offsets, and what each segment unpacks to.
 * @throws AppError `pixel-data-invalid`
 */
export function checkRle (encoded: Uint8Array, pixel: ImagePixel): void {
  const expected = pixel.samplesPerPixel * pixel.bitsAllocated / 8
  if (encoded.length < 64) throw invalid('The RLE header is cut off', { length: encoded.length })
  const view = new DataView(encoded.buffer, encoded.byteOffset, encoded.byteLength)
  const segments = view.getUint32(0, true)
  if (segments !== expected) throw invalid(`The RLE frame has ${segments} segments, its header asks for ${expected}`, { segments, expected })
  const offsets = Array.from({ length: segments }, (_, i) => view.getUint32(4 + 4 * i, true))
  const pixels = pixel.rows * pixel.columns
  offsets.forEach((start, segment) => {
    const end = offsets[segment + 1] ?? encoded.length
    if (start < 64 || end < start || end > encoded.length) throw invalid('An RLE offset points outside the frame', { segment, start, end })
    const length = unpackedLength(encoded, start, end, pixels)
    if (length !== pixels) {
      const what = length > pixels ? 'more' : 'less'
      throw invalid(`An RLE segment unpacks to ${what} than the ${pixels} pixels of the frame`, { segment, length, pixels })
    }
  })
}

/**
 * PS3.5 G.3.1: 0..127 copies n + 1 bytes, −127..−1 repeats the next byte 1 − n times, −128 does nothing. Counts until the plane is
 * full; zeros behind that are padding, anything else counts on.
 */
function unpackedLength (encoded: Uint8Array, start: number, end: number, pixels: number): number {
  let length = 0
  let at = start
  while (at < end - 1 && length < pixels) {
    const code = encoded[at]!
    if (code < 128) {
      length += Math.min(code + 1, end - at - 1) // what is copied must lie inside the segment
      at += code + 2
    } else if (code > 128) {
      length += 257 - code
      at += 2
    } else {
      at += 1
    }
  }
  return encoded.subarray(at, end).every(byte => byte === 0 || byte === 128) ? length : length + 1
}
