import type { ImagePixel } from '../dicom/slice.ts'
import { AppError } from '../errors.ts'

const invalid = (message: string, facts: Record<string, number> = {}) => new AppError('pixel-data-invalid', message, facts)

/** Two bytes stand for at most 128 (PS3.5 G.3.1). */
const greatestExpansion = 64

/**
 * Bytes are copied and repeated eight at a time, up to seven beyond the end of a run, where what follows overwrites them: most runs are
 * shorter, and the processor guesses that one turn is enough.
 */
const atOnce = 8

/** Memory for the planes is kept up to this size: to be given new memory for each frame takes longer than to write to it. */
const keptBytes = 8 * 1024 * 1024
let kept = new ArrayBuffer(0)

export interface RleCells {
  readonly cells: Uint8Array<ArrayBuffer>
  /** Of cells of 16 bits: the bits that one of them may have. */
  readonly used?: number
}

/**
 * An RLE frame (PS3.5 Annex G) → samples in cells of BitsAllocated, little endian, interleaved. In plain loops: nothing is read or
 * written beyond its array, so that it needs no thread of its own, and the way to one costs more than the decoding. Each segment is
 * unpacked into a plane of its own first, where its bytes lie together: that saves more time than the second pass costs.
 * @throws AppError `pixel-data-invalid` for wrong segments or offsets, and when a segment is not as long as the frame has pixels
 */
export function decodeRle (encoded: Uint8Array, pixel: ImagePixel): RleCells {
  const bytesPerSample = pixel.bitsAllocated / 8
  const stride = pixel.samplesPerPixel * bytesPerSample
  const pixels = pixel.rows * pixel.columns
  const segments = segmentsOf(encoded, stride)
  for (const [segment, { length }] of segments.entries()) {
    // before anything is allocated: a few bytes must not claim a frame of many megabytes
    if (length * greatestExpansion < pixels) throw wrongLength(segment, pixels, 'less')
  }
  const planes = planesOf(stride, pixels)
  for (const [i, bytes] of segments.entries()) {
    // sample by sample, in each the most significant byte first (PS3.5 G.2)
    const place = i % bytesPerSample
    const length = unpack(bytes, planes[i - place + (bytesPerSample - 1 - place)]!, pixels)
    if (length !== pixels) throw wrongLength(i, pixels, length > pixels ? 'more' : 'less')
  }
  return interleave(planes, pixels)
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

/** A plane for each byte of a pixel, with room behind it; in them is what an earlier frame left. */
function planesOf (count: number, pixels: number): Uint8Array[] {
  const length = Math.ceil(pixels / atOnce) * atOnce + atOnce
  let memory = kept
  if (memory.byteLength < count * length) {
    memory = new ArrayBuffer(count * length)
    if (memory.byteLength <= keptBytes) kept = memory
  }
  return Array.from({ length: count }, (_, i) => new Uint8Array(memory, i * length, length))
}

/**
 * PS3.5 G.3.1: 0..127 copies n + 1 bytes, −127..−1 repeats the next byte 1 − n times, −128 does nothing. Unpacks until the plane is
 * full; zeros and −128 behind that are padding, anything else counts on.
 * @returns the number of bytes that it stands for, more than `pixels` where it would overrun
 */
function unpack (encoded: Uint8Array, plane: Uint8Array, pixels: number): number {
  const source = new DataView(encoded.buffer, encoded.byteOffset, encoded.byteLength)
  const target = new DataView(plane.buffer, plane.byteOffset, plane.byteLength)
  const { length } = encoded
  let to = 0
  let at = 0
  while (at < length - 1 && to < pixels) {
    const code = encoded[at++]!
    if (code < 128) {
      const copied = Math.min(code + 1, length - at)
      const end = to + copied
      if (end > pixels) return pixels + 1
      if (at + copied + atOnce <= length) {
        for (let i = 0; i < copied; i += atOnce) {
          target.setUint32(to + i, source.getUint32(at + i, true), true)
          target.setUint32(to + i + 4, source.getUint32(at + i + 4, true), true)
        }
      } else plane.set(encoded.subarray(at, at + copied), to) // near the segment's end
      to = end
      at += copied
    } else if (code > 128) {
      const end = to + 257 - code
      if (end > pixels) return pixels + 1
      const repeated = encoded[at++]! * 0x01010101
      for (; to < end; to += atOnce) {
        target.setUint32(to, repeated, true)
        target.setUint32(to + 4, repeated, true)
      }
      to = end
    }
  }
  if (to < pixels) return to
  return encoded.subarray(at).every(byte => byte === 0 || byte === 128) ? pixels : pixels + 1
}

/** Planes → cells: the first byte of each plane, the second of each, and so on. */
function interleave (planes: readonly Uint8Array[], pixels: number): RleCells {
  const stride = planes.length
  const cells = new Uint8Array(pixels * stride)
  const [low, high] = planes
  if (stride === 2 && low !== undefined && high !== undefined) return { cells, used: interleavePair(low, high, cells) }
  for (const [first, plane] of planes.entries()) {
    if (stride === 1) cells.set(plane.subarray(0, pixels))
    else for (let i = 0, to = first; i < pixels; i++, to += stride) cells[to] = plane[i]!
  }
  return { cells }
}

/** The same of the two planes of 16-bit samples, four pixels at a time. @returns the bits that one of them may have */
function interleavePair (low: Uint8Array, high: Uint8Array, cells: Uint8Array): number {
  const turns = cells.length >> 3
  const lower = new Int32Array(low.buffer, low.byteOffset, turns)
  const upper = new Int32Array(high.buffer, high.byteOffset, turns)
  const pairs = new Int32Array(cells.buffer, cells.byteOffset, 2 * turns)
  let used = 0
  for (let i = 0, to = 0; i < turns; i++, to += 2) {
    const a = lower[i]!
    const b = upper[i]!
    used |= b
    // the first and third pixel, the second and fourth
    const odd = a & 0x00ff00ff | (b & 0x00ff00ff) << 8
    const even = a >>> 8 & 0x00ff00ff | b & 0xff00ff00
    pairs[to] = odd & 0xffff | even << 16
    pairs[to + 1] = odd >>> 16 | even & 0xffff0000
  }
  for (let i = 4 * turns; 2 * i < cells.length; i++) {
    cells[2 * i] = low[i]!
    cells[2 * i + 1] = high[i]!
    used |= high[i]!
  }
  return ((used | used >>> 8 | used >>> 16 | used >>> 24) & 0xff) << 8 | 0xff
}
