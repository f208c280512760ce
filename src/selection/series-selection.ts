import type { Series } from '../dicom/series.ts'
import type { Slice } from '../dicom/slice.ts'
import type { Uid } from '../dicom/uid.ts'
import type { Completeness } from './completeness.ts'
import type { Contrast } from './criteria.ts'
import type { Evidence } from './evidence.ts'
import type { SelectionReason } from './selection-reason.ts'

/** The slices of one contrast and one echo, feet to head. */
export interface SelectedGroup {
  readonly contrast: Contrast
  /** ms, of the first slice */
  readonly echoTime: number | undefined
  readonly acquisitionType: '2D' | '3D' | undefined
  readonly slices: readonly Slice[]
  readonly completeness: Completeness
  /** Sentences for people: 3D, contrast agent, decided by text, and the warnings of completeness. */
  readonly notes: readonly string[]
}

/** A frame that was left out. */
export interface RejectedFrame {
  readonly sopInstanceUid: Uid
  /** 1-based */
  readonly frameNumber: number
  readonly reason: SelectionReason
  readonly evidence: readonly Evidence[]
}

/** What was decided about one series, and why. */
export interface SeriesSelection {
  readonly series: Series
  readonly verdict: 'selected' | 'rejected'
  /** Of the first group; absent when rejected. */
  readonly contrast: Contrast | undefined
  /** Empty when rejected; the largest first. */
  readonly groups: readonly SelectedGroup[]
  /** In the order of the series. */
  readonly rejected: readonly RejectedFrame[]
  readonly reason: SelectionReason
  readonly evidence: readonly Evidence[]
  readonly notes: readonly string[]
}

/** Every series of a study and, of each contrast, the one to read first. */
export interface StudySelection {
  /** In the order given. */
  readonly series: readonly SeriesSelection[]
  readonly primary: Readonly<Record<Contrast, SeriesSelection | undefined>>
}
