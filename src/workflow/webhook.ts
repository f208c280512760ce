import { readFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import type { WebhookEvent, WebhookTable } from '../archive/webhook-table.ts'
import type { Answer } from '../dicomweb/http-exchange.ts'
import { tryExchange } from '../dicomweb/http-exchange.ts'
import { toAppError } from '../errors.ts'
import { backoff } from './delivery-rules.ts'
import type { EventListener } from './events.ts'
import type { DeliverySettings } from './settings.ts'
import { webhookMessage } from './webhook-message.ts'
import { parseWebhookSecrets, webhookHeaders } from './webhook-signature.ts'

export interface WebhookSettings {
  readonly url: string
  /** Read again for each message, as the secret may be replaced. */
  readonly secretFile: string
}

interface Options {
  readonly events: WebhookTable
  readonly webhook: WebhookSettings
  readonly settings: DeliverySettings
  readonly now: () => number
  readonly random: () => number
  readonly onEvent: EventListener
}

const answerTimeoutMs = 15_000
const hour = 3_600_000

/**
 * Tells a web service what became of reports and jobs (Standard Webhooks 1.0), in order, each until it is answered with 2xx or
 * the deadline of deliveries is over. A message may come twice, under the same id.
 */
export class Webhook {
  readonly #options: Options
  readonly #abort = new AbortController()
  #running: Promise<void> | undefined
  /** After a failure nothing is sent before this time. */
  #pausedUntil = -Infinity

  constructor (options: Options) { this.#options = options }

  /** Starts on what is due, unless it is already at it. */
  wake (): void {
    if (this.#running !== undefined || this.#abort.signal.aborted) return
    this.#running = this.#drain().catch((thrown: unknown) => {
      const { code, message } = toAppError(thrown)
      if (!this.#abort.signal.aborted) this.#options.onEvent({ type: 'error', where: 'webhook', code, message })
    }).finally(() => { this.#running = undefined })
  }

  async idle (): Promise<void> { while (this.#running !== undefined) await this.#running }

  /** Breaks off a message that is under way; it is sent again after the next start. */
  async stop (): Promise<void> {
    this.#abort.abort()
    await this.idle()
  }

  async #drain (): Promise<void> {
    const { events, now } = this.#options
    while (!this.#abort.signal.aborted && now() >= this.#pausedUntil) {
      const event = events.due(now())
      if (event === undefined) return
      await this.#tell(event)
    }
  }

  async #tell (event: WebhookEvent): Promise<void> {
    const { events, settings, now, random, onEvent } = this.#options
    const body = event.body ?? webhookMessage(event, events.facts(event.job))
    if (body === undefined) {
      events.remove(event.seq)
      return
    }
    if (event.body === undefined) events.keep(event.seq, body)
    const answered = await this.#send(event.id, body)
    if ('status' in answered && answered.status >= 200 && answered.status < 300) {
      events.remove(event.seq)
      return
    }
    const error = 'status' in answered ? String(answered.status) : answered.failure
    const late = now() - event.at > settings.deadlineMs
    const own = isBusy(answered) ? backoff(event.attempt, settings, random) : settings.backoffCapMs
    const pause = Math.max(own, 'status' in answered ? Math.min(hour, (answered.retryAfterS ?? 0) * 1000) : 0)
    events.failed(event.seq, { nextAt: late ? undefined : now() + pause, error })
    this.#pausedUntil = now() + pause
    onEvent({ type: late ? 'webhook-dead' : 'webhook-failed', event: event.type, error })
  }

  async #send (id: string, body: string): Promise<Answer | { readonly failure: string }> {
    const { webhook: { url, secretFile }, now } = this.#options
    let headers: Record<string, string>
    try {
      headers = webhookHeaders({ id, timestampS: Math.floor(now() / 1000), body }, parseWebhookSecrets(await readFile(secretFile, 'utf8')))
    } catch { return { failure: 'credentials' } }
    const exchanged = await tryExchange({ url, answerTimeoutMs }, {
      method: 'POST',
      url,
      headers: { ...headers, 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) },
      body: () => Readable.from([body], { objectMode: false }),
      signal: this.#abort.signal,
    })
    return 'answer' in exchanged ? exchanged.answer : exchanged
  }
}

/** What may pass by itself; all else needs a person, and is tried slowly. */
function isBusy (answered: Answer | { readonly failure: string }): boolean {
  if (!('status' in answered)) return answered.failure !== 'credentials' && answered.failure !== 'certificate'
  return answered.status >= 500 || [408, 425, 429].includes(answered.status)
}
