import type { Slice } from '../dicom/slice.ts'
import type { Uid } from '../dicom/uid.ts'
import type { AffineMap } from '../imaging/raster.ts'
import type { Conclusion, SliceFinding } from '../model/finding.ts'

/** One analysed slice as the builders need it. */
export interface SliceResult {
  readonly slice: Slice
  readonly finding: SliceFinding
  /** Raster → source; absent when the slice failed before it was rasterized. */
  readonly toSource: AffineMap | undefined
}

/** One analysed series. */
export interface SeriesFindings {
  readonly seriesInstanceUid: Uid
  readonly studyInstanceUid: Uid
  readonly seriesNumber: number | undefined
  readonly seriesDescription: string
  readonly contrast: 'T2' | 'FLAIR'
  /** 1-based, by the order of the source series in the study: gives the result series their numbers. */
  readonly ordinal: number
  /** In the order of the source. */
  readonly slices: readonly SliceResult[]
  readonly conclusion: Conclusion
  /** How the series rule came to it, a sentence for people. */
  readonly ruleText: string
  /** Completeness and geometry, notes on age or 3D: sentences for people. */
  readonly notes: readonly string[]
}

/** What the whole study gave; every report repeats it. */
export interface StudyFindings {
  readonly conclusion: Conclusion
  readonly series: readonly SeriesFindings[]
  /** Series that were not analysed, each with its reason. */
  readonly excluded: readonly ExcludedSeries[]
}

export interface ExcludedSeries {
  readonly seriesNumber: number | undefined
  readonly description: string
  /** A sentence for people. */
  readonly reason: string
}
