import type { ReportJobResult } from '../analysis/report-job.ts'
import type { SqliteArchive } from '../archive/sqlite-archive.ts'
import type { Attributes } from '../dicom/attributes.ts'
import { readInstanceFile } from '../dicom/read-instance.ts'
import type { Uid } from '../dicom/uid.ts'
import type { Conclusion } from '../model/finding.ts'

/** The reports of a study that hold now, in the order of their series, and what they conclude together. */
export interface StudyReports { readonly reports: readonly Attributes[], readonly conclusion: Conclusion }

/** `undefined` while there are none, and when they have been removed. */
export async function studyReports (archive: SqliteArchive, study: Uid): Promise<StudyReports | undefined> {
  const newest = archive.artifacts.newestReports(study)
  const job = newest && archive.jobs.get(newest.job)
  if (newest === undefined || job?.summary === undefined) return undefined
  const stored = newest.sopInstanceUids.flatMap(sop => archive.findInstances({ sop }))
  if (stored.length === 0) return undefined
  const { conclusion } = JSON.parse(job.summary) as Pick<ReportJobResult, 'conclusion'>
  const reports = await Promise.all(stored.map(async ({ path }) => (await readInstanceFile(path)).attributes))
  return { reports, conclusion }
}
