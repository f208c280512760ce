import type { IgnoreReason } from '../archive/archive.ts'
import type { Job } from '../archive/job-table.ts'
import type { SeriesRow } from '../archive/series-table.ts'
import type { SqliteArchive } from '../archive/sqlite-archive.ts'
import type { Uid } from '../dicom/uid.ts'
import { type AnalysisFindings, findingsOf } from './job-detail.ts'

/** Why a series was taken or not, as far as it came. */
export interface SeriesDetail {
  readonly seriesInstanceUid: Uid
  /** `undefined` when no instance of it was kept. */
  readonly row: SeriesRow | undefined
  /** Instances that were accepted and not kept. */
  readonly ignored: readonly { readonly why: IgnoreReason, readonly count: number }[]
  /** The newest analysis, in whatever state. */
  readonly job: Job | undefined
  readonly findings: AnalysisFindings | undefined
}

/** `undefined` when nothing of the series is known. */
export async function seriesDetail (archive: SqliteArchive, uid: Uid): Promise<SeriesDetail | undefined> {
  const row = archive.series.get(uid)
  const ignored = archive.series.ignored(uid)
  if (row === undefined && ignored.length === 0) return undefined
  const job = archive.jobs.newestAnalysis(uid)
  return { seriesInstanceUid: uid, row, ignored, job, findings: job && await findingsOf(archive, job) }
}
