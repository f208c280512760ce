import type { Uid } from '../dicom/uid.ts'
import type { Database } from './database.ts'
import type { JobKind } from './job-table.ts'

export type WebhookEventType = 'report.issued' | 'report.delivered' | 'delivery.dead' | 'job.dead'

/** One thing that the webhook is to be told; times in ms since 1970. */
export interface WebhookEvent {
  readonly seq: number
  /** The same in every attempt. */
  readonly id: string
  readonly type: WebhookEventType
  readonly at: number
  readonly job: number
  /** What was sent in the first attempt. */
  readonly body: string | undefined
  readonly attempt: number
}

/** What is known of the job of an event. */
export interface WebhookFacts {
  readonly kind: JobKind
  readonly studyInstanceUid: Uid
  readonly revision: number
  readonly errorCode: string | undefined
  /** JSON that the job said of itself. */
  readonly summary: string | undefined
  /** How many results it made, by kind. */
  readonly objects: Readonly<Record<string, number>>
  /** What became of them, by destination. */
  readonly destinations: Readonly<Record<string, { readonly delivered: number, readonly pending: number, readonly dead: number }>>
}

/** The events of the webhook. Triggers write them with the change that they tell of, so that none is lost or told too early. */
export class WebhookTable {
  readonly #database: Database
  constructor (database: Database) { this.#database = database }

  /** From now on events are noted, or not any more. */
  enable (enabled: boolean, now: number): void {
    if (enabled) this.#database.run('INSERT OR IGNORE INTO webhook (id, since) VALUES (1, :now)', { now })
    else this.#database.run('DELETE FROM webhook', {})
  }

  /** The next event that is due. */
  due (now: number): WebhookEvent | undefined {
    const row = this.#database.get(`SELECT seq, id, type, at, job, body, attempt FROM webhook_events WHERE next_at <= :now
      ORDER BY next_at, seq LIMIT 1`, { now })
    return row && {
      seq: row.number('seq'),
      id: row.text('id'),
      type: row.text('type') as WebhookEventType,
      at: row.number('at'),
      job: row.number('job'),
      body: row.textOrAbsent('body'),
      attempt: row.number('attempt'),
    }
  }

  facts (job: number): WebhookFacts | undefined {
    const row = this.#database.get('SELECT kind, study, revision, error_code, summary FROM jobs WHERE id = :job', { job })
    if (row === undefined) return undefined
    const objects = this.#database.all('SELECT kind, COUNT(*) AS n FROM artifacts WHERE job = :job GROUP BY kind ORDER BY kind', { job })
    const deliveries = this.#database.all(`SELECT destination, COUNT(*) AS total, COUNT(next_at) AS pending, SUM(state = 'DEAD') AS dead
      FROM deliveries WHERE job = :job GROUP BY destination ORDER BY destination`, { job })
    return {
      kind: row.text('kind') as JobKind,
      studyInstanceUid: row.text('study') as Uid,
      revision: row.number('revision'),
      errorCode: row.textOrAbsent('error_code'),
      summary: row.textOrAbsent('summary'),
      objects: Object.fromEntries(objects.map(one => [one.text('kind'), one.number('n')])),
      destinations: Object.fromEntries(deliveries.map(one => {
        const [pending, dead] = [one.number('pending'), one.number('dead')]
        return [one.text('destination'), { delivered: one.number('total') - pending - dead, pending, dead }]
      })),
    }
  }

  /** Keeps what is about to be sent, so that each attempt sends the same. */
  keep (seq: number, body: string): void {
    this.#database.run('UPDATE webhook_events SET body = :body WHERE seq = :seq', { seq, body })
  }

  /** It was told, or there is nothing to tell. */
  remove (seq: number): void { this.#database.run('DELETE FROM webhook_events WHERE seq = :seq', { seq }) }

  /** `nextAt` is when it is tried again; `undefined` gives it up. */
  failed (seq: number, { nextAt, error }: { readonly nextAt: number | undefined, readonly error: string }): void {
    this.#database.run('UPDATE webhook_events SET attempt = attempt + 1, next_at = :nextAt, error = :error WHERE seq = :seq',
      { seq, nextAt: nextAt ?? null, error })
  }

  counts (): { readonly pending: number, readonly dead: number } {
    const row = this.#database.get('SELECT COUNT(next_at) AS pending, COUNT(*) - COUNT(next_at) AS dead FROM webhook_events')!
    return { pending: row.number('pending'), dead: row.number('dead') }
  }

  /** Removes what was given up, or waits for a webhook that is no longer configured, of before the given time. */
  removeOld (before: number): void {
    this.#database.run('DELETE FROM webhook_events WHERE at < :before AND (next_at IS NULL OR NOT EXISTS (SELECT 1 FROM webhook))', { before })
  }
}
