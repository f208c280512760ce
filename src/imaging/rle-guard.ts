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
    const length = unpackedLength(encoded, start, end)
    if (length !== pixels) {
      throw invalid(`An RLE segment unpacks to ${length} bytes, the frame has ${pixels} pixels`, { segment, length, pixels })
    }
  })
}

/** PS3.5 G.3.1: 0..127 copies n + 1 bytes, −127..−1 repeats the next byte 1 − n times, −128 does nothing. */
function unpackedLength (encoded: Uint8Array, start: number, end: number): number {
  let length = 0
  // a final odd byte is padding (G.3.1 makes segments even)
  for (let at = start; at < end - 1;) {
    const code = encoded[at]!
    if (code < 128) {
      // the copy must lie inside the segment; the padding byte 00 is a copy of nothing
      length += Math.min(code + 1, end - at - 1)
      at += code + 2
    } else if (code > 128) {
      length += 257 - code
      at += 2
    } else {
      at += 1
    }
  }
  return length
}
