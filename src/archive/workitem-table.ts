import { isUid, type Uid } from '../dicom/uid.ts'
import type { JsonDataset } from '../dicomweb/json-model.ts'
import type { Database, Row } from './database.ts'
import type { JobState } from './job-table.ts'
import { jobOfUid, jobUid } from './job-uid.ts'
import { bury } from './tombstones.ts'

/** Procedure Step State (0074,1000) of PS3.4 CC.1.1. */
export type WorkitemState = 'SCHEDULED' | 'IN PROGRESS' | 'COMPLETED' | 'CANCELED'

/** A study, or one series of it, that a workitem is about. */
export interface WorkitemInput { readonly studyInstanceUid: Uid, readonly seriesInstanceUid?: Uid | undefined }

/** One workitem that was given to us; times in ms since 1970. */
export interface WorkitemRow {
  readonly uid: Uid
  /** `local`: created here by a client; `claiming` and `claimed`: of another worklist, whose performer we want to be or are. */
  readonly origin: 'local' | 'claiming' | 'claimed'
  readonly state: WorkitemState
  /** Held by whoever performs it; absent while SCHEDULED. */
  readonly transactionUid: Uid | undefined
  /** Whether tuberlens performs it; false when a client claimed it. */
  readonly ours: boolean
  readonly inputs: readonly WorkitemInput[]
  /** As it was created. */
  readonly attributes: JsonDataset
  readonly createdAt: number
  readonly updatedAt: number
  readonly begunAt: number | undefined
  readonly endedAt: number | undefined
  /** The report jobs whose results are its output. */
  readonly reportJobs: readonly number[]
  /** Reason For Cancellation (0074,1238), or what is worth knowing of a completed one. */
  readonly reason: string | undefined
  /** Whether its inputs were asked for at the PACS. */
  readonly fetched: boolean
  /** When the worklist of a claimed one is to be told its state (again). */
  readonly tellAt: number | undefined
  /** How often that was tried. */
  readonly attempt: number
}

/** What became of a study since: whether anything is still going on, and its newest report job. */
export interface StudyProgress {
  readonly busy: boolean
  readonly report: { readonly id: number, readonly state: JobState } | undefined
}

/** One result that a report job brought. */
export interface WorkitemOutput {
  readonly studyInstanceUid: Uid
  readonly seriesInstanceUid: Uid
  readonly sopClassUid: Uid
  readonly sopInstanceUid: Uid
}

export type NewWorkitem = Pick<WorkitemRow, 'uid' | 'origin' | 'inputs' | 'attributes'> & { readonly transactionUid?: Uid | undefined }
export interface WorkitemEnd { readonly state: 'COMPLETED' | 'CANCELED', readonly reason?: string | undefined, readonly reportJobs?: readonly number[] }

/** Workitems of UPS-RS (PS3.18 11): those created here, and those claimed elsewhere. */
export class WorkitemTable {
  readonly #database: Database
  /** Asked for once: it never changes. */
  #archive: string | undefined

  constructor (database: Database) { this.#database = database }

  /** @returns false when the UID is known already */
  create (item: NewWorkitem, now: number): boolean {
    return this.#database.transaction(() => {
      const { uid, origin, inputs, attributes, transactionUid } = item
      const made = this.#database.run(`INSERT OR IGNORE INTO workitems (uid, origin, state, transaction_uid, attributes, created_at, updated_at)
        VALUES (:uid, :origin, 'SCHEDULED', :transactionUid, :attributes, :now, :now)`,
      { uid, origin, transactionUid: transactionUid ?? null, attributes: JSON.stringify(attributes), now })
      if (made === 0) return false
      for (const { studyInstanceUid: study, seriesInstanceUid: series = '' } of inputs) {
        this.#database.run('INSERT OR IGNORE INTO workitem_inputs (uid, study, series) VALUES (:uid, :study, :series)', { uid, study, series })
      }
      return true
    })
  }

  get (uid: string): WorkitemRow | undefined {
    const row = this.#database.get('SELECT * FROM workitems WHERE uid = :uid', { uid })
    return row && this.#toWorkitem(row)
  }

  /** Those created here, newest first. */
  list ({ limit, offset }: { readonly limit: number, readonly offset: number }): WorkitemRow[] {
    const sql = 'SELECT * FROM workitems WHERE origin = \'local\' ORDER BY created_at DESC, uid LIMIT :limit OFFSET :offset'
    return this.#database.all(sql, { limit, offset }).map(row => this.#toWorkitem(row))
  }

  /** Those that tuberlens performs and that have not ended, oldest first. */
  pending (limit: number): WorkitemRow[] {
    return this.#database.all(`SELECT * FROM workitems WHERE ours = 1 AND origin <> 'claiming' AND state IN ('SCHEDULED', 'IN PROGRESS')
      ORDER BY created_at, uid LIMIT :limit`, { limit }).map(row => this.#toWorkitem(row))
  }

  /** Claims that were not answered yet, and claimed ones whose worklist does not know their end. */
  untold (now: number, limit: number): WorkitemRow[] {
    return this.#database.all('SELECT * FROM workitems WHERE tell_at <= :now ORDER BY tell_at LIMIT :limit', { now, limit })
      .map(row => this.#toWorkitem(row))
  }

  /** SCHEDULED → IN PROGRESS; whether it still was SCHEDULED. */
  begin (uid: Uid, by: { readonly transactionUid: Uid, readonly ours: boolean }, now: number): boolean {
    return this.#database.run(`UPDATE workitems SET state = 'IN PROGRESS', transaction_uid = :transactionUid, ours = :ours, begun_at = :now,
      updated_at = :now, origin = CASE origin WHEN 'claiming' THEN 'claimed' ELSE origin END, tell_at = NULL, attempt = 0
      WHERE uid = :uid AND state = 'SCHEDULED'`, { uid, transactionUid: by.transactionUid, ours: by.ours ? 1 : 0, now }) > 0
  }

  /** To a final state; whether it was not in one. The worklist of a claimed one is to be told at once. */
  end (uid: Uid, { state, reason, reportJobs = [] }: WorkitemEnd, now: number): boolean {
    return this.#database.run(`UPDATE workitems SET state = :state, reason = :reason, report_jobs = :reportJobs, ended_at = :now, updated_at = :now,
      tell_at = CASE origin WHEN 'claimed' THEN :now END WHERE uid = :uid AND state IN ('SCHEDULED', 'IN PROGRESS')`,
    { uid, state, reason: reason ?? null, reportJobs: JSON.stringify(reportJobs), now }) > 0
  }

  /** Notes that the inputs were asked for. */
  markFetched (uid: Uid): void { this.#database.run('UPDATE workitems SET fetched = 1 WHERE uid = :uid', { uid }) }

  /** When the worklist is to be told again; `undefined` when it knows. */
  tellAgain (uid: Uid, at: number | undefined): void {
    this.#database.run('UPDATE workitems SET tell_at = :at, attempt = attempt + 1 WHERE uid = :uid', { uid, at: at ?? null })
  }

  /** A claim that another performer won. */
  drop (uid: Uid): void { this.#database.run('DELETE FROM workitems WHERE uid = :uid AND origin = \'claiming\'', { uid }) }

  progress (study: Uid): StudyProgress {
    const busy = this.#database.get(`SELECT 1 AS found WHERE EXISTS (SELECT 1 FROM studies WHERE study = :study AND dirty = 1)
      OR EXISTS (SELECT 1 FROM series WHERE study = :study AND state = 'OPEN')
      OR EXISTS (SELECT 1 FROM jobs WHERE study = :study AND state IN ('QUEUED', 'RUNNING', 'DELIVERING'))`, { study })
    const report = this.#database.get('SELECT id, state FROM jobs WHERE study = :study AND kind = \'report\' ORDER BY id DESC LIMIT 1', { study })
    return { busy: busy !== undefined, report: report && { id: report.number('id'), state: report.text('state') as JobState } }
  }

  /** The results of a report job; of these series only when any is named, and what is about no single one. */
  outputs (job: number, series: readonly Uid[] = []): WorkitemOutput[] {
    return this.#database.all('SELECT sop, study, series, sop_class, source_series FROM artifacts WHERE job = :job ORDER BY ordinal, sop', { job })
      .filter(row => series.length === 0 || row.textOrAbsent('source_series') === undefined || series.includes(row.text('source_series') as Uid))
      .map(row => ({
        studyInstanceUid: row.text('study') as Uid,
        seriesInstanceUid: row.text('series') as Uid,
        sopClassUid: row.text('sop_class') as Uid,
        sopInstanceUid: row.text('sop') as Uid,
      }))
  }

  /** The UID under which a job is seen as a workitem: the same as long as this data folder lives. */
  uidOfJob (job: number): Uid { return jobUid(this.#archiveId(), job) }

  /** The job that such a UID names. */
  jobOfUid (uid: string): number | undefined { return jobOfUid(this.#archiveId(), uid) }

  /** Removes those that ended before; their UIDs answer 410. */
  removeOld (before: number, now: number): number {
    return this.#database.transaction(() => {
      const old = this.#database.all('SELECT uid FROM workitems WHERE ended_at < :before AND tell_at IS NULL', { before }).map(row => row.text('uid'))
      for (const uid of old) this.#database.run('DELETE FROM workitems WHERE uid = :uid', { uid })
      bury(this.#database, old, now)
      return old.length
    })
  }

  #archiveId (): string {
    this.#archive ??= this.#database.get('SELECT id FROM archive_identity')!.text('id')
    return this.#archive
  }

  #toWorkitem (row: Row): WorkitemRow {
    const uid = row.text('uid') as Uid
    const inputs = this.#database.all('SELECT study, series FROM workitem_inputs WHERE uid = :uid ORDER BY study, series', { uid }).map(input => {
      const series = input.text('series')
      return { studyInstanceUid: input.text('study') as Uid, ...(isUid(series) ? { seriesInstanceUid: series } : {}) }
    })
    return {
      uid,
      origin: row.text('origin') as WorkitemRow['origin'],
      state: row.text('state') as WorkitemState,
      transactionUid: row.textOrAbsent('transaction_uid') as Uid | undefined,
      ours: row.number('ours') === 1,
      inputs,
      attributes: JSON.parse(row.text('attributes')) as JsonDataset,
      createdAt: row.number('created_at'),
      updatedAt: row.number('updated_at'),
      begunAt: row.numberOrAbsent('begun_at'),
      endedAt: row.numberOrAbsent('ended_at'),
      reportJobs: JSON.parse(row.text('report_jobs')) as number[],
      reason: row.textOrAbsent('reason'),
      fetched: row.number('fetched') === 1,
      tellAt: row.numberOrAbsent('tell_at'),
      attempt: row.number('attempt'),
    }
  }
}
