import type { Delivery, DeliveryTable, DeliveryUpdate } from '../archive/delivery-table.ts'
import type { StoreOutcome } from '../dicomweb/store-outcome.ts'
import type { StoreFile } from '../dicomweb/stow-client.ts'
import { toAppError } from '../errors.ts'
import { backoff, deliveryActions } from './delivery-rules.ts'
import type { ResultDestination } from './destination.ts'
import type { EventListener } from './events.ts'
import type { DeliverySettings } from './settings.ts'

interface Options {
  readonly deliveries: DeliveryTable
  readonly destination: ResultDestination
  readonly settings: DeliverySettings
  readonly now: () => number
  readonly random: () => number
  readonly onEvent: EventListener
}

interface Verdict { readonly delivery: Delivery, readonly to: DeliveryUpdate }

/** PS3.18 sets no limit to a request; PACS and proxies do (service.md §3.3). */
const maxPerRequest = 20
const maxBytesPerRequest = 50 * 2 ** 20
/** Looks for an instance that was sent and is not found yet, until it is sent again, or until the destination cannot be asked. */
const maxLooks = 5

/**
 * Brings results to one destination: images first, reports last, the same bytes in every attempt, until each is there or given
 * up. All that it knows is in the data base, so it goes on after a restart.
 */
export class Delivering {
  readonly #options: Options
  readonly #abort = new AbortController()
  #running: Promise<void> | undefined

  constructor (options: Options) { this.#options = options }

  /** Starts on what is due, unless it is already at it. */
  wake (): void {
    if (this.#running !== undefined || this.#abort.signal.aborted) return
    const { onEvent } = this.#options
    this.#running = this.#drain().catch((thrown: unknown) => {
      const { code, message } = toAppError(thrown)
      if (!this.#abort.signal.aborted) onEvent({ type: 'error', where: 'delivery', code, message })
    }).finally(() => { this.#running = undefined })
  }

  async idle (): Promise<void> { while (this.#running !== undefined) await this.#running }

  /** Breaks off a request that is under way; what was not answered stays pending. */
  async stop (graceMs: number): Promise<void> {
    const timer = setTimeout(() => { this.#abort.abort() }, graceMs)
    await this.idle()
    clearTimeout(timer)
    this.#abort.abort()
  }

  async #drain (): Promise<void> {
    while (!this.#abort.signal.aborted && await this.#pass()) { /* until nothing is due or the breaker opens */ }
  }

  /** One request at most; whether there may be more to do. */
  async #pass (): Promise<boolean> {
    const { deliveries, destination, settings, now } = this.#options
    const breaker = deliveries.breaker(destination.id)
    if (breaker.openUntil !== undefined && now() < breaker.openUntil) return false
    const probing = breaker.failures >= settings.breakerFailures
    const due = deliveries.due(destination.id, now(), probing ? 1 : maxPerRequest, maxBytesPerRequest)
    if (due.length === 0) return false
    const verdicts = [
      ...await this.#look(due.filter(({ state }) => state === 'SENT')),
      ...await this.#send(due.filter(({ state }) => state === 'PENDING')),
    ]
    deliveries.updateAll(verdicts, now())
    for (const { job, state } of deliveries.settle(now())) this.#options.onEvent({ type: 'delivered', job, state })
    this.#tell(verdicts)
    return this.#mindBreaker(verdicts, breaker.failures)
  }

  async #send (due: readonly Delivery[]): Promise<Verdict[]> {
    if (due.length === 0) return []
    const { destination, now, onEvent } = this.#options
    const [late, ready] = [due.filter(delivery => this.#isLate(delivery)), due.filter(delivery => !this.#isLate(delivery))]
    const verdicts: Verdict[] = late.map(delivery => ({ delivery, to: dead('deadline', delivery.attempt > 0 ? delivery.error : undefined) }))
    if (ready.length === 0) return verdicts
    const files = ready.map((delivery): StoreFile =>
      ({ path: delivery.path ?? '', sopClassUid: delivery.sopClassUid, sopInstanceUid: delivery.sopInstanceUid, bytes: delivery.bytes }))
    const outcomes = await destination.store(files, this.#abort.signal)
    const maybe: { delivery: Delivery, outcome: StoreOutcome }[] = []
    for (const [i, delivery] of ready.entries()) {
      const outcome = outcomes[i]!
      if (outcome.alert) onEvent({ type: 'delivery-alert', destination: destination.id, cause: outcome.cause, http: outcome.http, reason: outcome.failureReason })
      const action = deliveryActions[outcome.cause]
      if (action === 'sent' && !destination.verify) verdicts.push({ delivery, to: { ...about(outcome), state: 'SENT', nextAt: undefined } })
      else if (action === 'sent' || action === 'look') maybe.push({ delivery, outcome })
      else if (action === 'dead') verdicts.push({ delivery, to: { ...about(outcome), state: 'DEAD', nextAt: undefined } })
      else verdicts.push({ delivery, to: { ...about(outcome), state: 'PENDING', nextAt: now() + this.#pause(delivery, outcome, action) } })
    }
    return [...verdicts, ...await this.#confirm(maybe)]
  }

  /** What was called stored, and what may be there although nobody said so. */
  async #confirm (maybe: readonly { delivery: Delivery, outcome: StoreOutcome }[]): Promise<Verdict[]> {
    const { now } = this.#options
    const found = await this.#held(maybe.map(({ delivery }) => delivery))
    return maybe.map(({ delivery, outcome }): Verdict => {
      const there = found.get(delivery)
      if (there === true) return { delivery, to: { ...about(outcome), state: 'VERIFIED', nextAt: undefined } }
      // said to be stored and not seen yet: look again later; never confirmed: send again
      const state = deliveryActions[outcome.cause] === 'sent' ? 'SENT' : 'PENDING'
      return { delivery, to: { ...about(outcome), state, nextAt: now() + this.#pause(delivery, outcome, 'retry'), looked: state === 'SENT' ? 1 : 0 } }
    })
  }

  /** Looks again for what was sent. */
  async #look (sent: readonly Delivery[]): Promise<Verdict[]> {
    const { now, settings, random } = this.#options
    const found = await this.#held(sent)
    return sent.map((delivery): Verdict => {
      const there = found.get(delivery)
      const looked = delivery.looked + 1
      const keep = { attempted: false, error: delivery.error }
      if (there === true) return { delivery, to: { ...keep, state: 'VERIFIED', nextAt: undefined, error: undefined } }
      if (looked < maxLooks) return { delivery, to: { ...keep, state: 'SENT', nextAt: now() + backoff(looked, settings, random), looked } }
      // it can be asked and does not have it; or it cannot be asked, and its word has to do
      return there === false
        ? { delivery, to: { ...keep, state: 'PENDING', nextAt: now(), error: 'not found after it was stored' } }
        : { delivery, to: { ...keep, state: 'SENT', nextAt: undefined, error: 'not verified' } }
    })
  }

  /** Which of these the destination holds; absent where it cannot be asked. One query a series. */
  async #held (wanted: readonly Delivery[]): Promise<Map<Delivery, boolean>> {
    const found = new Map<Delivery, boolean>()
    for (const series of new Set(wanted.map(({ seriesInstanceUid }) => seriesInstanceUid))) {
      const deliveries = wanted.filter(({ seriesInstanceUid }) => seriesInstanceUid === series)
      try {
        const held = await this.#options.destination.held(deliveries[0]!.studyInstanceUid, series, this.#abort.signal)
        for (const delivery of deliveries) found.set(delivery, held.has(delivery.sopInstanceUid))
      } catch {
        this.#abort.signal.throwIfAborted()
      }
    }
    return found
  }

  #isLate ({ createdAt, attempt }: Delivery): boolean {
    return attempt > 0 && this.#options.now() - createdAt > this.#options.settings.deadlineMs
  }

  #pause (delivery: Delivery, outcome: StoreOutcome, action: 'retry' | 'slowly'): number {
    const { settings, random } = this.#options
    const hour = 3_600_000
    const own = action === 'slowly' ? settings.backoffCapMs : backoff(delivery.attempt, settings, random)
    return Math.max(own, Math.min(hour, (outcome.retryAfterS ?? 0) * 1000))
  }

  /** Nobody answering, several times in a row: then one probe a minute. Any answer closes it. Returns whether to go on. */
  #mindBreaker (verdicts: readonly Verdict[], failuresBefore: number): boolean {
    const { deliveries, destination, settings, now, onEvent } = this.#options
    const attempted = verdicts.filter(({ to }) => to.attempted)
    if (attempted.length === 0 || !attempted.every(({ to }) => to.error === 'unreachable')) {
      if (failuresBefore > 0 && attempted.length > 0) deliveries.setBreaker(destination.id, { failures: 0, openUntil: undefined })
      return true
    }
    const failures = failuresBefore + 1
    const open = failures >= settings.breakerFailures
    deliveries.setBreaker(destination.id, { failures, openUntil: open ? now() + settings.breakerPauseMs : undefined })
    if (failures === settings.breakerFailures) onEvent({ type: 'breaker-open', destination: destination.id, failures })
    return !open
  }

  #tell (verdicts: readonly Verdict[]): void {
    const count = (...states: string[]) => verdicts.filter(({ to }) => states.includes(to.state)).length
    this.#options.onEvent({ type: 'delivery', destination: this.#options.destination.id, sent: count('SENT', 'VERIFIED'), retried: count('PENDING'), dead: count('DEAD') })
  }
}

function about (outcome: StoreOutcome): Omit<DeliveryUpdate, 'state' | 'nextAt'> {
  const { http, failureReason, warningReason, cause } = outcome
  const good = deliveryActions[cause] === 'sent'
  return { attempted: true, http, failureReason, warningReason, error: good ? undefined : cause }
}

function dead (error: string, cause: string | undefined): DeliveryUpdate {
  return { state: 'DEAD', nextAt: undefined, attempted: false, error: cause === undefined ? error : `${error}: ${cause}` }
}
