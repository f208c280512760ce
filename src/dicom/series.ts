import type { Instance } from './instance.ts'
import type { Slice } from './slice.ts'
import type { Uid } from './uid.ts'

/** The frames of one series, in the order of InstanceNumber, then frame number, then SOP Instance UID. */
export interface Series {
  readonly seriesInstanceUid: Uid
  readonly studyInstanceUid: Uid
  readonly instances: readonly Instance[]
  readonly slices: readonly Slice[]
}
