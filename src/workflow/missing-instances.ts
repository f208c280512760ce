import type { SqliteArchive } from '../archive/sqlite-archive.ts'
import { isUid, type Uid } from '../dicom/uid.ts'
import type { Destination } from '../dicomweb/destination.ts'
import { listInstances } from '../dicomweb/qido-client.ts'
import type { PartOutcome } from '../dicomweb/store-response.ts'
import { retrieveInstances } from '../dicomweb/wado-client.ts'
import { AppError, toAppError } from '../errors.ts'

/** The front door for instances of one study: what comes by it is checked, kept or ignored as in a store request. */
export interface Intake {
  /** One instance; one that is wrong is an outcome. @throws AppError `payload-too-large` */
  receive (body: AsyncIterable<Uint8Array>): Promise<void>
  /** Commits what was received. */
  finish (): Promise<readonly PartOutcome[]>
}

export interface MissingOptions {
  readonly archive: Pick<SqliteArchive, 'series' | 'space'>
  readonly intake: (study: Uid) => Intake
}

/** A PACS that fails so often in one go is left alone until the next look. */
const maxFailures = 3
/** For the whole of one series, ms. */
const timeoutMs = 300_000

/**
 * Fetches by WADO-RS, one instance after the other, what the PACS lists of a series (QIDO-RS) and is not here; how many came.
 * Instances that were ignored count as being here. What came is committed, whatever becomes of the rest.
 * @throws AppError `remote-unreachable`, `remote-refused`, `out-of-resources`; the signal's reason when aborted
 */
export async function retrieveMissing (
  pacs: Destination, study: Uid, series: Uid, { archive, intake: open }: MissingOptions, callerSignal: AbortSignal,
): Promise<number> {
  const signal = AbortSignal.any([callerSignal, AbortSignal.timeout(timeoutMs)])
  const here = archive.series.instanceUids(series)
  const missing = (await listInstances(pacs, study, series, { signal })).filter(uid => isUid(uid) && !here.has(uid))
  const intake = open(study)
  let failures = 0
  let failure: AppError | undefined
  for (const sopInstanceUid of missing) {
    try {
      if (!(await archive.space()).enough) throw new AppError('out-of-resources', 'The disk is too full to fetch missing instances')
      const target = { studyInstanceUid: study, seriesInstanceUid: series, sopInstanceUid }
      await retrieveInstances(pacs, target, async body => { await intake.receive(body) }, { signal })
    } catch (thrown) {
      failure = toAppError(thrown, 'remote-unreachable')
      const lasting = failure.code === 'out-of-resources' || failure.code === 'remote-unreachable'
      if (lasting || ++failures >= maxFailures) break
    }
  }
  const outcomes = await intake.finish()
  callerSignal.throwIfAborted()
  if (failure !== undefined) throw failure
  return outcomes.filter(({ kind }) => kind === 'stored').length
}
