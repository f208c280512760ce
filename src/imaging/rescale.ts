import type { LookUpTable, ModalityTransform } from '../dicom/slice.ts'
import type { StoredPixels } from './stored-pixels.ts'

/**
 * Modality LUT (PS3.3 C.11.1.1.2): output = RescaleSlope · stored + RescaleIntercept, or the table's entry. One sample per pixel.
 */
export function applyModality (stored: StoredPixels, transform: ModalityTransform): Float32Array {
  const { data } = stored
  const values = new Float32Array(data.length)
  if (transform.kind === 'linear') {
    const { slope, intercept } = transform
    for (let i = 0; i < data.length; i++) values[i] = slope * data[i]! + intercept
  } else {
    for (let i = 0; i < data.length; i++) values[i] = lookUp(transform.lut, data[i]!)
  }
  return values
}

/** PS3.3 C.11.1.1: values before the first mapped one give the first entry, those after the last give the last. */
export function lookUp (lut: LookUpTable, value: number): number {
  const index = Math.round(value) - lut.first
  return lut.entries[Math.min(Math.max(index, 0), lut.entries.length - 1)] ?? 0
}

/**
 * Pixels to leave out of statistics and to draw black: stored value within PixelPaddingValue … PixelPaddingRangeLimit
 * (PS3.3 C.7.5.1.1.2), limits included.
 * @returns 1 where padded; `undefined` when nothing is
 */
export function paddingMask (stored: StoredPixels, padding: readonly [number, number] | undefined): Uint8Array | undefined {
  if (padding === undefined) return undefined
  const [low, high] = padding
  const { data } = stored
  const mask = new Uint8Array(data.length)
  let found = false
  for (let i = 0; i < data.length; i++) {
    if (data[i]! < low || data[i]! > high) continue
    mask[i] = 1
    found = true
  }
  return found ? mask : undefined
}
