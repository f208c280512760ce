import type { Uid } from '../dicom/uid.ts'
import { AppError } from '../errors.ts'
import type { InstanceKind } from './archive.ts'
import type { Database } from './database.ts'
import type { Spool } from './spool.ts'
import { bury, removedUid } from './tombstones.ts'

/** Studies in which nothing is going on: no series open, nothing unreported, no job waiting, running or delivering. */
const idle = `s.dirty = 0
  AND NOT EXISTS (SELECT 1 FROM series WHERE study = s.study AND state = 'OPEN')
  AND NOT EXISTS (SELECT 1 FROM jobs WHERE study = s.study AND state IN ('QUEUED', 'RUNNING', 'DELIVERING'))
  AND NOT EXISTS (SELECT 1 FROM deliveries WHERE study = s.study AND next_at IS NOT NULL)`

/** Removal of what the retention rule no longer keeps. Undelivered data is never chosen. */
export class PurgeTable {
  readonly #database: Database
  readonly #spool: Spool

  constructor (database: Database, spool: Spool) {
    this.#database = database
    this.#spool = spool
  }

  /**
   * Idle studies that hold instances of this kind and whose last job ended (or, without a job, whose last instance came) before
   * the given time; with `dead`, those that have a dead job, else those that have none.
   */
  candidates ({ kind, dead, before, limit }: { kind: InstanceKind, dead: boolean, before: number, limit: number }): Uid[] {
    return this.#database.all(`SELECT study FROM studies s WHERE ${idle}
        AND EXISTS (SELECT 1 FROM instances WHERE study = s.study AND kind = :kind)
        AND :dead = EXISTS (SELECT 1 FROM jobs WHERE study = s.study AND state = 'DEAD')
        AND MAX(s.last_at, COALESCE((SELECT MAX(updated_at) FROM jobs WHERE study = s.study), 0)) < :before
      ORDER BY s.last_at LIMIT :limit`, { kind, dead: dead ? 1 : 0, before, limit }).map(row => row.text('study') as Uid)
  }

  /** Removes a study's instances of one kind, or all; tombstones stay. Rows first, then files: a crash leaves files for the sweep. */
  async removeInstances (study: Uid, kind: InstanceKind | 'all', now: number): Promise<number> {
    const names = this.#database.transaction(() => {
      const rows = this.#database.all('SELECT sop, series, path FROM instances WHERE study = :study AND (:kind = \'all\' OR kind = :kind)', { study, kind })
      this.#database.run('DELETE FROM instances WHERE study = :study AND (:kind = \'all\' OR kind = :kind)', { study, kind })
      this.#database.run('UPDATE artifacts SET path = NULL WHERE study = :study AND :kind <> \'input\'', { study, kind })
      bury(this.#database, rows.map(row => row.text('sop')), now)
      this.#dropEmpty(study, now)
      return rows.map(row => row.text('path'))
    })
    await this.#spool.remove(names)
    return names.length
  }

  /** @throws AppError `conflict` while something of the study is on its way, unless forced */
  async eraseStudy (study: Uid, force: boolean, now: number): Promise<number> {
    const moving = this.#database.get('SELECT 1 AS found FROM deliveries WHERE study = :study AND next_at IS NOT NULL', { study })
    if (moving !== undefined && !force) throw new AppError('conflict', 'results of this study are being delivered')
    this.#database.transaction(() => {
      this.#database.run(`UPDATE jobs SET state = 'CANCELED', updated_at = :now, error_code = 'erased'
        WHERE study = :study AND state IN ('QUEUED', 'RUNNING', 'DELIVERING', 'ANALYSED')`, { study, now })
      this.#database.run('UPDATE deliveries SET state = \'DEAD\', next_at = NULL, error = \'erased\' WHERE study = :study AND next_at IS NOT NULL', { study })
      this.#database.run('DELETE FROM ignored WHERE study = :study', { study })
      const named = 'uid IN (SELECT uid FROM workitem_inputs WHERE study = :study)'
      // the worklist that a workitem was claimed from is still to be told; one of ours may hold a patient's name
      this.#database.run(`UPDATE workitems SET state = 'CANCELED', reason = 'erased', ended_at = :now, updated_at = :now, tell_at = :now
        WHERE origin = 'claimed' AND state IN ('SCHEDULED', 'IN PROGRESS') AND ${named}`, { study, now })
      this.#database.run(`DELETE FROM workitems WHERE origin = 'local' AND ${named}`, { study })
    })
    return await this.removeInstances(study, 'all', now)
  }

  /** A row whose file is lost goes, so that a sender can bring it again; its series is opened anew. */
  forgetLost (sop: string, now: number): void {
    this.#database.transaction(() => {
      const row = this.#database.get('SELECT series, kind FROM instances WHERE sop = :sop', { sop })
      if (row === undefined) return
      this.#database.run('DELETE FROM instances WHERE sop = :sop', { sop })
      if (row.text('kind') === 'result') {
        this.#database.run('UPDATE artifacts SET path = NULL WHERE sop = :sop', { sop })
        return
      }
      this.#database.run(`UPDATE series SET state = 'OPEN', why = 'a file was lost', due_at = :now, last_at = :now, opened_at = :now,
        revision = CASE WHEN state = 'OPEN' THEN revision ELSE revision + 1 END WHERE series = :series`, { series: row.text('series'), now })
    })
  }

  /** Names of all files that rows point to. */
  referenced (): Set<string> {
    return new Set(this.#database.all('SELECT path FROM instances').map(row => row.text('path')))
  }

  rowsWithPaths (): { sop: string, path: string }[] {
    return this.#database.all('SELECT sop, path FROM instances').map(row => ({ sop: row.text('sop'), path: row.text('path') }))
  }

  /** Names of findings that a job still points to. */
  findings (): Set<string> {
    return new Set(this.#database.all('SELECT result_path FROM jobs WHERE result_path IS NOT NULL').map(row => row.text('result_path')))
  }

  /** Ignored rows older than `ignoredBefore`; finished jobs older than `jobsBefore` of studies that are gone. */
  removeOldRows (ignoredBefore: number, jobsBefore: number): { ignored: number, jobs: number } {
    return this.#database.transaction(() => ({
      ignored: this.#database.run('DELETE FROM ignored WHERE at < :before', { before: ignoredBefore }),
      jobs: this.#database.run(`DELETE FROM jobs WHERE updated_at < :before AND state IN ('DONE', 'DEAD', 'CANCELED', 'ANALYSED')
        AND NOT EXISTS (SELECT 1 FROM studies WHERE study = jobs.study)`, { before: jobsBefore }),
    }))
  }

  #dropEmpty (study: Uid, now: number): void {
    const empty = this.#database.all(`SELECT series FROM series e WHERE study = :study
      AND NOT EXISTS (SELECT 1 FROM instances WHERE series = e.series)`, { study }).map(row => row.text('series'))
    for (const series of empty) this.#database.run('DELETE FROM series WHERE series = :series', { series })
    bury(this.#database, empty, now)
    if (this.#database.get('SELECT 1 AS found FROM instances WHERE study = :study', { study }) !== undefined) return
    this.#database.run('DELETE FROM studies WHERE study = :study', { study })
    bury(this.#database, [study], now)
    this.#hashJobs(study)
  }

  /** The rows of its jobs stay as history, without the study's own UIDs. */
  #hashJobs (study: Uid): void {
    const rows = this.#database.all('SELECT id, subject FROM jobs WHERE study = :study AND state NOT IN (\'QUEUED\', \'RUNNING\')', { study })
    for (const row of rows) {
      const id = row.number('id')
      this.#database.run('UPDATE jobs SET subject = :subject, study = :study WHERE id = :id',
        { id, subject: removedUid(row.text('subject')), study: removedUid(study) })
      this.#database.run('DELETE FROM job_inputs WHERE job = :id', { id })
      this.#database.run('UPDATE deliveries SET study = :study WHERE job = :id', { id, study: removedUid(study) })
    }
  }
}
