import type { JobOptions } from '../analysis/jobs.ts'
import type { ReportJob } from '../analysis/report-job.ts'
import type { SeriesJob } from '../analysis/series-job.ts'
import type { ErrorFacts } from '../errors.ts'

/** Service → worker. `open` comes first, and again to try anew after `unready`. */
export type WorkerRequest =
  | { readonly method: 'open', readonly module: string, readonly options: JobOptions }
  | { readonly method: 'warm' }
  | { readonly method: 'analyzeSeries', readonly job: SeriesJob }
  | { readonly method: 'buildReport', readonly job: ReportJob }

/** Worker → service: `result` or `error` for each request but `open`; whenever it opened the model, whether it could. */
export type WorkerAnswer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'unready', readonly code: string, readonly message: string, readonly facts: ErrorFacts }
  | { readonly kind: 'result', readonly value: unknown }
  | { readonly kind: 'error', readonly code: string, readonly message: string, readonly facts: ErrorFacts }
