import type { Uid } from '../dicom/uid.ts'
import type { IgnoreReason } from './archive.ts'
import type { Database, Row } from './database.ts'

export const seriesStates = ['OPEN', 'COMPLETE', 'FORCED', 'SKIPPED'] as const
export type SeriesState = typeof seriesStates[number]

/** One input series on its way to being complete; times in ms since 1970. */
export interface SeriesRow {
  readonly seriesInstanceUid: Uid
  readonly studyInstanceUid: Uid
  readonly state: SeriesState
  /** Why it was closed, or is held open; a sentence for people. */
  readonly why: string | undefined
  readonly revision: number
  /** Instances kept, and others of the series that were ignored. */
  readonly held: number
  readonly ignored: number
  /** What headers hint at; 0 is no hint. */
  readonly expectedByHeader: number
  /** What the PACS said (0020,1209). */
  readonly expectedByPacs: number | undefined
  readonly openedAt: number
  readonly lastAt: number
}

/** A series of which nothing was kept. */
export interface IgnoredSeries {
  readonly seriesInstanceUid: Uid
  readonly studyInstanceUid: Uid
  readonly why: IgnoreReason
  readonly count: number
  /** ms since 1970 */
  readonly lastAt: number
}

/** Position and orientation of one instance, mm and cosines, where its header gives them. */
export interface InstancePlane { readonly position: readonly number[], readonly orientation: readonly number[] }

const columns = `series, study, state, why, revision, COALESCE(expected_header, 0) AS expected_header, expected_pacs, opened_at, last_at,
  (SELECT COUNT(*) FROM instances i WHERE i.series = s.series) AS held,
  (SELECT COUNT(*) FROM ignored g WHERE g.series = s.series) AS ignored`

/** Lifecycle rows of the input series. */
export class SeriesTable {
  readonly #database: Database
  constructor (database: Database) { this.#database = database }

  /** Open series whose rules are to be looked at, the longest waiting first. */
  due (now: number, limit: number): SeriesRow[] {
    return this.#database.all(`SELECT ${columns} FROM series s WHERE state = 'OPEN' AND due_at <= :now ORDER BY due_at LIMIT :limit`, { now, limit }).map(toSeries)
  }

  get (series: Uid): SeriesRow | undefined {
    const row = this.#database.get(`SELECT ${columns} FROM series s WHERE series = :series AND kind = 'input'`, { series })
    return row && toSeries(row)
  }

  ofStudy (study: Uid): SeriesRow[] {
    return this.#database.all(`SELECT ${columns} FROM series s WHERE study = :study AND kind = 'input' ORDER BY series`, { study }).map(toSeries)
  }

  /** All series, newest first. */
  list (limit: number): SeriesRow[] {
    return this.#database.all(`SELECT ${columns} FROM series s WHERE kind = 'input' ORDER BY last_at DESC, series LIMIT :limit`, { limit }).map(toSeries)
  }

  /** A page of the list, newest first; with `state`, of those in it. */
  page (options: { readonly state?: SeriesState | undefined, readonly offset: number, readonly limit: number }): SeriesRow[] {
    const { state, offset, limit } = options
    return this.#database.all(`SELECT ${columns} FROM series s WHERE kind = 'input'${state === undefined ? '' : ' AND state = :state'}
      ORDER BY last_at DESC, series LIMIT :limit OFFSET :offset`, { offset, limit, ...(state && { state }) }).map(toSeries)
  }

  /** Instances of a series that were accepted and not kept, by reason, the most frequent first. */
  ignored (series: Uid): { why: IgnoreReason, count: number }[] {
    return this.#database.all('SELECT why, COUNT(*) AS n FROM ignored WHERE series = :series GROUP BY why ORDER BY n DESC, why', { series })
      .map(row => ({ why: row.text('why') as IgnoreReason, count: row.number('n') }))
  }

  /** Series of which nothing was kept, by the last that came; newest first. */
  whollyIgnored (limit: number): IgnoredSeries[] {
    return this.#database.all(`SELECT series, MIN(study) AS study, MIN(why) AS why, COUNT(*) AS n, MAX(at) AS at FROM ignored g
      WHERE NOT EXISTS (SELECT 1 FROM series WHERE series = g.series) GROUP BY series ORDER BY at DESC, series LIMIT :limit`, { limit }).map(row => ({
      seriesInstanceUid: row.text('series') as Uid,
      studyInstanceUid: row.text('study') as Uid,
      why: row.text('why') as IgnoreReason,
      count: row.number('n'),
      lastAt: row.number('at'),
    }))
  }

  /** Whether anything came of a study, kept or not. */
  knowsStudy (study: Uid): boolean {
    return this.#database.get('SELECT 1 AS found FROM studies WHERE study = :study UNION ALL SELECT 1 FROM ignored WHERE study = :study LIMIT 1',
      { study }) !== undefined
  }

  /** How many are still coming. */
  open (): number { return this.#database.get('SELECT COUNT(*) AS n FROM series WHERE state = \'OPEN\'')!.number('n') }

  /** How many input series are in each state. */
  counts (): Readonly<Record<string, number>> {
    const rows = this.#database.all('SELECT state, COUNT(*) AS n FROM series WHERE kind = \'input\' GROUP BY state')
    return Object.fromEntries(rows.map(row => [row.text('state'), row.number('n')]))
  }

  /** A closed series is open again, as its next revision; for someone who wants it analysed once more. */
  reopen (series: Uid, now: number): void {
    this.#database.run(`UPDATE series SET state = 'OPEN', why = NULL, revision = revision + 1, opened_at = :now, due_at = :now
      WHERE series = :series AND kind = 'input' AND state <> 'OPEN'`, { series, now })
  }

  /** SOP Instance UIDs of what was received of a series, ignored ones included. */
  instanceUids (series: Uid): ReadonlySet<string> {
    const rows = this.#database.all('SELECT sop FROM instances WHERE series = :series UNION SELECT sop FROM ignored WHERE series = :series', { series })
    return new Set(rows.map(row => row.text('sop')))
  }

  planes (series: Uid): InstancePlane[] {
    return this.#database.all(`SELECT position, orientation FROM instances WHERE series = :series
      AND position IS NOT NULL AND orientation IS NOT NULL`, { series })
      .map(row => ({ position: JSON.parse(row.text('position')) as number[], orientation: JSON.parse(row.text('orientation')) as number[] }))
  }

  /** Looks again at `dueAt`, unless a new instance came since the decision or comes first; `why` says what is waited for. */
  defer (series: SeriesRow, dueAt: number, why: string | undefined, expectedByPacs?: number): void {
    const { seriesInstanceUid: uid, lastAt } = series
    this.#database.run(`UPDATE series SET due_at = :dueAt, why = :why, expected_pacs = COALESCE(:pacs, expected_pacs)
      WHERE series = :uid AND state = 'OPEN' AND last_at = :lastAt`, { uid, lastAt, dueAt, why: why ?? null, pacs: expectedByPacs ?? null })
  }

  /**
   * Closes an open series if no instance came since the decision, and queues its analysis (not when SKIPPED), in one transaction.
   * @returns whether it was closed
   */
  close (series: SeriesRow, to: { state: Exclude<SeriesState, 'OPEN'>, why: string, now: number }): boolean {
    return this.#database.transaction(() => {
      const changed = this.#database.run(`UPDATE series SET state = :state, why = :why, due_at = NULL
        WHERE series = :series AND state = 'OPEN' AND last_at = :lastAt
          AND :held = (SELECT COUNT(*) FROM instances WHERE series = :series)`,
      { state: to.state, why: to.why, series: series.seriesInstanceUid, lastAt: series.lastAt, held: series.held })
      if (changed === 0 || to.state === 'SKIPPED') return changed > 0
      const job = this.#database.get(`INSERT INTO jobs (kind, subject, study, revision, state, created_at, updated_at, run_at)
        VALUES ('analyse', :series, :study, :revision, 'QUEUED', :now, :now, :now)
        ON CONFLICT (subject, revision, kind) DO UPDATE SET state = 'QUEUED', updated_at = :now, run_at = :now RETURNING id`,
      { series: series.seriesInstanceUid, study: series.studyInstanceUid, revision: series.revision, now: to.now })!
      this.#database.run('INSERT OR REPLACE INTO job_inputs (job, sop, digest) SELECT :job, sop, digest FROM instances WHERE series = :series',
        { job: job.number('id'), series: series.seriesInstanceUid })
      // an older revision that has not begun is not worth a run
      this.#database.run(`UPDATE jobs SET state = 'CANCELED', updated_at = :now, error_code = 'superseded'
        WHERE kind = 'analyse' AND subject = :series AND revision < :revision AND state = 'QUEUED'`,
      { series: series.seriesInstanceUid, revision: series.revision, now: to.now })
      return true
    })
  }

  /** How many analyses of this series were queued since `since`, and when the first of them was. */
  recentAnalyses (series: Uid, since: number): { count: number, firstAt: number | undefined } {
    const row = this.#database.get(`SELECT COUNT(*) AS count, MIN(created_at) AS first_at FROM jobs
      WHERE kind = 'analyse' AND subject = :series AND created_at > :since`, { series, since })!
    return { count: row.number('count'), firstAt: row.numberOrAbsent('first_at') }
  }
}

function toSeries (row: Row): SeriesRow {
  return {
    seriesInstanceUid: row.text('series') as Uid,
    studyInstanceUid: row.text('study') as Uid,
    state: row.text('state') as SeriesState,
    why: row.textOrAbsent('why'),
    revision: row.number('revision'),
    held: row.number('held'),
    ignored: row.number('ignored'),
    expectedByHeader: row.number('expected_header'),
    expectedByPacs: row.numberOrAbsent('expected_pacs'),
    openedAt: row.number('opened_at'),
    lastAt: row.number('last_at'),
  }
}
