import type { JobTable } from '../archive/job-table.ts'
import type { SeriesRow, SeriesTable } from '../archive/series-table.ts'
import { shortHash } from '../archive/tombstones.ts'
import type { Uid } from '../dicom/uid.ts'
import { toAppError } from '../errors.ts'
import type { EventListener } from './events.ts'
import type { LifecycleSettings } from './settings.ts'
import { hasSliceGap } from './slice-gaps.ts'

/** The PACS that is asked how many instances a series has, and for those that are missing here. */
export interface SeriesSource {
  /** Number of Series Related Instances (0020,1209); 0 when it does not know the series. @throws AppError */
  count (study: Uid, series: Uid, signal: AbortSignal): Promise<number>
  /** Brings what is missing here through the front door; how many came. @throws AppError; the signal's reason when aborted */
  retrieveMissing?(study: Uid, series: Uid, signal: AbortSignal): Promise<number>
  /** Series Instance UIDs that it has of a study. @throws AppError */
  series?(study: Uid, signal: AbortSignal): Promise<readonly string[]>
}

interface Options {
  readonly archive: { readonly series: SeriesTable, readonly jobs: JobTable }
  readonly settings: LifecycleSettings
  readonly source?: SeriesSource | undefined
  readonly now: () => number
  readonly onEvent: EventListener
  /** Called when an analysis was queued after the PACS had answered. */
  readonly onQueued?: (() => void) | undefined
}

type Decision =
  | { readonly kind: 'close', readonly state: 'COMPLETE' | 'FORCED' | 'SKIPPED', readonly why: string }
  | { readonly kind: 'wait', readonly until: number, readonly why: string | undefined }

/** Series whose counts are asked for at the same time, and the pause after a count that did not come, ms. */
const maxAsks = 8
const silencePauseMs = 30_000
/** Series that are fetched from at the same time. */
const maxPulls = 2
/** Until a series is looked at again that waits for a fetch, ms. */
const pullPauseMs = 1000

/**
 * Decides when a series is complete (service.md §3.1) and when the report of a study is due. It keeps no timer of a series: what
 * is due is one indexed query, and the clock is the data base's, so a restart changes nothing.
 */
export class SeriesLifecycle {
  readonly #options: Options
  readonly #abort = new AbortController()
  readonly #asks = new Map<Uid, Promise<void>>()
  /** Until when the PACS, which did not answer, is not asked for counts. */
  #silentUntil = -Infinity
  readonly #pulls = new Map<Uid, Promise<void>>()
  /** When the last instance had come, by series, as the PACS was last asked for what is missing. */
  readonly #pulledAt = new Map<Uid, number>()

  constructor (options: Options) { this.#options = options }

  /** One look at everything that is due; whether something was queued. */
  tick (): boolean {
    const { archive, settings, now, onEvent } = this.#options
    let queued = false
    for (const series of archive.series.due(now(), 200)) queued = this.#look(series) || queued
    for (const study of archive.jobs.studiesToReport(now(), settings.studyQuietMs, 100)) {
      const job = archive.jobs.queueReport(study, now())
      queued ||= job !== undefined
      onEvent(job === undefined ? { type: 'study-without-result', study: shortHash(study) } : { type: 'report-queued', study: shortHash(study), job })
    }
    return queued
  }

  /** Closes an open series on demand, as it is; whether it was open. */
  process (uid: Uid): boolean {
    const series = this.#options.archive.series.get(uid)
    return series?.state === 'OPEN' && this.#close(series, 'COMPLETE', 'on demand')
  }

  /** Resolves when nothing is being asked or fetched any more. */
  async idle (): Promise<void> {
    while (this.#asks.size + this.#pulls.size > 0) await Promise.all([...this.#asks.values(), ...this.#pulls.values()])
  }

  /** Breaks off what is being fetched; what has come is kept. */
  async stop (): Promise<void> {
    this.#abort.abort()
    await this.idle()
  }

  /** Judges it now, or when the PACS has answered: that is waited for beside all else. */
  #look (series: SeriesRow): boolean {
    const { archive, now } = this.#options
    const { seriesInstanceUid: uid } = series
    if (this.#pulls.has(uid)) {
      archive.series.defer(series, now() + pullPauseMs, series.why)
      return false
    }
    if (this.#asks.has(uid)) return false
    if (!this.#mayAsk(series)) return this.#judge(series, undefined)
    if (this.#asks.size < maxAsks) this.#asks.set(uid, this.#askAndJudge(series).finally(() => this.#asks.delete(uid)))
    return false
  }

  async #askAndJudge (series: SeriesRow): Promise<void> {
    const { onEvent, onQueued } = this.#options
    const count = await this.#askSource(series)
    if (this.#abort.signal.aborted) return
    try {
      if (this.#judge(series, count)) onQueued?.()
    } catch (thrown) {
      const { code, message } = toAppError(thrown)
      onEvent({ type: 'error', where: 'series-lifecycle', code, message })
    }
  }

  #judge (series: SeriesRow, asked: number | undefined): boolean {
    const { archive, now } = this.#options
    const decision = this.#limit(series, this.#fetch(series, asked, this.#decide(series, asked, now())))
    if (decision.kind === 'close') return this.#close(series, decision.state, decision.why)
    if (decision.why !== undefined && decision.why !== series.why) {
      this.#options.onEvent({ type: 'series-held', series: shortHash(series.seriesInstanceUid), why: decision.why })
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

  /**
   * When the series is quiet, or would be closed incomplete, fetches what the PACS has more, beside all else. The maximum wait
   * is for one attempt at least, and for the end of one that is under way.
   */
  #fetch (series: SeriesRow, expectedByPacs: number | undefined, decision: Decision): Decision {
    const { source, settings, now } = this.#options
    const { seriesInstanceUid: uid, lastAt } = series
    const due = now() >= Math.min(lastAt + settings.seriesQuietMs, series.openedAt + settings.seriesMaxWaitMs)
    const lacking = expectedByPacs !== undefined && expectedByPacs > series.held + series.ignored
    if (source?.retrieveMissing === undefined || !lacking || !due || this.#abort.signal.aborted) return decision
    const lastChance = decision.kind === 'close'
    if (lastChance && (this.#pulledAt.get(uid) === lastAt || this.#pulls.size >= maxPulls)) return decision
    if (this.#pulls.size >= maxPulls) return { kind: 'wait', until: now() + pullPauseMs, why: decision.why }
    this.#pulledAt.set(uid, lastAt)
    const pull = this.#pull(series, async signal => await source.retrieveMissing?.(series.studyInstanceUid, uid, signal) ?? 0)
    this.#pulls.set(uid, pull.finally(() => this.#pulls.delete(uid)))
    return lastChance ? { kind: 'wait', until: now() + pullPauseMs, why: decision.why } : decision
  }

  async #pull (series: SeriesRow, retrieve: (signal: AbortSignal) => Promise<number>): Promise<void> {
    const { onEvent } = this.#options
    try {
      onEvent({ type: 'series-pulled', series: shortHash(series.seriesInstanceUid), instances: await retrieve(this.#abort.signal) })
    } catch (thrown) {
      if (!this.#abort.signal.aborted) onEvent({ type: 'source-failed', code: toAppError(thrown).code })
    }
  }

  /** At most so many analyses of one series within an hour: further slices wait, none is dropped. */
  #limit (series: SeriesRow, decision: Decision): Decision {
    if (decision.kind !== 'close' || decision.state === 'SKIPPED') return decision
    const hour = 3_600_000
    const { count, firstAt } = this.#options.archive.series.recentAnalyses(series.seriesInstanceUid, this.#options.now() - hour)
    if (count < this.#options.settings.reanalyseMax || firstAt === undefined) return decision
    return { kind: 'wait', until: firstAt + hour, why: `analysed ${count} times within the hour` }
  }

  /** Whether the PACS is to be asked for its count: once the grace period or the maximum wait is over, and it answers at all. */
  #mayAsk ({ lastAt, openedAt }: SeriesRow): boolean {
    const { source, settings, now } = this.#options
    return source !== undefined && now() >= Math.min(lastAt + settings.graceMs, openedAt + settings.seriesMaxWaitMs) &&
      now() >= this.#silentUntil && !this.#abort.signal.aborted
  }

  /** A failure is as if there were no PACS; one that does not answer is left alone for a while. */
  async #askSource ({ studyInstanceUid: study, seriesInstanceUid: uid }: SeriesRow): Promise<number | undefined> {
    const { source, now, onEvent } = this.#options
    try {
      return await source?.count(study, uid, this.#abort.signal)
    } catch (thrown) {
      if (this.#abort.signal.aborted) return undefined
      const { code } = toAppError(thrown)
      if (code === 'remote-unreachable') this.#silentUntil = now() + silencePauseMs
      onEvent({ type: 'source-failed', code })
      return undefined
    }
  }

  #close (series: SeriesRow, state: 'COMPLETE' | 'FORCED' | 'SKIPPED', why: string): boolean {
    const closed = this.#options.archive.series.close(series, { state, why, now: this.#options.now() })
    if (closed) {
      this.#pulledAt.delete(series.seriesInstanceUid)
      this.#options.onEvent({ type: 'series-closed', series: shortHash(series.seriesInstanceUid), state, instances: series.held, revision: series.revision, why })
    }
    return closed
  }
}
