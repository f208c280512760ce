import type { DeliveryTable } from '../archive/delivery-table.ts'
import type { EventListener } from './events.ts'

interface Options {
  readonly deliveries: DeliveryTable
  /** Names of the destinations that are configured. */
  readonly configured: readonly string[]
  readonly deadlineMs: number
  readonly now: () => number
  readonly onEvent: EventListener
}

const hour = 3_600_000

/**
 * Minds what waits for destinations that were taken out of the configuration: it is told once an hour, stays until the
 * destination is back, and is given up at the deadline like everything else.
 */
export class MissingDestinations {
  readonly #options: Options
  #toldAt = -Infinity

  constructor (options: Options) { this.#options = options }

  look (): void {
    const { deliveries, configured, deadlineMs, now, onEvent } = this.#options
    const missing = deliveries.waiting(now()).filter(({ destination }) => !configured.includes(destination))
    if (missing.length === 0) return
    const tell = now() - this.#toldAt >= hour
    if (tell) this.#toldAt = now()
    for (const { destination, pending } of missing) {
      const dead = deliveries.giveUp(destination, now() - deadlineMs, 'deadline: not configured', now())
      if (dead > 0) {
        onEvent({ type: 'delivery', destination, sent: 0, retried: 0, dead, outcomes: [{ result: 'dead', reason: 'deadline', count: dead }] })
      }
      if (tell && pending > dead) onEvent({ type: 'destination-missing', destination, pending: pending - dead })
    }
    for (const { job, state } of deliveries.settle(now())) onEvent({ type: 'delivered', job, state })
  }
}
