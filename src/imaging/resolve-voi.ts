import type { Voi } from '../dicom/slice.ts'
import { foregroundValues } from './foreground.ts'
import { percentiles } from './percentiles.ts'
import type { VoiChoice } from './preprocessing.ts'
import { isUsable } from './voi-lut.ts'
import type { ResolvedVoi } from './voi-lut.ts'

/** Modality values with what statistics need to know of them. */
export interface ModalityImage {
  readonly width: number
  readonly height: number
  readonly values: Float32Array
  /** 1 where a pixel is padding. */
  readonly padding: Uint8Array | undefined
  /** Low values are bright. */
  readonly monochrome1: boolean
}

/** What an image without a usable window gets. */
export const defaultPercentiles = { low: 1, high: 99 } as const

/**
 * The VOI to use: the header's first (several are alternatives, PS3.3 C.11.2.1.2), the model's own window, or percentiles of the
 * foreground. A header without a usable VOI falls back to percentiles 1 and 99 of the foreground.
 */
export function resolveVoi (choice: VoiChoice, header: readonly Voi[], image: ModalityImage): ResolvedVoi {
  switch (choice.from) {
    case 'window': return { kind: 'window', center: choice.center, width: choice.width, function: 'LINEAR_EXACT' }
    case 'percentiles': return percentileVoi(image, choice.low, choice.high)
    case 'header': {
      const [first] = header
      if (first !== undefined && isUsable(first)) return first
      return percentileVoi(image, defaultPercentiles.low, defaultPercentiles.high)
    }
  }
}

/**
 * The window from the `low` to the `high` percentile of the foreground's brightness. Where these are equal, from the least to
 * the greatest value; an image of one value alone is flat.
 */
function percentileVoi (image: ModalityImage, low: number, high: number): ResolvedVoi {
  const { width, height, padding, monochrome1 } = image
  // brightness, not value: air is dark, so that head and air part the same way in MONOCHROME1
  const brightness = monochrome1 ? image.values.map(value => -value) : image.values
  const foreground = foregroundValues(brightness, width, height, padding)
  if (foreground.length === 0) return { kind: 'flat' }
  let [from, to] = percentiles(foreground, [low, high]) as [number, number]
  if (!(to > from)) [from, to] = extremes(brightness, padding)
  if (!(to > from)) return { kind: 'flat' }
  const sign = monochrome1 ? -1 : 1
  return { kind: 'window', center: sign * (from + to) / 2, width: to - from, function: 'LINEAR_EXACT' }
}

function extremes (values: Float32Array, padding: Uint8Array | undefined): [number, number] {
  let [least, greatest] = [Infinity, -Infinity]
  for (let i = 0; i < values.length; i++) {
    if (padding?.[i] === 1) continue
    least = Math.min(least, values[i]!)
    greatest = Math.max(greatest, values[i]!)
  }
  return [least, greatest]
}
