import type { Raster } from '../imaging/raster.ts'
import type { HeatmapMethod, Reason } from '../model/finding.ts'

/** What is known of a slice before anyone judges it. */
export interface KnownSlice {
  readonly label: 0 | 1
  /** the label is that of the whole series: which of its slices have tubers is not known */
  readonly ofSeries?: true
  readonly patient: string
  /** names the series within everything evaluated; absent for slices that do not make up one */
  readonly series?: string
  /** position in the series, ascending along its normal */
  readonly index: number
  readonly contrast: string
  /** Manufacturer (0008,0070), or what the CSV says */
  readonly vendor?: string
  /** the file or folder as the CSV names it */
  readonly source?: string
  /** what the slice is compared with: slices of one pair differ by their tubers alone */
  readonly pair?: { readonly key: string, readonly difficulty: string }
}

/** A slice to be judged. */
export interface EvaluationSlice extends KnownSlice {
  readonly raster: Raster
  /** where on the raster the tuber is, 0..1, where that is known */
  readonly mask?: Float32Array
}

/** What a map says of a tuber's mask. */
export interface Pointing {
  /** whether the map's greatest value lies on the tuber */
  readonly hit: boolean
  /** share of the map's sum that lies inside the mask */
  readonly mass: number
  /** share of the raster that the mask covers: what a map of one value would reach */
  readonly chance: number
}

/** A slice that was judged. */
export interface JudgedSlice extends KnownSlice {
  readonly probability: number
  /** the network that judged it, where patients were judged by different ones */
  readonly fold?: string
  /** of each map that was made; absent where there is no mask */
  readonly maps?: Readonly<Partial<Record<HeatmapMethod, Pointing>>>
}

/** A slice, or a whole row of the CSV, without a probability: it counts, and it is named. */
export interface UnjudgedSlice extends KnownSlice {
  readonly outcome: 'failed' | 'undetermined' | 'not selected'
  readonly reason: Reason
}

/** What the readers give. */
export type EvaluationItem = EvaluationSlice | UnjudgedSlice
