/** The rules of completion (service.md §3.1); all times in ms. */
export interface LifecycleSettings {
  /** No new instance for this long lets a series close. */
  readonly seriesQuietMs: number
  /** Open for this long, a series is closed as it is. */
  readonly seriesMaxWaitMs: number
  /** No new instance of the study for this long lets its report be written. */
  readonly studyQuietMs: number
  /** After the PACS's own count is reached. */
  readonly graceMs: number
  /** What becomes of a series that is still incomplete at the maximum wait. */
  readonly onIncomplete: 'flag' | 'skip'
  /** Analyses of one series within an hour; further slices wait. */
  readonly reanalyseMax: number
}

export interface RunnerSettings {
  /** A job that takes longer is stopped and tried again. */
  readonly jobTimeoutMs: number
  /** Failed or crashed runs until a job is DEAD. */
  readonly maxFailures: number
}

export interface DeliverySettings {
  /** From the first attempt; then a delivery is DEAD. */
  readonly deadlineMs: number
  /** Full jitter between 0 and base × 2^attempt, at most the cap. */
  readonly backoffBaseMs: number
  readonly backoffCapMs: number
  /** Unanswered requests in a row until the breaker opens, and the pause between probes then. */
  readonly breakerFailures: number
  readonly breakerPauseMs: number
}

export interface RetentionSettings {
  /** After the study's last job was done. */
  readonly inputsMs: number
  readonly resultsMs: number
  /** Of studies with a dead job. */
  readonly deadMs: number
  readonly ignoredMs: number
  readonly jobsMs: number
  /** Share of the disk, 0..1, from which on delivered inputs are removed early. */
  readonly watermark: number
}

export interface WorkflowSettings {
  readonly lifecycle: LifecycleSettings
  readonly runner: RunnerSettings
  readonly delivery: DeliverySettings
  readonly retention: RetentionSettings
}

const hour = 3_600_000

/** The defaults of service.md §3. */
export const defaultWorkflowSettings: WorkflowSettings = {
  lifecycle: {
    seriesQuietMs: 60_000, seriesMaxWaitMs: 900_000, studyQuietMs: 60_000, graceMs: 5000, onIncomplete: 'flag', reanalyseMax: 3,
  },
  runner: { jobTimeoutMs: 900_000, maxFailures: 3 },
  delivery: {
    deadlineMs: 72 * hour, backoffBaseMs: 5000, backoffCapMs: 600_000, breakerFailures: 5, breakerPauseMs: 60_000,
  },
  retention: {
    inputsMs: 24 * hour,
    resultsMs: 30 * 24 * hour,
    deadMs: 7 * 24 * hour,
    ignoredMs: 24 * hour,
    jobsMs: 90 * 24 * hour,
    watermark: 0.85,
  },
}
