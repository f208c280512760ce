import type { Uid } from '../dicom/uid.ts'
import type { Database, Row } from './database.ts'

export type JobKind = 'analyse' | 'report'
/** ANALYSED: the findings are kept and wait for the report; DELIVERING: the results are on their way. */
export const jobStates = ['QUEUED', 'RUNNING', 'ANALYSED', 'DELIVERING', 'DONE', 'DEAD', 'CANCELED'] as const
export type JobState = typeof jobStates[number]

/** One job; times in ms since 1970. */
export interface Job {
  readonly id: number
  readonly kind: JobKind
  /** Series Instance UID of an analysis, Study Instance UID of a report; both are hashes once the study is gone (`isUid` tells). */
  readonly subject: Uid
  readonly studyInstanceUid: Uid
  readonly revision: number
  readonly state: JobState
  readonly createdAt: number
  /** Start of the first run: the time that results carry, the same for every retry. */
  readonly firstRunAt: number | undefined
  readonly updatedAt: number
  readonly runAt: number
  readonly attempt: number
  /** Runs that ended in an error. */
  readonly failures: number
  /** Runs in which the worker process died or hung. */
  readonly crashes: number
  readonly errorCode: string | undefined
  readonly errorText: string | undefined
  /** Findings of an analysis, below the findings folder. */
  readonly resultPath: string | undefined
  /** JSON that the analysis said of itself. */
  readonly summary: string | undefined
}

export interface JobFilter {
  readonly state?: JobState | undefined
  readonly study?: Uid | undefined
  readonly kind?: JobKind | undefined
  /** id of a job */
  readonly before?: number | undefined
  readonly limit: number
}

/** One change of a job's state; `at` in ms since 1970. */
export interface JobEvent {
  readonly at: number
  readonly state: JobState
  readonly attempt: number
  /** Why, where it was an error. */
  readonly errorCode: string | undefined
}

export interface JobFailure { readonly code: string, readonly text: string, readonly crashed: boolean }

/** The queue (service.md §3.2): leases by one UPDATE, never lost, at most one job a revision of a subject. */
export class JobTable {
  readonly #database: Database
  constructor (database: Database) { this.#database = database }

  get (id: number): Job | undefined {
    const row = this.#database.get('SELECT * FROM jobs WHERE id = :id', { id })
    return row && toJob(row)
  }

  /** Newest first; with `before`, those older than that job. */
  list (options: JobFilter): Job[] {
    const { state, study, kind, before, limit } = options
    const where = `${state === undefined ? '' : ' AND state = :state'}${study === undefined ? '' : ' AND study = :study'}` +
      (kind === undefined ? '' : ' AND kind = :kind') + (before === undefined ? '' : ' AND id < :before')
    const sql = `SELECT * FROM jobs WHERE 1 = 1${where} ORDER BY id DESC LIMIT :limit`
    const parameters = {
      limit, ...(state && { state }), ...(study && { study }), ...(kind && { kind }), ...(before !== undefined && { before }),
    }
    return this.#database.all(sql, parameters).map(toJob)
  }

  /** The newest analysis of a series, in whatever state. */
  newestAnalysis (series: Uid): Job | undefined {
    const row = this.#database.get('SELECT * FROM jobs WHERE subject = :series AND kind = \'analyse\' ORDER BY revision DESC LIMIT 1', { series })
    return row && toJob(row)
  }

  /** How many jobs are in each state. */
  counts (): Readonly<Record<string, number>> {
    const rows = this.#database.all('SELECT state, COUNT(*) AS n FROM jobs GROUP BY state')
    return Object.fromEntries(rows.map(row => [row.text('state'), row.number('n')]))
  }

  /** How the job came to its state, oldest first; the last 200 changes. */
  history (id: number): JobEvent[] {
    return this.#database.all('SELECT at, state, attempt, error_code FROM job_events WHERE job = :id ORDER BY ordinal', { id }).map(row => ({
      at: row.number('at'), state: row.text('state') as JobState, attempt: row.number('attempt'), errorCode: row.textOrAbsent('error_code'),
    }))
  }

  /** SOP Instance UIDs that the job was made for. */
  inputs (id: number): Uid[] {
    return this.#database.all('SELECT sop FROM job_inputs WHERE job = :id ORDER BY sop', { id }).map(row => row.text('sop') as Uid)
  }

  /** Takes the next job that is due and makes it RUNNING. */
  lease (now: number, leaseMs: number): Job | undefined {
    return this.#database.transaction(() => {
      const row = this.#database.get(`UPDATE jobs SET state = 'RUNNING', lease_until = :until, attempt = attempt + 1, updated_at = :now,
          first_run_at = COALESCE(first_run_at, :now)
        WHERE id = (SELECT id FROM jobs WHERE state = 'QUEUED' AND run_at <= :now ORDER BY priority, run_at, id LIMIT 1) RETURNING *`,
      { now, until: now + leaseMs })
      return row && toJob(row)
    })
  }

  /** The findings of an analysis are on disk: ANALYSED, and its study waits for a report. */
  analysed (id: number, done: { readonly resultPath: string, readonly summary: string, readonly now: number }): boolean {
    return this.#database.transaction(() => {
      const changed = this.#database.run(`UPDATE jobs SET state = 'ANALYSED', lease_until = NULL, updated_at = :now, result_path = :resultPath,
        summary = :summary, error_code = NULL, error_text = NULL WHERE id = :id AND state = 'RUNNING'`, { id, ...done })
      if (changed > 0) this.#database.run('UPDATE studies SET dirty = 1 WHERE study = (SELECT study FROM jobs WHERE id = :id)', { id })
      return changed > 0
    })
  }

  /** A run went wrong: QUEUED again at `retryAt`, or DEAD without one. */
  failed (id: number, failure: JobFailure, retryAt: number | undefined, now: number): void {
    this.#database.run(`UPDATE jobs SET state = :state, lease_until = NULL, updated_at = :now, run_at = COALESCE(:retryAt, run_at),
        failures = failures + 1, crashes = crashes + :crashed, error_code = :code, error_text = :text WHERE id = :id AND state = 'RUNNING'`,
    { id, now, state: retryAt === undefined ? 'DEAD' : 'QUEUED', retryAt: retryAt ?? null, crashed: failure.crashed ? 1 : 0, code: failure.code, text: failure.text })
  }

  /** Gives a job back that we stopped ourselves; nothing is counted against it. */
  release (id: number, now: number): void {
    this.#database.run('UPDATE jobs SET state = \'QUEUED\', lease_until = NULL, updated_at = :now, run_at = :now WHERE id = :id AND state = \'RUNNING\'', { id, now })
  }

  /**
   * At start: what the last process left RUNNING is QUEUED again. The first three times at once, then after growing pauses
   * (to 10 min), so that a job that takes the whole machine down cannot keep it down.
   */
  recover (now: number): number {
    return this.#database.run(`UPDATE jobs SET state = 'QUEUED', lease_until = NULL, updated_at = :now, interruptions = interruptions + 1,
      run_at = CASE WHEN interruptions < 3 THEN :now ELSE :now + MIN(600000, 5000 * (1 << MIN(interruptions - 3, 10))) END
      WHERE state = 'RUNNING'`, { now })
  }

  /** RUNNING jobs whose lease ended, given back. */
  expire (now: number): number {
    return this.#database.run(`UPDATE jobs SET state = 'QUEUED', lease_until = NULL, updated_at = :now, run_at = :now
      WHERE state = 'RUNNING' AND lease_until < :now`, { now })
  }

  /** DEAD, or CANCELED by a person, → QUEUED, by a person. What was superseded or erased stays as it is. */
  retry (id: number, now: number): boolean {
    return this.#database.run(`UPDATE jobs SET state = 'QUEUED', run_at = :now, updated_at = :now, failures = 0, crashes = 0, interruptions = 0,
      error_code = NULL, error_text = NULL WHERE id = :id AND (state = 'DEAD' OR (state = 'CANCELED' AND error_code = 'canceled'))
      AND EXISTS (SELECT 1 FROM studies WHERE study = jobs.study)`,
    { id, now }) > 0
  }

  cancel (id: number, now: number): boolean {
    return this.#database.run(`UPDATE jobs SET state = 'CANCELED', updated_at = :now, error_code = 'canceled'
      WHERE id = :id AND state = 'QUEUED'`, { id, now }) > 0
  }

  /** ms since 1970 of the earliest queued job, to sleep until it. */
  nextRunAt (): number | undefined {
    return this.#database.get('SELECT MIN(run_at) AS at FROM jobs WHERE state = \'QUEUED\'')?.numberOrAbsent('at')
  }

  /**
   * Studies whose report is due: something is not covered by a report yet, nothing new for `quietMs`, no input series open and
   * no analysis waiting or running.
   */
  studiesToReport (now: number, quietMs: number, limit: number): Uid[] {
    return this.#database.all(`SELECT study FROM studies s WHERE dirty = 1 AND last_at <= :before
        AND NOT EXISTS (SELECT 1 FROM series WHERE study = s.study AND kind = 'input' AND state = 'OPEN')
        AND NOT EXISTS (SELECT 1 FROM jobs WHERE study = s.study AND kind = 'analyse' AND state IN ('QUEUED', 'RUNNING'))
        AND NOT EXISTS (SELECT 1 FROM jobs WHERE study = s.study AND kind = 'report' AND state = 'RUNNING')
      ORDER BY last_at LIMIT :limit`, { before: now - quietMs, limit }).map(row => row.text('study') as Uid)
  }

  /**
   * Queues the report of a study's next revision and marks it as covered.
   * @returns the job's id, or `undefined` when no analysis of the study has findings
   */
  queueReport (study: Uid, now: number): number | undefined {
    return this.#database.transaction(() => {
      this.#database.run('UPDATE studies SET dirty = 0 WHERE study = :study', { study })
      if (this.findings(study).length === 0) return undefined
      this.#database.run('UPDATE studies SET revision = revision + 1 WHERE study = :study', { study })
      return this.#database.get(`INSERT INTO jobs (kind, subject, study, revision, state, priority, created_at, updated_at, run_at)
        SELECT 'report', study, study, revision, 'QUEUED', 50, :now, :now, :now FROM studies WHERE study = :study RETURNING id`,
      { study, now })!.number('id')
    })
  }

  /** The newest analysis of each series of the study that has findings, by series. */
  findings (study: Uid): Job[] {
    return this.#database.all(`SELECT * FROM jobs j WHERE study = :study AND kind = 'analyse' AND state IN ('ANALYSED', 'DONE')
        AND revision = (SELECT MAX(revision) FROM jobs WHERE subject = j.subject AND kind = 'analyse' AND state IN ('ANALYSED', 'DONE'))
        AND EXISTS (SELECT 1 FROM series WHERE series = j.subject)
      ORDER BY subject`, { study }).map(toJob)
  }

  /** Series of the study whose newest analysis is DEAD. */
  deadAnalyses (study: Uid): Job[] {
    return this.#database.all(`SELECT * FROM jobs j WHERE study = :study AND kind = 'analyse' AND state = 'DEAD'
        AND revision = (SELECT MAX(revision) FROM jobs WHERE subject = j.subject AND kind = 'analyse') ORDER BY subject`, { study }).map(toJob)
  }
}

function toJob (row: Row): Job {
  return {
    id: row.number('id'),
    kind: row.text('kind') as JobKind,
    subject: row.text('subject') as Uid,
    studyInstanceUid: row.text('study') as Uid,
    revision: row.number('revision'),
    state: row.text('state') as JobState,
    createdAt: row.number('created_at'),
    firstRunAt: row.numberOrAbsent('first_run_at'),
    updatedAt: row.number('updated_at'),
    runAt: row.number('run_at'),
    attempt: row.number('attempt'),
    failures: row.number('failures'),
    crashes: row.number('crashes'),
    errorCode: row.textOrAbsent('error_code'),
    errorText: row.textOrAbsent('error_text'),
    resultPath: row.textOrAbsent('result_path'),
    summary: row.textOrAbsent('summary'),
  }
}
