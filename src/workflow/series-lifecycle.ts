import type { JobTable } from '../archive/job-table.ts'
import type { SeriesRow, SeriesTable } from '../archive/series-table.ts'
import { uidHash } from '../archive/tombstones.ts'
import type { Uid } from '../dicom/uid.ts'
import { toAppError } from '../errors.ts'
import type { EventListener } from './events.ts'
import type { LifecycleSettings } from './settings.ts'
import { hasSliceGap } from './slice-gaps.ts'

/** The PACS that is asked how many instances a series has, and for those that are missing here. */
export interface SeriesSource {
  /** Number of Series Related Instances (0020,1209); 0 when it does not know the series. @throws AppError */
  count (study: Uid, series: Uid): Promise<number>
  /** Brings what is missing here through the front door; how many. @throws AppError */
  retrieveMissing?(study: Uid, series: Uid): Promise<number>
}

interface Options {
  readonly archive: { readonly series: SeriesTable, readonly jobs: JobTable }
  readonly settings: LifecycleSettings
  readonly source?: SeriesSource | undefined
  readonly now: () => number
  readonly onEvent: EventListener
}

type Decision =
  | { readonly kind: 'close', readonly state: 'COMPLETE' | 'FORCED' | 'SKIPPED', readonly why: string }
  | { readonly kind: 'wait', readonly until: number, readonly why: string | undefined }

/**
 * Decides when a series is complete (service.md §3.1) and when the report of a study is due. It keeps no timer of a series: what
 * is due is one indexed query, and the clock is the data base's, so a restart changes nothing.
 */
export class SeriesLifecycle {
  readonly #options: Options
  constructor (options: Options) { this.#options = options }

  /** One look at everything that is due; whether something was queued. */
  async tick (): Promise<boolean> {
    const { archive, settings, now, onEvent } = this.#options
    let queued = false
    for (const series of archive.series.due(now(), 200)) queued = await this.#judge(series) || queued
    for (const study of archive.jobs.studiesToReport(now(), settings.studyQuietMs, 100)) {
      const job = archive.jobs.queueReport(study, now())
      queued ||= job !== undefined
      onEvent(job === undefined ? { type: 'study-without-result', study: short(study) } : { type: 'report-queued', study: short(study), job })
    }
    return queued
  }

  /** Closes an open series on demand, as it is; whether it was open. */
  process (uid: Uid): boolean {
    const series = this.#options.archive.series.get(uid)
    return series?.state === 'OPEN' && this.#close(series, 'COMPLETE', 'on demand')
  }

  async #judge (series: SeriesRow): Promise<boolean> {
    const { archive, now } = this.#options
    const asked = await this.#askSource(series)
    const decision = this.#limit(series, this.#decide(series, asked, now()))
    if (decision.kind === 'close') return this.#close(series, decision.state, decision.why)
    if (decision.why !== undefined && decision.why !== series.why) {
      this.#options.onEvent({ type: 'series-held', series: short(series.seriesInstanceUid), why: decision.why })
    }
    archive.series.defer(series, decision.until, decision.why, asked)
    return false
  }

  /** The rules, first that holds. */
  #decide (series: SeriesRow, expectedByPacs: number | undefined, now: number): Decision {
    const { seriesQuietMs, seriesMaxWaitMs, graceMs, onIncomplete } = this.#options.settings
    const here = series.held + series.ignored
    const graceOver = series.lastAt + graceMs
    const quietOver = series.lastAt + seriesQuietMs
    const maxWait = series.openedAt + seriesMaxWaitMs
    // 0 is a PACS that was not sent the series: it says nothing
    const pacs = expectedByPacs === undefined || expectedByPacs === 0 ? undefined : expectedByPacs
    if (pacs !== undefined && here >= pacs) {
      return now >= graceOver ? { kind: 'close', state: 'COMPLETE', why: 'all that the PACS has' } : { kind: 'wait', until: graceOver, why: undefined }
    }
    if (now < quietOver && now < maxWait) {
      const next = this.#options.source !== undefined && now < graceOver ? graceOver : quietOver
      return { kind: 'wait', until: Math.min(next, maxWait), why: undefined }
    }
    const missing = pacs !== undefined
      ? `${here} of ${pacs} instances that the PACS has`
      : series.expectedByHeader > here
        ? `${here} of ${series.expectedByHeader} instances by its headers`
        : hasSliceGap(this.#options.archive.series.planes(series.seriesInstanceUid)) ? 'uneven distances between slices' : undefined
    if (missing === undefined) return { kind: 'close', state: 'COMPLETE', why: 'quiet' }
    if (now >= maxWait) return { kind: 'close', state: onIncomplete === 'skip' ? 'SKIPPED' : 'FORCED', why: missing }
    // with a PACS to ask, look again now and then; otherwise only a new instance or the maximum wait changes anything
    const next = this.#options.source === undefined ? maxWait : now + Math.max(1000, seriesQuietMs)
    return { kind: 'wait', until: Math.min(next, maxWait), why: missing }
  }

  /** At most so many analyses of one series within an hour: further slices wait, none is dropped. */
  #limit (series: SeriesRow, decision: Decision): Decision {
    if (decision.kind !== 'close' || decision.state === 'SKIPPED') return decision
    const hour = 3_600_000
    const { count, firstAt } = this.#options.archive.series.recentAnalyses(series.seriesInstanceUid, this.#options.now() - hour)
    if (count < this.#options.settings.reanalyseMax || firstAt === undefined) return decision
    return { kind: 'wait', until: firstAt + hour, why: `analysed ${count} times within the hour` }
  }

  /** The PACS's count, after the grace period and again when quiet; a failure is as if there were no PACS. */
  async #askSource (series: SeriesRow): Promise<number | undefined> {
    const { source, settings, now, onEvent } = this.#options
    if (source === undefined || now() < series.lastAt + settings.graceMs) return undefined
    const { studyInstanceUid: study, seriesInstanceUid: uid } = series
    try {
      const count = await source.count(study, uid)
      const quiet = now() >= series.lastAt + settings.seriesQuietMs
      if (quiet && count > series.held + series.ignored) await source.retrieveMissing?.(study, uid)
      return count
    } catch (thrown) {
      onEvent({ type: 'source-failed', code: toAppError(thrown).code })
      return undefined
    }
  }

  #close (series: SeriesRow, state: 'COMPLETE' | 'FORCED' | 'SKIPPED', why: string): boolean {
    const closed = this.#options.archive.series.close(series, { state, why, now: this.#options.now() })
    if (closed) {
      this.#options.onEvent({ type: 'series-closed', series: short(series.seriesInstanceUid), state, instances: series.held, revision: series.revision, why })
    }
    return closed
  }
}

/** A short hash of a UID: enough to follow one series through a log. */
function short (uid: string): string { return uidHash(uid).slice(0, 12) }
