import type { Job } from '../../../src/archive/job-table.ts'
import type { Uid } from '../../../src/dicom/uid.ts'
import { dicomFile, multipart } from './dicom-file.ts'
import type { TestService } from './test-service.ts'

/** Stores a series of one slice and closes it: its analysis is queued, and nothing runs it. */
export async function queued (service: TestService, series = '1.2.3.4'): Promise<Job> {
  await service.store(multipart([dicomFile({ series, sop: `${series}.1` })]))
  const row = service.archive.series.get(series as Uid)!
  service.archive.series.close(row, { state: 'COMPLETE', why: 'test', now: Date.now() })
  return service.archive.jobs.newestAnalysis(series as Uid)!
}
