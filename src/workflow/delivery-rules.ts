import type { StoreCause } from '../dicomweb/store-outcome.ts'
import type { DeliverySettings } from './settings.ts'

/**
 * What follows from one instance's outcome (service.md §3.3): `sent` it is there; `look` ask by QIDO-RS, it may be there;
 * `retry` after the usual backoff, or what Retry-After asks for; `slowly` every 10 minutes, as only a person can change it; `dead`.
 */
export type DeliveryAction = 'sent' | 'look' | 'retry' | 'slowly' | 'dead'

export const deliveryActions: Readonly<Record<StoreCause, DeliveryAction>> = {
  stored: 'sent',
  coerced: 'sent',
  'out-of-resources': 'retry',
  'processing-failure': 'retry',
  'not-authorized': 'slowly',
  refused: 'dead',
  duplicate: 'look',
  'unknown-reason': 'retry',
  unconfirmed: 'look',
  'bad-request': 'dead',
  'too-large': 'dead',
  unauthorized: 'slowly',
  'wrong-address': 'slowly',
  busy: 'retry',
  unreachable: 'retry',
  untrusted: 'retry',
  'unreadable-file': 'dead',
  'unexpected-status': 'retry',
}

/** Full jitter: between 0 and base × 2^attempt, at most the cap; ms. */
export function backoff (attempt: number, settings: DeliverySettings, random: () => number): number {
  const ceiling = Math.min(settings.backoffCapMs, settings.backoffBaseMs * 2 ** Math.min(attempt, 30))
  return Math.ceil(random() * ceiling)
}
