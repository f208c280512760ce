import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { SeriesJobResult } from '../analysis/series-job.ts'
import type { FailedSeries, ReportJob, ReportSeries } from '../analysis/report-job.ts'
import type { ResultFile } from '../archive/artifact-table.ts'
import type { Job, JobFailure } from '../archive/job-table.ts'
import type { SqliteArchive } from '../archive/sqlite-archive.ts'
import { readInstanceFile } from '../dicom/read-instance.ts'
import { AppError, toAppError } from '../errors.ts'
import { WorkerCrash } from './analysis-process.ts'
import type { AnalysisService } from './analysis-process.ts'
import type { EventListener } from './events.ts'
import { routesOf } from './routing.ts'
import type { Wishes } from './routing.ts'
import type { RunnerSettings } from './settings.ts'

interface Options {
  readonly archive: SqliteArchive
  readonly analysis: AnalysisService
  readonly settings: RunnerSettings
  /** Where results go; none keeps them here. */
  readonly destinations: readonly Wishes[]
  readonly report: Pick<ReportJob, 'context' | 'methods' | 'extras'>
  readonly now: () => number
  readonly onEvent: EventListener
  /** Called when a job changed what others wait for. */
  readonly onProgress: () => void
}

/** Pauses after the first, second, … failed run, ms. */
const pauses = [5000, 30_000, 120_000]
/** A full disk is nobody's fault: such a job waits and tries again for as long as it takes. */
const resourcePauseMs = 30_000

/** Runs one job after the other in the analysis process; what happens to a job is in the data base before the next one starts. */
export class JobRunner {
  readonly #options: Options
  #running: Promise<void> | undefined
  #stopping = false

  constructor (options: Options) { this.#options = options }

  /** Starts on what is due, unless it is already running. */
  wake (): void {
    if (this.#running !== undefined || this.#stopping) return
    this.#running = this.#drain().catch((thrown: unknown) => {
      const { code, message } = toAppError(thrown)
      this.#options.onEvent({ type: 'error', where: 'job-runner', code, message })
    }).finally(() => { this.#running = undefined })
  }

  /** Resolves when nothing is due any more. */
  async idle (): Promise<void> { while (this.#running !== undefined) await this.#running }

  /** Takes no further job; the one that runs may finish within the time, else it is given back to the queue. */
  async stop (graceMs: number): Promise<void> {
    this.#stopping = true
    const timer = new Promise<void>(resolve => { setTimeout(resolve, graceMs).unref() })
    await Promise.race([this.idle(), timer])
    await this.#options.analysis.close()
    await this.idle()
  }

  async #drain (): Promise<void> {
    const { archive, settings, now } = this.#options
    archive.jobs.expire(now())
    while (!this.#stopping) {
      const job = archive.jobs.lease(now(), settings.jobTimeoutMs * 2)
      if (job === undefined) return
      await this.#run(job)
      this.#options.onProgress()
    }
  }

  async #run (job: Job): Promise<void> {
    const { onEvent, archive, now } = this.#options
    const startedAt = now()
    onEvent({ type: 'job-started', job: job.id, kind: job.kind, attempt: job.attempt })
    try {
      if (job.kind === 'analyse') await this.#analyse(job)
      else await this.#report(job)
      const state = archive.jobs.get(job.id)?.state ?? 'CANCELED'
      onEvent({ type: 'job-finished', job: job.id, kind: job.kind, state, ms: now() - startedAt })
    } catch (thrown) {
      if (this.#stopping && thrown instanceof WorkerCrash) archive.jobs.release(job.id, now())
      else this.#fail(job, thrown)
    }
  }

  async #analyse (job: Job): Promise<void> {
    const { archive, analysis, settings, now } = this.#options
    const paths = this.#pathsOf(job)
    // a name for each attempt: a worker that outlived its service cannot write into the file of the next
    const name = `${job.id}-${job.attempt}-${randomUUID()}.findings`
    const result = await analysis.analyzeSeries({ paths, outFile: join(archive.spool.findings, name) }, settings.jobTimeoutMs)
    const kept = archive.jobs.analysed(job.id, { resultPath: name, summary: JSON.stringify(result), now: now() })
    if (!kept) await rm(join(archive.spool.findings, name), { force: true })
  }

  async #report (job: Job): Promise<void> {
    const { archive, analysis, settings, report, destinations, now } = this.#options
    const analyses = archive.jobs.findings(job.studyInstanceUid)
    if (!analyses.some(isSelected)) {
      await archive.exclusive(async () => await archive.artifacts.store(job, [], { routes: [] }, now()))
      return
    }
    const outDir = await archive.spool.scratch()
    try {
      const { artifacts, ...outcome } = await analysis.buildReport({
        ...report,
        series: analyses.map(analysis => this.#reportSeries(analysis)),
        failed: archive.jobs.deadAnalyses(job.studyInstanceUid).map(dead => this.#failedSeries(dead)),
        outDir,
        startedAt: job.firstRunAt ?? now(),
        predecessors: archive.artifacts.predecessors(job.studyInstanceUid, job.id, analyses.map(({ subject }) => subject)),
      }, settings.jobTimeoutMs)
      const files: ResultFile[] = []
      // one by one: a study may have a thousand pictures of a megabyte
      for (const { order: ordinal, ...artifact } of artifacts) {
        files.push({ ...artifact, ordinal, instance: await readInstanceFile(artifact.path) })
      }
      const routes = routesOf(destinations, outcome, id => archive.deliveries.gotEarlier(job.studyInstanceUid, id, job.id))
      const summary = JSON.stringify(outcome)
      await archive.exclusive(async () => await archive.artifacts.store(job, files, { routes, summary }, now()))
    } finally {
      await rm(outDir, { recursive: true, force: true })
    }
  }

  #reportSeries (analysis: Job): ReportSeries {
    const { archive } = this.#options
    const series = archive.series.get(analysis.subject)
    const expected = series === undefined ? 0 : Math.max(series.expectedByPacs ?? 0, series.expectedByHeader)
    const received = series === undefined ? 0 : series.held + series.ignored
    return {
      findingsFile: join(archive.spool.findings, analysis.resultPath ?? ''),
      paths: this.#pathsOf(analysis),
      ...(series?.state === 'FORCED' && expected > received ? { shortfall: { received, expected } } : {}),
    }
  }

  #failedSeries (dead: Job): FailedSeries {
    const held = this.#options.archive.findInstances({ series: dead.subject })
    return { paths: held.map(({ path }) => path), code: dead.errorCode ?? 'internal' }
  }

  /** The files, as they are now, of the instances that an analysis was made for. @throws AppError `not-found` when one is gone */
  #pathsOf (job: Job): string[] {
    const { archive } = this.#options
    const inputs = new Set<string>(archive.jobs.inputs(job.id))
    const held = archive.findInstances({ series: job.subject }).filter(({ sopInstanceUid }) => inputs.has(sopInstanceUid))
    const paths = held.map(({ path }) => path)
    if (paths.length < inputs.size || paths.length === 0) throw new AppError('not-found', 'instances of the series were removed')
    return paths
  }

  #fail (job: Job, thrown: unknown): void {
    const { archive, settings, now, onEvent } = this.#options
    const crashed = thrown instanceof WorkerCrash
    const error = crashed ? new AppError('engine-failed', thrown.message) : toAppError(thrown)
    const failure: JobFailure = { code: error.code, text: error.message, crashed }
    const waits = error.code === 'out-of-resources'
    const dead = !waits && job.failures + 1 >= settings.maxFailures
    const pause = waits ? resourcePauseMs : pauses[Math.min(job.failures, pauses.length - 1)]!
    archive.jobs.failed(job.id, failure, dead ? undefined : now() + pause, now())
    onEvent({ type: 'job-failed', job: job.id, kind: job.kind, code: error.code, crashed, dead })
  }
}

function isSelected (analysis: Job): boolean {
  return analysis.summary !== undefined && (JSON.parse(analysis.summary) as SeriesJobResult).selected
}
