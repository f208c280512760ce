import type { ReportJob } from '../analysis/report-job.ts'
import type { SeriesRow } from '../archive/series-table.ts'
import type { Job, JobState } from '../archive/job-table.ts'
import type { SqliteArchive } from '../archive/sqlite-archive.ts'
import type { Uid } from '../dicom/uid.ts'
import { toAppError } from '../errors.ts'
import type { AnalysisService } from './analysis-process.ts'
import { Delivering } from './delivery.ts'
import { destinationStates } from './destination-state.ts'
import type { DestinationState } from './destination-state.ts'
import type { DestinationTest } from './destination-test.ts'
import type { ResultDestination } from './destination.ts'
import type { EventListener } from './events.ts'
import { JobRunner } from './job-runner.ts'
import { MissingDestinations } from './missing-destinations.ts'
import { applyRetention } from './retention.ts'
import { SeriesLifecycle } from './series-lifecycle.ts'
import type { SeriesSource } from './series-lifecycle.ts'
import type { WorkflowSettings } from './settings.ts'
import { Webhook, type WebhookSettings } from './webhook.ts'
import { StepPerformer } from './step-performer.ts'
import { Workitems } from './workitems.ts'
import { WorklistPerformer, type WorklistSettings } from './worklist-performer.ts'

export interface WorkflowOptions {
  readonly archive: SqliteArchive
  readonly analysis: AnalysisService
  readonly destinations: readonly ResultDestination[]
  /** The PACS that is asked for counts, if any. */
  readonly source?: SeriesSource | undefined
  /** The worklist that work is taken from, if any. */
  readonly worklist?: WorklistSettings | undefined
  /** Who is told what became of reports and jobs, if anybody. */
  readonly webhook?: WebhookSettings | undefined
  /** Who writes the reports, and with which maps. */
  readonly report: Pick<ReportJob, 'context' | 'methods' | 'extras'>
  readonly settings: WorkflowSettings
  readonly now?: (() => number) | undefined
  /** 0 ≤ n < 1, for the jitter of retries */
  readonly random?: (() => number) | undefined
  readonly onEvent?: EventListener | undefined
}

/** What /readyz and the demo want to know. */
export interface WorkflowStatus {
  readonly running: boolean
  readonly series: Readonly<Record<string, number>>
  readonly jobs: Readonly<Record<string, number>>
  readonly deliveries: Readonly<Record<string, number>>
  readonly waiting: readonly { readonly destination: string, readonly pending: number, readonly oldestMs: number }[]
}

const tickMs = 1000
const housekeepingMs = 60_000
/** A job may end, and a request be answered, within this time when the service stops. */
const defaultGraceMs = 20_000

/** From the last slice to the PACS: completion, jobs, delivery, retention, driven by one tick a second. */
export class Workflow {
  readonly #options: WorkflowOptions
  /** UPS-RS: what clients ask for, and the jobs. */
  readonly workitems: Workitems
  readonly #lifecycle: SeriesLifecycle
  readonly #performer: StepPerformer
  readonly #worklist: WorklistPerformer | undefined
  readonly #runner: JobRunner
  readonly #deliveries: readonly Delivering[]
  readonly #missing: MissingDestinations
  readonly #webhook: Webhook | undefined
  readonly #now: () => number
  readonly #onEvent: EventListener
  #timer: NodeJS.Timeout | undefined
  #ticking: Promise<void> | undefined
  #housekept = -Infinity
  #stopped = false

  constructor (options: WorkflowOptions) {
    const { archive, analysis, destinations, source, report, settings } = options
    const { now = Date.now, random = Math.random, onEvent = () => undefined } = options
    this.#options = options
    this.#now = now
    this.#onEvent = onEvent
    this.#lifecycle = new SeriesLifecycle({
      archive, settings: settings.lifecycle, source, now, onEvent, onQueued: () => { this.#runner.wake() },
    })
    this.#runner = new JobRunner({
      archive,
      analysis,
      settings: settings.runner,
      destinations,
      report,
      now,
      onEvent,
      onProgress: () => { void this.tick() },
    })
    this.workitems = new Workitems({ archive, cancelJob: job => this.cancel(job), now })
    const process = (series: Uid) => this.process(series)
    this.#performer = new StepPerformer({ archive, process, source, maxWaitMs: settings.lifecycle.seriesMaxWaitMs, now, onEvent })
    this.#worklist = options.worklist && new WorklistPerformer({ archive, settings: options.worklist, now, onEvent })
    this.#deliveries = destinations.map(destination =>
      new Delivering({ deliveries: archive.deliveries, destination, settings: settings.delivery, now, random, onEvent }))
    const { deadlineMs } = settings.delivery
    const configured = destinations.map(({ id }) => id)
    this.#webhook = options.webhook &&
      new Webhook({ events: archive.webhook, webhook: options.webhook, settings: settings.delivery, now, random, onEvent })
    this.#missing = new MissingDestinations({ deliveries: archive.deliveries, configured, deadlineMs, now, onEvent })
  }

  /** Takes up what the last process left and starts the tick. @throws AppError */
  async start (): Promise<void> {
    const { archive } = this.#options
    archive.webhook.enable(this.#webhook !== undefined, this.#now())
    const jobs = archive.jobs.recover(this.#now())
    const { orphans, lost } = await archive.sweep()
    this.#onEvent({ type: 'recovered', jobs, orphans, lost })
    this.#timer = setInterval(() => { void this.tick() }, tickMs)
    await this.tick()
  }

  /** One look at everything. Jobs and deliveries go on in the background; errors become events. */
  async tick (): Promise<void> {
    if (this.#stopped) return
    this.#ticking ??= this.#look().catch((thrown: unknown) => {
      const { code, message } = toAppError(thrown)
      this.#onEvent({ type: 'error', where: 'tick', code, message })
    }).finally(() => { this.#ticking = undefined })
    await this.#ticking
  }

  /** Resolves when no job runs and nothing is being fetched or sent; what waits for its time stays waiting. */
  async idle (): Promise<void> {
    await this.#ticking
    await Promise.all([this.#lifecycle.idle(), this.#performer.idle(), this.#worklist?.idle()])
    await this.#runner.idle()
    await Promise.all(this.#deliveries.map(async delivering => await delivering.idle()))
    await this.#webhook?.idle()
  }

  /** Closes an open series now and queues its analysis; whether it was open. */
  process (series: Uid): boolean {
    const closed = this.#lifecycle.process(series)
    if (closed) this.#runner.wake()
    return closed
  }

  /** Runs a dead or canceled job again, or sends again what was given up; whether there was anything to do. */
  retry (job: number): boolean {
    const { archive } = this.#options
    const again = archive.deliveries.revive(job, this.#now()) > 0 || archive.jobs.retry(job, this.#now())
    if (again) void this.tick()
    return again
  }

  /** Takes a job out of the queue that has not begun. */
  cancel (job: number): boolean { return this.#options.archive.jobs.cancel(job, this.#now()) }

  /** Newest first. */
  jobs (filter: { readonly state?: JobState, readonly study?: Uid, readonly limit?: number } = {}): Job[] {
    return this.#options.archive.jobs.list({ ...filter, limit: filter.limit ?? 100 })
  }

  /** The input series, newest first. */
  series (limit = 100): SeriesRow[] { return this.#options.archive.series.list(limit) }

  status (): WorkflowStatus {
    const { archive } = this.#options
    const { series, jobs, deliveries } = archive.counters()
    return { running: this.#timer !== undefined, series, jobs, deliveries, waiting: archive.deliveries.waiting(this.#now()) }
  }

  /** What is on its way where, and how each destination is. */
  destinations (): DestinationState[] {
    return destinationStates(this.#options.archive.deliveries, this.#options.destinations, this.#now())
  }

  /** Asks a destination what it can do; `undefined` when none of this name is configured. @throws the signal's reason when aborted */
  async testDestination (id: string, signal: AbortSignal): Promise<DestinationTest | undefined> {
    return await this.#options.destinations.find(destination => destination.id === id)?.test?.(signal)
  }

  /** Ends the tick, lets what is under way end within the time, and gives the rest back to the queue. */
  async stop (graceMs: number = defaultGraceMs): Promise<void> {
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#stopped = true
    await Promise.all([this.#ticking, this.#lifecycle.stop(), this.#performer.stop(), this.#worklist?.stop()])
    await Promise.all([this.#runner.stop(graceMs), ...this.#deliveries.map(async delivering => await delivering.stop(graceMs))])
    await this.#webhook?.stop()
  }

  async #look (): Promise<void> {
    const { archive, settings } = this.#options
    this.#lifecycle.tick()
    this.#worklist?.wake()
    this.#performer.tick()
    this.#runner.wake()
    for (const delivering of this.#deliveries) delivering.wake()
    this.#webhook?.wake()
    if (this.#now() - this.#housekept < housekeepingMs) return
    this.#housekept = this.#now()
    this.#missing.look()
    archive.webhook.removeOld(this.#now() - settings.retention.deadMs)
    await applyRetention({ archive, settings: settings.retention, now: this.#now, onEvent: this.#onEvent })
  }
}
