import type { Job, JobFilter } from '../archive/job-table.ts'
import type { IgnoredSeries, SeriesRow } from '../archive/series-table.ts'
import type { SqliteArchive } from '../archive/sqlite-archive.ts'
import type { Uid } from '../dicom/uid.ts'
import { AppError } from '../errors.ts'
import type { DestinationState } from '../workflow/destination-state.ts'
import type { DestinationTest } from '../workflow/destination-test.ts'
import { type JobDetail, jobDetail } from './job-detail.ts'
import { type SeriesDetail, seriesDetail } from './series-detail.ts'
import { type StudyReports, studyReports } from './study-reports.ts'

/** What of the workflow people may set going. */
export interface WorkflowControl {
  /** Whether there was anything to do again. */
  retry (job: number): boolean
  cancel (job: number): boolean
  /** Closes an open series and queues its analysis; whether it was open. */
  process (series: Uid): boolean
  destinations (): DestinationState[]
  /** `undefined` when there is no such destination */
  testDestination (id: string, signal: AbortSignal): Promise<DestinationTest | undefined>
}

export interface OperationsOptions {
  readonly archive: SqliteArchive
  readonly workflow: WorkflowControl
  /** ms since 1970; the system's clock by default */
  readonly now?: () => number
}

/** Less than a request may take. */
const testMs = 25_000

/** What an administrator sees and does: the same for the API and the status page. */
export class Operations {
  readonly #archive: SqliteArchive
  readonly #workflow: WorkflowControl
  readonly #now: () => number

  constructor ({ archive, workflow, now = Date.now }: OperationsOptions) {
    this.#archive = archive
    this.#workflow = workflow
    this.#now = now
  }

  /** Newest first. */
  jobs (filter: JobFilter): Job[] { return this.#archive.jobs.list(filter) }

  counts (): { readonly series: Readonly<Record<string, number>>, readonly jobs: Readonly<Record<string, number>> } {
    return { series: this.#archive.series.counts(), jobs: this.#archive.jobs.counts() }
  }

  /** @throws AppError `not-found` */
  async job (id: number): Promise<JobDetail> { return await jobDetail(this.#archive, this.#find(id)) }

  /** @throws AppError `not-found`; `conflict` when the job neither failed nor was canceled by a person */
  retry (id: number): Job {
    const { state, errorCode } = this.#find(id)
    if (!this.#workflow.retry(id)) {
      const why = errorCode === 'superseded' ? 'a newer job took its place' : errorCode === 'erased' ? 'its study was erased' : `it is ${state}`
      throw new AppError('conflict', `The job cannot be tried again: ${why}`, { state })
    }
    return this.#find(id)
  }

  /** @throws AppError `not-found`; `conflict` when the job has begun */
  cancel (id: number): Job {
    const { state } = this.#find(id)
    if (!this.#workflow.cancel(id)) throw new AppError('conflict', `Only a job that is QUEUED can be canceled; it is ${state}`, { state })
    return this.#find(id)
  }

  /** Newest first. */
  seriesPage (options: Parameters<SqliteArchive['series']['page']>[0]): SeriesRow[] {
    return this.#archive.series.page(options)
  }

  /** Series of which nothing was kept, newest first. */
  ignoredSeries (limit: number): IgnoredSeries[] { return this.#archive.series.whollyIgnored(limit) }

  /** @throws AppError `not-found`, `gone` */
  async series (uid: Uid): Promise<SeriesDetail> {
    const detail = await seriesDetail(this.#archive, uid)
    if (detail === undefined) throw this.#absent(uid, 'series')
    return detail
  }

  /**
   * Analyses a series now as it is: an open one is closed, a closed one is analysed once more.
   * @throws AppError `not-found`, `gone`; `conflict` while its analysis is queued or running
   */
  process (uid: Uid): Job {
    const series = this.#archive.series.get(uid)
    if (series === undefined) throw this.#absent(uid, 'series')
    const newest = this.#archive.jobs.newestAnalysis(uid)
    if (series.state !== 'OPEN') {
      if (newest?.state === 'QUEUED' || newest?.state === 'RUNNING') {
        throw new AppError('conflict', `The analysis of the series is already ${newest.state}`, { state: newest.state })
      }
      this.#archive.series.reopen(uid, this.#now())
    }
    this.#workflow.process(uid)
    const job = this.#archive.jobs.newestAnalysis(uid)
    if (job === undefined) throw new AppError('internal', 'the analysis was not queued')
    return job
  }

  /**
   * How many instances were removed.
   * @throws AppError `not-found`, `gone`; `conflict` while results are being delivered, unless forced
   */
  async erase (study: Uid, force: boolean): Promise<number> {
    if (!this.#archive.series.knowsStudy(study)) throw this.#absent(study, 'study')
    return await this.#archive.eraseStudy(study, { force })
  }

  /** The reports of a study that hold now. @throws AppError `not-found`, `gone` */
  async reports (study: Uid): Promise<StudyReports> {
    const reports = await studyReports(this.#archive, study)
    if (reports !== undefined) return reports
    throw this.#archive.series.knowsStudy(study) ? new AppError('not-found', 'There is no report of the study') : this.#absent(study, 'study')
  }

  destinations (): DestinationState[] { return this.#workflow.destinations() }

  /** What it shows within 25 s. @throws AppError `not-found`, `remote-unreachable` when it takes longer */
  async testDestination (id: string): Promise<DestinationTest> {
    const signal = AbortSignal.timeout(testMs)
    const result = await this.#workflow.testDestination(id, signal).catch((thrown: unknown) => {
      throw signal.aborted ? new AppError('remote-unreachable', 'The destination answers too slowly', {}, { cause: thrown }) : thrown
    })
    if (result === undefined) throw new AppError('not-found', 'There is no such destination')
    return result
  }

  #find (id: number): Job {
    const job = this.#archive.jobs.get(id)
    if (job === undefined) throw new AppError('not-found', 'There is no such job')
    return job
  }

  #absent (uid: Uid, what: 'series' | 'study'): AppError {
    return this.#archive.isGone(uid)
      ? new AppError('gone', `The ${what} was here and has been removed`)
      : new AppError('not-found', `The ${what} is not here`)
  }
}
