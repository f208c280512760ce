import type { SqliteArchive } from '../archive/sqlite-archive.ts'
import type { Uid } from '../dicom/uid.ts'
import type { EventListener } from '../workflow/events.ts'
import { jobDetail } from './job-detail.ts'

/** One slice that an analysis could not use. */
export interface FailedSlice { readonly transferSyntaxUid: string, readonly code: string }

/** The slices that an analysis could not read or decode; none for other jobs, and where the findings are gone. */
export async function failedSlices (archive: SqliteArchive, id: number): Promise<FailedSlice[]> {
  const job = archive.jobs.get(id)
  const { findings } = job === undefined ? {} : await jobDetail(archive, job)
  return (findings?.slices ?? []).flatMap(({ sopInstanceUid, verdict, reason }) => {
    if (verdict !== 'failed') return []
    const [stored] = archive.findInstances({ sop: sopInstanceUid as Uid })
    return [{ transferSyntaxUid: stored?.transferSyntaxUid ?? '', code: reason?.code ?? 'internal' }]
  })
}

/** Tells of every slice that an analysis could not decode. */
export function watchFailedSlices (
  archive: SqliteArchive, onFailure: (transferSyntaxUid: string, code: string) => void,
): EventListener {
  return event => {
    if (event.type !== 'job-finished' || event.kind !== 'analyse') return
    // what is counted is not worth an error; the job said what it had to say
    failedSlices(archive, event.job).then(slices => {
      for (const { transferSyntaxUid, code } of slices) onFailure(transferSyntaxUid, code)
    }, () => undefined)
  }
}
