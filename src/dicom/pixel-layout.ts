import { AppError } from '../errors.ts'
import type { Attributes } from './attributes.ts'

/** What the size of an image may be before it is refused (service: A701). */
export interface PixelLimits {
  /** Rows × Columns */
  readonly pixels: number
  readonly frames: number
  /** Bytes of all frames together, decoded. */
  readonly bytes: number
}

export const defaultPixelLimits: PixelLimits = { pixels: 2 ** 26, frames: 65_536, bytes: 2 ** 32 }

/** How many frames there should be and what one occupies when it is not compressed. */
export interface PixelLayout {
  readonly frameCount: number
  /** Bytes of a native frame; not whole for several frames of one bit. */
  readonly frameBytes: number
}

/**
 * Reads and checks what Rows, Columns, SamplesPerPixel, BitsAllocated and NumberOfFrames promise.
 * @throws AppError `instance-too-large`, `pixel-data-invalid`
 */
export function pixelLayout (attributes: Attributes, limits: PixelLimits = defaultPixelLimits): PixelLayout {
  const rows = positive(attributes, 'Rows')
  const columns = positive(attributes, 'Columns')
  const samples = oneOf(attributes, 'SamplesPerPixel', [1, 3, 4], 1)
  const bits = oneOf(attributes, 'BitsAllocated', [1, 8, 16, 32], undefined)
  checkBits(attributes, bits)
  // PS3.3 C.7.6.6: absent means one frame
  const frameCount = attributes.strings('NumberOfFrames').length === 0 ? 1 : positive(attributes, 'NumberOfFrames')
  limit(rows * columns, limits.pixels, `Rows × Columns is ${rows} × ${columns}`)
  limit(frameCount, limits.frames, `NumberOfFrames is ${frameCount}`)
  // PS3.3 C.7.6.3.1.2: two of YBR_FULL_422's three samples are shared by two pixels
  const shared = attributes.string('PhotometricInterpretation') === 'YBR_FULL_422' ? 2 : samples
  const frameBytes = rows * columns * shared * bits / 8
  limit(frameBytes * frameCount, limits.bytes, `NumberOfFrames is ${frameCount}, the bytes`)
  return { frameCount, frameBytes }
}

/**
 * Compares the length of native pixel data with what the header promises; one padding byte may follow (PS3.5 8.1.1).
 * @throws AppError `pixel-data-invalid`
 */
export function checkNativeLength (layout: PixelLayout, length: number): void {
  const expected = Math.ceil(layout.frameBytes * layout.frameCount)
  if (length === expected || length === expected + expected % 2) return
  throw new AppError('pixel-data-invalid', `PixelData has ${length} bytes, its header asks for ${expected}`, { length, expected })
}

/** PS3.5 8.1.1: the stored bits lie within the allocated ones, below and up to HighBit. */
function checkBits (attributes: Attributes, allocated: number): void {
  const stored = attributes.number('BitsStored') ?? allocated
  const high = attributes.number('HighBit') ?? stored - 1
  if (stored < 1 || stored > allocated) throw new AppError('pixel-data-invalid', `BitsStored is ${stored}`, { attribute: 'BitsStored' })
  if (high < stored - 1 || high >= allocated) throw new AppError('pixel-data-invalid', `HighBit is ${high}`, { attribute: 'HighBit' })
}

function positive (attributes: Attributes, name: string): number {
  const value = attributes.number(name)
  if (value !== undefined && Number.isInteger(value) && value > 0) return value
  throw new AppError('pixel-data-invalid', `${name} is ${value === undefined ? 'missing' : value}`, { attribute: name })
}

function oneOf (attributes: Attributes, name: string, allowed: readonly number[], otherwise: number | undefined): number {
  const value = attributes.number(name) ?? otherwise
  if (value !== undefined && allowed.includes(value)) return value
  throw new AppError('pixel-data-invalid', `${name} is ${value === undefined ? 'missing' : value}`, { attribute: name })
}

/** @param claim what the header says; in all 64 characters at most, as ErrorComment (0000,0902) has no more */
function limit (value: number, most: number, claim: string): void {
  if (value > most) throw new AppError('instance-too-large', `${claim}, more than ${most}`, { value, limit: most })
}
