/**
 * What became of one instance that was sent, and what to do next:
 * `sent` the destination holds it; `verify` ask it by QIDO-RS, found is sent, else retry; `retry` send again later;
 * `dead` sending again cannot help.
 */
export type StoreVerdict = 'sent' | 'verify' | 'retry' | 'dead'

export interface StoreOutcome {
  readonly sopInstanceUid: string
  readonly verdict: StoreVerdict
  /** A word for logs and metrics; never a text of the other side. */
  readonly cause: StoreCause
  /** HTTP status; absent when no answer came. */
  readonly http?: number
  /** FailureReason (0008,1197) */
  readonly failureReason?: number
  /** WarningReason (0008,1196) */
  readonly warningReason?: number
  /** Retry-After in seconds. */
  readonly retryAfterS?: number
  /** A person should look at it: wrong address, missing permission, refused data. */
  readonly alert: boolean
}

export type StoreCause = 'stored' | 'coerced' | 'out-of-resources' | 'processing-failure' | 'not-authorized' | 'refused' |
  'duplicate' | 'unknown-reason' | 'unconfirmed' | 'bad-request' | 'too-large' | 'unauthorized' | 'wrong-address' | 'busy' |
  'unreachable' | 'untrusted' | 'unreadable-file' | 'unexpected-status'

interface Rule { readonly verdict: StoreVerdict, readonly cause: StoreCause, readonly alert: boolean }

/** Failure Reasons, first that matches: PS3.18 Annex I, PS3.7 Annex C, and what Orthanc and dcm4chee answer. */
export const failureReasonRules: readonly (Rule & { readonly from: number, readonly to: number })[] = [
  { from: 0xa700, to: 0xa7ff, verdict: 'retry', cause: 'out-of-resources', alert: false },
  { from: 0x0110, to: 0x0110, verdict: 'retry', cause: 'processing-failure', alert: false },
  { from: 0x0124, to: 0x0124, verdict: 'retry', cause: 'not-authorized', alert: true },
  { from: 0x0111, to: 0x0111, verdict: 'verify', cause: 'duplicate', alert: false },
  { from: 45070, to: 45070, verdict: 'verify', cause: 'duplicate', alert: false },
  { from: 0xa900, to: 0xa9ff, verdict: 'dead', cause: 'refused', alert: true },
  { from: 0xc000, to: 0xcfff, verdict: 'dead', cause: 'refused', alert: true },
  { from: 0x0122, to: 0x0122, verdict: 'dead', cause: 'refused', alert: true },
  { from: 0, to: 0xffff, verdict: 'retry', cause: 'unknown-reason', alert: true },
]

/** HTTP statuses whose body says nothing about single instances, first that matches. */
export const statusRules: readonly (Rule & { readonly from: number, readonly to: number })[] = [
  { from: 200, to: 299, verdict: 'verify', cause: 'unconfirmed', alert: false },
  { from: 401, to: 401, verdict: 'retry', cause: 'unauthorized', alert: true },
  { from: 403, to: 403, verdict: 'retry', cause: 'unauthorized', alert: true },
  { from: 404, to: 405, verdict: 'retry', cause: 'wrong-address', alert: true },
  { from: 413, to: 413, verdict: 'dead', cause: 'too-large', alert: true },
  { from: 400, to: 400, verdict: 'dead', cause: 'bad-request', alert: true },
  { from: 406, to: 406, verdict: 'dead', cause: 'bad-request', alert: true },
  { from: 415, to: 415, verdict: 'dead', cause: 'bad-request', alert: true },
  { from: 409, to: 409, verdict: 'verify', cause: 'duplicate', alert: false },
  { from: 408, to: 408, verdict: 'retry', cause: 'busy', alert: false },
  { from: 425, to: 425, verdict: 'retry', cause: 'busy', alert: false },
  { from: 429, to: 429, verdict: 'retry', cause: 'busy', alert: false },
  { from: 500, to: 599, verdict: 'retry', cause: 'busy', alert: false },
  { from: 0, to: 999, verdict: 'retry', cause: 'unexpected-status', alert: true },
]

/** The rule for a FailureReason of an item in FailedSOPSequence. */
export function ruleOfReason (reason: number): Rule { return pick(failureReasonRules, reason) }

/** The rule for a whole answer whose body names no instance. */
export function ruleOfStatus (status: number): Rule { return pick(statusRules, status) }

function pick (rules: readonly (Rule & { readonly from: number, readonly to: number })[], value: number): Rule {
  const rule = rules.find(r => value >= r.from && value <= r.to) ?? rules.at(-1)!
  return { verdict: rule.verdict, cause: rule.cause, alert: rule.alert }
}
