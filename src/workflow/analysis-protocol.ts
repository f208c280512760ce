import type { JobOptions } from '../analysis/jobs.ts'
import type { ReportJob } from '../analysis/report-job.ts'
import type { SeriesJob } from '../analysis/series-job.ts'
import type { ErrorFacts } from '../errors.ts'

/** Service → worker. `open` comes once, first, and is not answered. */
export type WorkerRequest =
  | { readonly method: 'open', readonly module: string, readonly options: JobOptions }
  | { readonly method: 'warm' }
  | { readonly method: 'analyzeSeries', readonly job: SeriesJob }
  | { readonly method: 'buildReport', readonly job: ReportJob }

/** Worker → service, one for each request but `open`. */
export type WorkerAnswer =
  | { readonly kind: 'result', readonly value: unknown }
  | { readonly kind: 'error', readonly code: string, readonly message: string, readonly facts: ErrorFacts }
