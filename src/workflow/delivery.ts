import type { Breaker, Delivery, DeliveryTable, DeliveryUpdate } from '../archive/delivery-table.ts'
import type { StoreOutcome } from '../dicomweb/store-outcome.ts'
import { defaultRequestLimits } from '../dicomweb/stow-client.ts'
import type { StoreFile } from '../dicomweb/stow-client.ts'
import { toAppError } from '../errors.ts'
import { backoff, deliveryActions } from './delivery-rules.ts'
import type { ResultDestination } from './destination.ts'
import type { DeliveryOutcome, EventListener } from './events.ts'
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
  /** What the last answer asked for by Retry-After, of everything; ms. */
  #askedPauseMs = 0

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
    const probing = breaker.openUntil !== undefined || breaker.failures >= settings.breakerFailures
    const { instances, bytes } = destination.limits ?? defaultRequestLimits
    const due = deliveries.due(destination.id, now(), probing ? 1 : instances, bytes)
    if (due.length === 0) return false
    const verdicts = [
      ...await this.#look(due.filter(({ state }) => state === 'SENT')),
      ...await this.#send(due.filter(({ state }) => state === 'PENDING')),
    ]
    deliveries.updateAll(verdicts, now())
    for (const { job, state } of deliveries.settle(now())) this.#options.onEvent({ type: 'delivered', job, state })
    this.#tell(verdicts)
    return this.#mindBreaker(verdicts, breaker)
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
    this.#askedPauseMs = pauseOf(outcomes)
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
    const own = action === 'slowly' ? settings.backoffCapMs : backoff(delivery.attempt, settings, random)
    return Math.max(own, retryAfterMs(outcome))
  }

  /**
   * Nobody answering, several times in a row: then one probe a minute. An answer that is about the destination and not about
   * what was sent, such as 401, 404 or 503 with Retry-After, holds it as a whole; then one object is tried. Any other answer
   * closes the breaker. Returns whether to go on.
   */
  #mindBreaker (verdicts: readonly Verdict[], before: Breaker): boolean {
    const { deliveries, destination, settings, now, onEvent } = this.#options
    const attempted = verdicts.map(({ to }) => to).filter(to => to.attempted)
    if (attempted.length === 0) return true
    if (!attempted.every(({ error }) => error === 'unreachable' || error === 'untrusted')) {
      const { failures, openUntil } = before
      const holdMs = attempted.every(({ error }) => refusesAll(error)) ? settings.backoffCapMs : this.#askedPauseMs
      if (holdMs > 0) deliveries.setBreaker(destination.id, { failures: 0, openUntil: now() + holdMs })
      else if (failures > 0 || openUntil !== undefined) deliveries.setBreaker(destination.id, closedBreaker)
      return holdMs === 0
    }
    const failures = before.failures + 1
    const open = failures >= settings.breakerFailures
    deliveries.setBreaker(destination.id, { failures, openUntil: open ? now() + settings.breakerPauseMs : undefined })
    if (failures === settings.breakerFailures) onEvent({ type: 'breaker-open', destination: destination.id, failures })
    return !open
  }

  #tell (verdicts: readonly Verdict[]): void {
    const outcomes = outcomesOf(verdicts)
    const count = (result: string) => outcomes.reduce((sum, one) => sum + (one.result === result ? one.count : 0), 0)
    this.#options.onEvent({
      type: 'delivery', destination: this.#options.destination.id, sent: count('sent'), retried: count('retried'), dead: count('dead'), outcomes,
    })
  }
}

function outcomesOf (verdicts: readonly Verdict[]): DeliveryOutcome[] {
  const results = { SENT: 'sent', VERIFIED: 'sent', PENDING: 'retried', DEAD: 'dead' } as const
  const found = new Map<string, DeliveryOutcome>()
  for (const { to: { state, error: reason } } of verdicts) {
    const key = `${results[state]} ${reason}`
    found.set(key, { result: results[state], reason, count: (found.get(key)?.count ?? 0) + 1 })
  }
  return [...found.values()]
}

function about (outcome: StoreOutcome): Omit<DeliveryUpdate, 'state' | 'nextAt'> {
  const { http, failureReason, warningReason, cause } = outcome
  const good = deliveryActions[cause] === 'sent'
  return { attempted: true, http, failureReason, warningReason, error: good ? undefined : cause }
}

const closedBreaker: Breaker = { failures: 0, openUntil: undefined }

/** Answers that would be the same for anything else. */
function refusesAll (error: string | undefined): boolean { return error === 'unauthorized' || error === 'wrong-address' }

/** What Retry-After asks for, up to an hour. */
function retryAfterMs ({ retryAfterS = 0 }: StoreOutcome): number { return Math.min(3_600_000, retryAfterS * 1000) }

/** A busy destination that says when to come back means all that is sent to it. */
function pauseOf (outcomes: readonly StoreOutcome[]): number {
  return outcomes.length > 0 && outcomes.every(({ cause }) => cause === 'busy') ? Math.min(...outcomes.map(retryAfterMs)) : 0
}

function dead (error: string, cause: string | undefined): DeliveryUpdate {
  return { state: 'DEAD', nextAt: undefined, attempted: false, error: cause === undefined ? error : `${error}: ${cause}` }
}
