import { randomBytes } from 'node:crypto'
import type { Job } from '../archive/job-table.ts'
import type { SqliteArchive } from '../archive/sqlite-archive.ts'
import type { WorkitemInput, WorkitemOutput, WorkitemRow } from '../archive/workitem-table.ts'
import { isUid, type Uid, uidFromName } from '../dicom/uid.ts'
import type { QueryMatch } from '../dicomweb/query.ts'
import { type NewStep, type ProcedureStepState, procedureStepStates, type StateChange, type Workitem, workitemDataset } from '../dicomweb/workitem.ts'
import { matchesWorkitem } from '../dicomweb/workitem-search.ts'
import { AppError } from '../errors.ts'

/** What became of a request to change a workitem (PS3.18 11.7.3, 11.8.3). */
export type ChangeOutcome =
  | 'changed' | 'already-completed' | 'already-canceled' | 'not-found' | 'gone'
  | 'no-such-state' | 'transaction-missing' | 'transaction-incorrect' | 'inconsistent'

/** One page of a search; `more` when there are others after it. */
export interface FoundWorkitems { readonly items: readonly Workitem[], readonly more: boolean }

interface Options {
  readonly archive: Pick<SqliteArchive, 'workitems' | 'jobs' | 'isGone'>
  readonly cancelJob: (id: number) => boolean
  readonly now: () => number
}

/** Rows that one look into the data base brings. */
const page = 500

/**
 * The workitems of UPS-RS (PS3.18 11): those that clients create here, and each job as one of its own, so that a workflow manager
 * sees what tuberlens does.
 */
export class Workitems {
  readonly #options: Options
  constructor (options: Options) { this.#options = options }

  /** @returns its UID. @throws AppError `conflict` when there is one with this UID already */
  create (step: NewStep): Uid {
    const { archive, now } = this.#options
    const uid = step.uid ?? newUid()
    const { inputs, attributes } = step
    const known = archive.isGone(uid) || archive.workitems.jobOfUid(uid) !== undefined
    if (known || !archive.workitems.create({ uid, origin: 'local', inputs, attributes }, now())) {
      throw new AppError('conflict', 'A workitem with this UID exists already')
    }
    return uid
  }

  /** @returns `undefined` when there is none. @throws AppError `gone` */
  get (uid: Uid): Workitem | undefined {
    const row = this.#row(uid)
    if (row !== undefined) return this.#ofRow(row)
    const job = this.#job(uid)
    if (job !== undefined) return this.#ofJob(job)
    if (this.#options.archive.isGone(uid)) throw new AppError('gone', 'The workitem was here and has been removed')
    return undefined
  }

  /** Matching workitems, newest first; `more` when there are others after them. */
  search (matches: readonly QueryMatch[], limit: number, offset: number): FoundWorkitems {
    const items: Workitem[] = []
    let skipped = 0
    for (const item of this.#all()) {
      if (!matchesWorkitem(workitemDataset(item), matches)) continue
      if (skipped < offset) { skipped++; continue }
      if (items.length === limit) return { items, more: true }
      items.push(item)
    }
    return { items, more: false }
  }

  /** Change Workitem State (PS3.18 11.7; PS3.4 Table CC.1.1-2). */
  changeState (uid: Uid, { state, transactionUid }: StateChange): ChangeOutcome {
    const { archive, now } = this.#options
    if (state === undefined || !(procedureStepStates as readonly string[]).includes(state)) return 'no-such-state'
    const row = this.#row(uid)
    if (row === undefined && this.#job(uid) === undefined) return archive.isGone(uid) ? 'gone' : 'not-found'
    if (transactionUid === undefined || transactionUid === '') return 'transaction-missing'
    if (!isUid(transactionUid)) return 'transaction-incorrect'
    if (state === 'SCHEDULED' || (state === 'IN PROGRESS' && row?.state !== 'SCHEDULED')) return 'inconsistent'
    // a job's performer is tuberlens, which tells its Transaction UID to nobody
    if (row === undefined) return 'transaction-incorrect'
    if (state === 'IN PROGRESS') return archive.workitems.begin(uid, { transactionUid, ours: false }, now()) ? 'changed' : 'inconsistent'
    if (row.state === 'SCHEDULED') return 'inconsistent'
    if (row.transactionUid !== transactionUid) return 'transaction-incorrect'
    if (row.state !== 'IN PROGRESS') return row.state === state ? already(row.state) : 'inconsistent'
    const final = state === 'COMPLETED' ? 'COMPLETED' : 'CANCELED'
    return archive.workitems.end(uid, { state: final }, now()) ? 'changed' : 'inconsistent'
  }

  /** Request Cancellation (PS3.18 11.8): only what has not begun is canceled. */
  requestCancel (uid: Uid): ChangeOutcome {
    const { archive, cancelJob, now } = this.#options
    const item = this.get(uid)
    if (item === undefined) return 'not-found'
    if (item.state === 'CANCELED') return 'already-canceled'
    if (item.state !== 'SCHEDULED') return 'inconsistent'
    const job = archive.workitems.jobOfUid(uid)
    const canceled = job === undefined
      ? archive.workitems.end(uid, { state: 'CANCELED', reason: 'canceled on request' }, now())
      : cancelJob(job)
    return canceled ? 'changed' : 'inconsistent'
  }

  /** Those that were created here, then the jobs; each newest first. */
  * #all (): Generator<Workitem> {
    const { workitems, jobs } = this.#options.archive
    for (let offset = 0; ; offset += page) {
      const rows = workitems.list({ limit: page, offset })
      for (const row of rows) yield this.#ofRow(row)
      if (rows.length < page) break
    }
    for (let listed = jobs.list({ limit: page }); listed.length > 0;) {
      for (const job of listed) yield this.#ofJob(job)
      listed = jobs.list({ limit: page, before: listed.at(-1)!.id })
    }
  }

  /** What was claimed elsewhere is the other worklist's to show. */
  #row (uid: Uid): WorkitemRow | undefined {
    const row = this.#options.archive.workitems.get(uid)
    return row?.origin === 'local' ? row : undefined
  }

  #job (uid: Uid): Job | undefined {
    const { workitems, jobs } = this.#options.archive
    const id = workitems.jobOfUid(uid)
    return id === undefined ? undefined : jobs.get(id)
  }

  #ofRow (row: WorkitemRow): Workitem {
    return { ...row, outputs: outputsOf(row, this.#options.archive.workitems) }
  }

  #ofJob (job: Job): Workitem {
    const { workitems } = this.#options.archive
    const state = stateOfJob(job)
    const ended = state === 'COMPLETED' || state === 'CANCELED'
    const analyse = job.kind === 'analyse'
    const study: string = job.studyInstanceUid
    return {
      uid: workitems.uidOfJob(job.id),
      state,
      // the UIDs of a study that is gone are hashes
      inputs: isUid(study) ? [{ studyInstanceUid: study, ...(analyse && { seriesInstanceUid: job.subject }) }] : [],
      outputs: state === 'COMPLETED' && !analyse ? workitems.outputs(job.id) : [],
      attributes: { '00741204': { vr: 'LO', Value: [analyse ? 'Analyse a series' : 'Report a study'] } },
      createdAt: job.createdAt,
      updatedAt: job.updatedAt,
      begunAt: job.firstRunAt,
      endedAt: ended ? job.updatedAt : undefined,
      reason: state === 'CANCELED' ? job.errorText ?? job.errorCode ?? 'canceled' : undefined,
    }
  }
}

/** The results of a completed workitem. */
export function outputsOf (row: WorkitemRow, table: SqliteArchive['workitems']): readonly WorkitemOutput[] {
  if (row.state !== 'COMPLETED') return []
  const whole = row.inputs.some(input => input.seriesInstanceUid === undefined)
  return row.reportJobs.flatMap(job => table.outputs(job, whole ? [] : seriesOf(row.inputs)))
}

export function seriesOf (inputs: readonly WorkitemInput[]): Uid[] {
  return inputs.flatMap(({ seriesInstanceUid }) => seriesInstanceUid ?? [])
}

/** A UID of its own: `2.25.` and 128 random bits. */
export function newUid (): Uid { return uidFromName(`random|${randomBytes(16).toString('hex')}`) }

function stateOfJob ({ kind, state }: Job): ProcedureStepState {
  if (state === 'QUEUED') return 'SCHEDULED'
  if (state === 'RUNNING' || state === 'DELIVERING') return 'IN PROGRESS'
  if (state === 'ANALYSED') return kind === 'analyse' ? 'COMPLETED' : 'IN PROGRESS'
  return state === 'DONE' ? 'COMPLETED' : 'CANCELED'
}

function already (state: WorkitemRow['state']): ChangeOutcome { return state === 'COMPLETED' ? 'already-completed' : 'already-canceled' }
