import type { Raster } from '../imaging/raster.ts'

/** A slice to be judged, with what is known of it. */
export interface EvaluationSlice {
  readonly raster: Raster
  readonly label: 0 | 1
  readonly patient: string
  /** names the series within everything evaluated; absent for slices that do not make up one */
  readonly series?: string
  /** position in the series, ascending along its normal */
  readonly index: number
  readonly contrast: string
  /** where on the raster the tuber is, 0..1, where that is known */
  readonly mask?: Float32Array
  /** what the slice is compared with: slices of one pair differ by their tubers alone */
  readonly pair?: { readonly key: string, readonly difficulty: string }
}

/** A slice that was judged. */
export interface JudgedSlice extends Omit<EvaluationSlice, 'raster' | 'mask'> {
  readonly probability: number
  /** whether the greatest value of the evidence map lies on the tuber; absent where mask or map is */
  readonly pointed?: boolean
}
