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
  /** What came and cannot be taken: it is not fetched again. */
  readonly refused?: Refusals | undefined
}

/** Instances that the PACS gave and that are refused here, by series, of the last thousand series; a restart forgets them. */
export class Refusals {
  readonly #bySeries = new Map<Uid, Set<string>>()

  has (series: Uid, sop: string): boolean { return this.#bySeries.get(series)?.has(sop) === true }

  add (series: Uid, sops: readonly string[]): void {
    if (sops.length === 0) return
    this.#bySeries.set(series, new Set([...this.#bySeries.get(series) ?? [], ...sops]))
    const [oldest] = this.#bySeries.keys()
    if (this.#bySeries.size > 1000 && oldest !== undefined) this.#bySeries.delete(oldest)
  }
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
  pacs: Destination, study: Uid, series: Uid, options: MissingOptions, callerSignal: AbortSignal,
): Promise<number> {
  const { archive, intake: open, refused = new Refusals() } = options
  const signal = AbortSignal.any([callerSignal, AbortSignal.timeout(timeoutMs)])
  const here = archive.series.instanceUids(series)
  const listed = await listInstances(pacs, study, series, { signal })
  const missing = listed.filter(uid => isUid(uid) && !here.has(uid) && !refused.has(series, uid))
  const intake = open(study)
  // for each outcome the instance that was asked for, if it came whole
  const given: (string | undefined)[] = []
  const tooLarge: string[] = []
  let failures = 0
  let failure: AppError | undefined
  for (const sopInstanceUid of missing) {
    try {
      if (!(await archive.space()).enough) throw new AppError('out-of-resources', 'The disk is too full to fetch missing instances')
      const target = { studyInstanceUid: study, seriesInstanceUid: series, sopInstanceUid }
      await retrieveInstances(pacs, target, async body => {
        given.push(sopInstanceUid)
        await intake.receive(body)
      }, { signal })
    } catch (thrown) {
      failure = toAppError(thrown, 'remote-unreachable')
      if (failure.code === 'payload-too-large') tooLarge.push(sopInstanceUid)
      given.forEach((uid, i) => { if (uid === sopInstanceUid) given[i] = undefined })
      const lasting = failure.code === 'out-of-resources' || failure.code === 'remote-unreachable'
      if (lasting || ++failures >= maxFailures) break
    }
  }
  const outcomes = await intake.finish()
  refused.add(series, [...tooLarge, ...outcomes.flatMap((outcome, i) => isLasting(outcome) ? given[i] ?? [] : [])])
  callerSignal.throwIfAborted()
  if (failure !== undefined) throw failure
  return outcomes.filter(({ kind }) => kind === 'stored').length
}

/** Whether the same bytes would be refused again. */
function isLasting (outcome: PartOutcome): boolean {
  return outcome.kind === 'failed' && outcome.reason !== 'out-of-resources' && outcome.reason !== 'processing-failure'
}
