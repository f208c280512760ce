import type { SpotSize } from './lesions.ts'
import type { Plane } from './plane.ts'
import type { Random } from './random.ts'

export type SliceContrast = 'T2' | 'FLAIR'

/** A slice before the scanner: noise-free signal and what is in it. */
export interface DrawnSlice {
  readonly size: number
  /** millimetres a pixel spans */
  readonly pixel: number
  readonly picture: Plane
  /** how much of each pixel is tuber, 0 to about 1.3 */
  readonly tuber: Plane
  readonly brain: Uint8Array
  /** signal of white matter */
  readonly white: number
}

/** A number of tubers: fixed, uniform, or geometric with this probability and at most `most`. */
export type TuberCount =
  | { readonly exactly: number }
  | { readonly low: number, readonly high: number }
  | { readonly geometric: number, readonly most: number }

/** How many tubers, how large and how bright. */
export interface Difficulty {
  readonly count: TuberCount
  /** how much brighter than grey matter on FLAIR */
  readonly flairGain: readonly [number, number]
  /** how far from grey matter towards fluid on T2 */
  readonly t2Gain: readonly [number, number]
  readonly size?: SpotSize
}

/** `mixed` trains; figures are quoted on the others (training evidence: several obvious, one moderate, one subtle). */
export const difficulties = {
  mixed: { count: { geometric: 0.35, most: 8 }, flairGain: [0.15, 0.75], t2Gain: [0.2, 0.6] },
  easy: {
    count: { low: 3, high: 6 },
    flairGain: [0.45, 0.75],
    t2Gain: [0.4, 0.6],
    size: { median: 9, sigma: 0.25, low: 6, high: 16 },
  },
  moderate: {
    count: { exactly: 1 },
    flairGain: [0.3, 0.5],
    t2Gain: [0.3, 0.45],
    size: { median: 7, sigma: 0.15, low: 5.5, high: 9 },
  },
  subtle: {
    count: { exactly: 1 },
    flairGain: [0.15, 0.3],
    t2Gain: [0.2, 0.3],
    size: { median: 4.5, sigma: 0.05, low: 4, high: 5 },
  },
} as const satisfies Record<string, Difficulty>

export function tuberCount (random: Random, { count }: Difficulty): number {
  if ('exactly' in count) return count.exactly
  if ('geometric' in count) return Math.min(count.most, random.geometric(count.geometric))
  return count.low + random.below(count.high - count.low + 1)
}

/** Sum of the tuber's share below which a slice counts as tuber-free (pixels). */
export const leastTuber = 25
