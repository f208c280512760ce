import type { ImagePixel } from '../dicom/slice.ts'
import { AppError } from '../errors.ts'

const invalid = (message: string, facts: Record<string, number> = {}) => new AppError('pixel-data-invalid', message, facts)

/** Two bytes stand for at most 128 (PS3.5 G.3.1). */
const greatestExpansion = 64

/** Where the bytes of one segment go: every `stride`-th cell from `first` on. */
interface Target { readonly cells: Uint8Array, readonly first: number, readonly stride: number }

/**
 * An RLE frame (PS3.5 Annex G) → samples in cells of BitsAllocated, little endian, interleaved. In plain loops: nothing is read or
 * written beyond its array, so that it needs no thread of its own, and the way to one costs more than the decoding.
 * @throws AppError `pixel-data-invalid` for wrong segments or offsets, and when a segment is not as long as the frame has pixels
 */
export function decodeRle (encoded: Uint8Array, pixel: ImagePixel): Uint8Array<ArrayBuffer> {
  const bytesPerSample = pixel.bitsAllocated / 8
  const stride = pixel.samplesPerPixel * bytesPerSample
  const pixels = pixel.rows * pixel.columns
  const segments = segmentsOf(encoded, stride)
  for (const [segment, { length }] of segments.entries()) {
    // before anything is allocated: a few bytes must not claim a frame of many megabytes
    if (length * greatestExpansion < pixels) throw wrongLength(segment, pixels, 'less')
  }
  const cells = new Uint8Array(pixels * stride)
  for (const [i, bytes] of segments.entries()) {
    // sample by sample, in each the most significant byte first (PS3.5 G.2)
    const place = i % bytesPerSample
    const length = unpack(bytes, pixels, { cells, first: i - place + (bytesPerSample - 1 - place), stride })
    if (length !== pixels) throw wrongLength(i, pixels, length > pixels ? 'more' : 'less')
  }
  return cells
}

/** The segments that the header names (PS3.5 G.5). */
function segmentsOf (encoded: Uint8Array, expected: number): Uint8Array[] {
  if (encoded.length < 64) throw invalid('The RLE header is cut off', { length: encoded.length })
  const view = new DataView(encoded.buffer, encoded.byteOffset, encoded.byteLength)
  const count = view.getUint32(0, true)
  if (count !== expected) throw invalid(`The RLE frame has ${count} segments, its header asks for ${expected}`, { segments: count, expected })
  const offsets = Array.from({ length: count }, (_, i) => view.getUint32(4 + 4 * i, true))
  return offsets.map((start, segment) => {
    const end = offsets[segment + 1] ?? encoded.length
    if (start < 64 || end < start || end > encoded.length) throw invalid('An RLE offset points outside the frame', { segment, start, end })
    return encoded.subarray(start, end)
  })
}

function wrongLength (segment: number, pixels: number, what: 'more' | 'less'): AppError {
  return invalid(`An RLE segment unpacks to ${what} than the ${pixels} pixels of the frame`, { segment, pixels })
}

/**
 * PS3.5 G.3.1: 0..127 copies n + 1 bytes, −127..−1 repeats the next byte 1 − n times, −128 does nothing. Unpacks until the plane is
 * full; zeros and −128 behind that are padding, anything else counts on.
 * @returns the number of bytes that it stands for, more than `pixels` where it would overrun
 */
function unpack (encoded: Uint8Array, pixels: number, { cells, first, stride }: Target): number {
  const last = encoded.length - 1
  const end = first + pixels * stride
  let to = first
  let at = 0
  while (at < last && to < end) {
    const code = encoded[at++]!
    if (code < 128) {
      const copied = Math.min(code + 1, encoded.length - at)
      if (to + copied * stride > end) return pixels + 1
      for (const until = at + copied; at < until; at++, to += stride) cells[to] = encoded[at]!
    } else if (code > 128) {
      const until = to + (257 - code) * stride
      if (until > end) return pixels + 1
      const value = encoded[at++]!
      // they are zero already: most of the upper bytes, and of the air
      if (value === 0) to = until
      else for (; to < until; to += stride) cells[to] = value
    }
  }
  if (to < end) return (to - first) / stride
  return encoded.subarray(at).every(byte => byte === 0 || byte === 128) ? pixels : pixels + 1
}
