import type { JobKind, JobState } from '../archive/job-table.ts'

/** So many objects with the same result of one attempt or look; `reason` is a short code or sentence of ours. */
export interface DeliveryOutcome { readonly result: 'sent' | 'retried' | 'dead', readonly reason: string | undefined, readonly count: number }

/** What the workflow tells the log and the metrics: numbers, codes and short hashes of UIDs, never a patient's data. */
export type WorkflowEvent =
  | { readonly type: 'recovered', readonly jobs: number, readonly orphans: number, readonly lost: number }
  | { readonly type: 'series-closed', readonly series: string, readonly state: string, readonly instances: number, readonly revision: number, readonly why: string }
  | { readonly type: 'series-held', readonly series: string, readonly why: string }
  | { readonly type: 'series-pulled', readonly series: string, readonly instances: number }
  | { readonly type: 'source-failed', readonly code: string }
  | { readonly type: 'report-queued', readonly study: string, readonly job: number }
  | { readonly type: 'study-without-result', readonly study: string }
  | { readonly type: 'job-started', readonly job: number, readonly kind: JobKind, readonly attempt: number }
  | { readonly type: 'job-finished', readonly job: number, readonly kind: JobKind, readonly state: JobState, readonly ms: number }
  | { readonly type: 'job-failed', readonly job: number, readonly kind: JobKind, readonly code: string, readonly crashed: boolean, readonly dead: boolean }
  | { readonly type: 'delivery', readonly destination: string, readonly sent: number, readonly retried: number, readonly dead: number, readonly outcomes: readonly DeliveryOutcome[] }
  | { readonly type: 'delivery-alert', readonly destination: string, readonly cause: string, readonly http: number | undefined, readonly reason: number | undefined }
  | { readonly type: 'breaker-open', readonly destination: string, readonly failures: number }
  | { readonly type: 'destination-missing', readonly destination: string, readonly pending: number }
  | { readonly type: 'delivered', readonly job: number, readonly state: 'DONE' | 'DEAD' }
  | { readonly type: 'workitem-ended', readonly workitem: string, readonly state: 'COMPLETED' | 'CANCELED', readonly reason: string | undefined }
  | { readonly type: 'workitem-unusable', readonly workitem: string }
  | { readonly type: 'worklist-failed', readonly code: string }
  | { readonly type: 'worklist-refused', readonly workitem: string, readonly state: 'COMPLETED' | 'CANCELED' }
  | { readonly type: 'webhook-failed' | 'webhook-dead', readonly event: string, readonly error: string }
  | { readonly type: 'purged', readonly instances: number, readonly kind: string, readonly early: boolean }
  | { readonly type: 'disk-low', readonly freeBytes: number }
  | { readonly type: 'error', readonly where: string, readonly code: string, readonly message: string }

export type EventListener = (event: WorkflowEvent) => void
