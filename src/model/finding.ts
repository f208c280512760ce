/** The methods of explanation, named as the reports name them. */
export const heatmapMethods = ['grad-cam', 'saliency', 'evidence'] as const
export type HeatmapMethod = typeof heatmapMethods[number]

/** A map over the raster, largest value 1 unless it is all zero. */
export interface Heatmap {
  readonly method: HeatmapMethod
  readonly width: number
  readonly height: number
  /** 0..1, row by row */
  readonly values: Float32Array
  /** No positive activation anywhere: nothing was normalised and nothing is drawn. */
  readonly empty: boolean
}

/** Why a slice has no probability: a code for programs, a sentence for people. */
export interface Reason { readonly code: string, readonly text: string }

/** What was found in one slice. Undetermined and failed are never negative. */
export type SliceFinding =
  | { readonly kind: 'classified', /** of the tuber class, 0..1 */ readonly probability: number, readonly heatmaps: readonly Heatmap[] }
  | { readonly kind: 'undetermined', readonly reason: Reason }
  | { readonly kind: 'failed', readonly reason: Reason }

export type Conclusion = 'present' | 'absent' | 'undetermined'
