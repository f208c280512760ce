import type { Breaker, DeliveryTable } from '../archive/delivery-table.ts'
import type { ResultDestination } from './destination.ts'

/** A destination as people look at it; times in ms. */
export interface DestinationState {
  readonly id: string
  /** DICOMweb root, without a secret; `undefined` of one that is no longer configured. */
  readonly url: string | undefined
  /** False when it was taken out of the configuration: what waits for it is stuck until it is back, or the deadline is over. */
  readonly configured: boolean
  /** `open`: nothing is sent before `openUntil`; `probing`: one object at a time, until it answers well. */
  readonly breaker: 'closed' | 'open' | 'probing'
  readonly openUntil: number | undefined
  /** Requests in a row without an answer. */
  readonly failures: number
  readonly pending: number
  readonly dead: number
  /** Age of the oldest object that is not there yet. */
  readonly oldestMs: number | undefined
}

type Configured = Pick<ResultDestination, 'id' | 'url'>

/** All that are configured, in their order, then others that something waits for, or was given up for. */
export function destinationStates (
  deliveries: Pick<DeliveryTable, 'byDestination' | 'breaker'>, configured: readonly Configured[], now: number,
): DestinationState[] {
  const counted = new Map(deliveries.byDestination(now).map(counts => [counts.destination, counts]))
  const gone = [...counted.values()].filter(({ destination }) => !configured.some(({ id }) => id === destination))
  const all: readonly Configured[] = [...configured, ...gone.map(({ destination }) => ({ id: destination }))]
  return all.map(({ id, url }) => {
    const { pending = 0, dead = 0, oldestMs } = counted.get(id) ?? {}
    const breaker = deliveries.breaker(id)
    return {
      id,
      url,
      configured: configured.some(destination => destination.id === id),
      breaker: stateOf(breaker, now),
      openUntil: breaker.openUntil,
      failures: breaker.failures,
      pending,
      dead,
      oldestMs,
    }
  })
}

function stateOf ({ openUntil }: Breaker, now: number): DestinationState['breaker'] {
  return openUntil === undefined ? 'closed' : openUntil > now ? 'open' : 'probing'
}
