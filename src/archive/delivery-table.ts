import type { Uid } from '../dicom/uid.ts'
import type { Database, Row } from './database.ts'
import { deliveryReport } from './delivery-report.ts'
import type { DestinationReport } from './delivery-report.ts'
import type { Spool } from './spool.ts'

/** SENT waits to be seen at the destination; with verification off, or impossible, it is the end. */
export type DeliveryState = 'PENDING' | 'SENT' | 'VERIFIED' | 'DEAD'

/** One result object, or an instance as it came, on its way to one destination; times in ms since 1970. */
export interface Delivery {
  readonly job: number
  readonly destination: string
  readonly sopInstanceUid: Uid
  readonly sopClassUid: Uid
  readonly seriesInstanceUid: Uid
  readonly studyInstanceUid: Uid
  /** absolute; the bytes written once and sent in every attempt; `undefined` when purged */
  readonly path: string | undefined
  readonly bytes: number
  /** 0 images, 1 documents that refer to them */
  readonly stage: number
  readonly state: DeliveryState
  readonly attempt: number
  /** How often it was sent and then not found. */
  readonly looked: number
  readonly createdAt: number
  readonly nextAt: number | undefined
  readonly error: string | undefined
}

export interface DeliveryUpdate {
  readonly state: DeliveryState
  /** `undefined`: nothing more is to be done */
  readonly nextAt: number | undefined
  readonly attempted: boolean
  /** Default 0. */
  readonly looked?: number | undefined
  readonly http?: number | undefined
  readonly failureReason?: number | undefined
  readonly warningReason?: number | undefined
  readonly error?: string | undefined
}

export interface Breaker { readonly failures: number, readonly openUntil: number | undefined }

/** What is on its way to a destination, and what was given up. */
export interface DestinationCounts {
  readonly destination: string
  readonly pending: number
  readonly dead: number
  readonly oldestMs: number | undefined
}

const columns = `d.job, d.destination, d.sop, d.study, d.bytes, d.stage, d.state, d.attempt, d.looked, d.created_at, d.next_at, d.error,
  COALESCE(a.sop_class, i.sop_class, '') AS sop_class, COALESCE(a.series, i.series, '') AS series, CASE WHEN a.sop IS NULL THEN i.path ELSE a.path END AS path`
/** A result, or an instance as it came; neither when it was erased. */
const objects = 'deliveries d LEFT JOIN artifacts a ON a.sop = d.sop LEFT JOIN instances i ON i.sop = d.sop'

/** What is to be sent where (service.md §3.3), and how it went. */
export class DeliveryTable {
  readonly #database: Database
  readonly #spool: Spool

  constructor (database: Database, spool: Spool) {
    this.#database = database
    this.#spool = spool
  }

  /**
   * What is due for a destination, of one study, images before documents: a document waits while an image of its study is
   * pending or not seen yet. At most `limit` rows and `maxBytes`, but always one.
   */
  due (destination: string, now: number, limit: number, maxBytes: number): Delivery[] {
    const free = `NOT EXISTS (SELECT 1 FROM deliveries e INDEXED BY deliveries_study WHERE e.study = d.study AND e.destination = d.destination
      AND e.next_at IS NOT NULL AND e.stage < d.stage)`
    const first = this.#database.get(`SELECT d.study, d.stage FROM deliveries d WHERE d.destination = :destination AND d.next_at <= :now AND ${free}
      ORDER BY d.next_at, d.job LIMIT 1`, { destination, now })
    if (first === undefined) return []
    const rows = this.#database.all(`SELECT ${columns} FROM ${objects}
      WHERE d.destination = :destination AND d.next_at <= :now AND d.study = :study AND d.stage = :stage
      ORDER BY d.job, d.ordinal, d.sop LIMIT :limit`, { destination, now, study: first.text('study'), stage: first.number('stage'), limit })
    let bytes = 0
    return rows.map(row => this.#delivery(row)).filter((delivery, i) => (bytes += delivery.bytes) <= maxBytes || i === 0)
  }

  ofJob (job: number): Delivery[] {
    return this.#database.all(`SELECT ${columns} FROM ${objects} WHERE d.job = :job
      ORDER BY d.destination, d.stage, d.ordinal, d.sop`, { job }).map(row => this.#delivery(row))
  }

  /** What became of the results of a job, by destination. */
  report (job: number): DestinationReport[] { return deliveryReport(this.#database, job) }

  update (delivery: Pick<Delivery, 'job' | 'destination' | 'sopInstanceUid'>, to: DeliveryUpdate, now: number): void {
    this.#database.run(`UPDATE deliveries SET state = :state, next_at = :nextAt, attempt = attempt + :attempted, looked = :looked, updated_at = :now,
        http = :http, failure_reason = :failureReason, warning_reason = COALESCE(:warningReason, warning_reason), error = :error
      WHERE job = :job AND destination = :destination AND sop = :sop`, {
      state: to.state,
      nextAt: to.nextAt ?? null,
      attempted: to.attempted ? 1 : 0,
      looked: to.looked ?? 0,
      now,
      http: to.http ?? null,
      failureReason: to.failureReason ?? null,
      warningReason: to.warningReason ?? null,
      error: to.error ?? null,
      job: delivery.job,
      destination: delivery.destination,
      sop: delivery.sopInstanceUid,
    })
  }

  /** Several updates in one transaction. */
  updateAll (updates: readonly { delivery: Delivery, to: DeliveryUpdate }[], now: number): void {
    this.#database.transaction(() => { for (const { delivery, to } of updates) this.update(delivery, to, now) })
  }

  /** Jobs in DELIVERING of which nothing is left to send: DONE, or DEAD when something was given up. Analyses of a done study follow. */
  settle (now: number): { job: number, state: 'DONE' | 'DEAD' }[] {
    return this.#database.transaction(() => {
      const finished = this.#database.all(`SELECT id, study,
          EXISTS (SELECT 1 FROM deliveries WHERE job = j.id AND state = 'DEAD') AS dead FROM jobs j
        WHERE kind = 'report' AND state = 'DELIVERING' AND NOT EXISTS (SELECT 1 FROM deliveries WHERE job = j.id AND next_at IS NOT NULL)`)
      return finished.map(row => {
        const state = row.number('dead') === 1 ? 'DEAD' : 'DONE'
        const id = row.number('id')
        this.#database.run('UPDATE jobs SET state = :state, updated_at = :now, error_code = :code WHERE id = :id',
          { state, now, id, code: state === 'DEAD' ? 'remote-refused' : null })
        if (state === 'DONE') {
          this.#database.run('UPDATE jobs SET state = \'DONE\', updated_at = :now WHERE kind = \'analyse\' AND state = \'ANALYSED\' AND study = :study',
            { now, study: row.text('study') })
        }
        return { job: id, state }
      })
    })
  }

  /** The job's dead deliveries become PENDING again, and the job DELIVERING; how many. */
  revive (job: number, now: number): number {
    return this.#database.transaction(() => {
      const revived = this.#database.run(`UPDATE deliveries SET state = 'PENDING', next_at = :now, attempt = 0, created_at = :now, updated_at = :now
        WHERE job = :job AND state = 'DEAD'`, { job, now })
      if (revived > 0) this.#database.run('UPDATE jobs SET state = \'DELIVERING\', updated_at = :now, error_code = NULL WHERE id = :job AND state = \'DEAD\'', { job, now })
      return revived
    })
  }

  /** Whether results of an earlier report of the study went, or were to go, to a destination. */
  gotEarlier (study: Uid, destination: string, job: number): boolean {
    return this.#database.get(`SELECT 1 AS found FROM jobs j JOIN deliveries d ON d.job = j.id
      WHERE j.subject = :study AND j.kind = 'report' AND j.id < :job AND d.destination = :destination LIMIT 1`, { study, destination, job }) !== undefined
  }

  /** Gives up what was queued for a destination before a time and is not there; how many. */
  giveUp (destination: string, before: number, error: string, now: number): number {
    return this.#database.run(`UPDATE deliveries SET state = 'DEAD', next_at = NULL, error = :error, updated_at = :now
      WHERE destination = :destination AND next_at IS NOT NULL AND created_at < :before`, { destination, before, error, now })
  }

  breaker (destination: string): Breaker {
    const row = this.#database.get('SELECT failures, open_until FROM destinations WHERE id = :id', { id: destination })
    return { failures: row?.number('failures') ?? 0, openUntil: row?.numberOrAbsent('open_until') }
  }

  setBreaker (destination: string, { failures, openUntil }: Breaker): void {
    this.#database.run('INSERT OR REPLACE INTO destinations (id, failures, open_until) VALUES (:id, :failures, :openUntil)',
      { id: destination, failures, openUntil: openUntil ?? null })
  }

  /** Destinations that have something to send, with the age of the oldest in ms. */
  waiting (now: number): { destination: string, pending: number, oldestMs: number }[] {
    return this.#database.all(`SELECT destination, COUNT(*) AS pending, MIN(created_at) AS oldest FROM deliveries
      WHERE next_at IS NOT NULL GROUP BY destination ORDER BY destination`)
      .map(row => ({ destination: row.text('destination'), pending: row.number('pending'), oldestMs: now - row.number('oldest') }))
  }

  /** Destinations that something waits for, or was given up for; `oldestMs` of what is not there yet. */
  byDestination (now: number): DestinationCounts[] {
    const waiting = new Map(this.waiting(now).map(one => [one.destination, one]))
    const dead = new Map(this.#database.all('SELECT destination, COUNT(*) AS dead FROM deliveries WHERE state = \'DEAD\' GROUP BY destination')
      .map(row => [row.text('destination'), row.number('dead')]))
    return [...new Set([...waiting.keys(), ...dead.keys()])].sort().map(destination => ({
      destination,
      pending: waiting.get(destination)?.pending ?? 0,
      dead: dead.get(destination) ?? 0,
      oldestMs: waiting.get(destination)?.oldestMs,
    }))
  }

  #delivery (row: Row): Delivery {
    const path = row.textOrAbsent('path')
    return {
      job: row.number('job'),
      destination: row.text('destination'),
      sopInstanceUid: row.text('sop') as Uid,
      sopClassUid: row.text('sop_class') as Uid,
      seriesInstanceUid: row.text('series') as Uid,
      studyInstanceUid: row.text('study') as Uid,
      path: path === undefined ? undefined : this.#spool.absolute(path),
      bytes: row.number('bytes'),
      stage: row.number('stage'),
      state: row.text('state') as DeliveryState,
      attempt: row.number('attempt'),
      looked: row.number('looked'),
      createdAt: row.number('created_at'),
      nextAt: row.numberOrAbsent('next_at'),
      error: row.textOrAbsent('error'),
    }
  }
}
