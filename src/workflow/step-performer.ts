import type { SqliteArchive } from '../archive/sqlite-archive.ts'
import { shortHash } from '../archive/tombstones.ts'
import type { SeriesRow } from '../archive/series-table.ts'
import type { WorkitemEnd, WorkitemRow } from '../archive/workitem-table.ts'
import { isUid, type Uid } from '../dicom/uid.ts'
import { toAppError } from '../errors.ts'
import type { EventListener } from './events.ts'
import type { SeriesSource } from './series-lifecycle.ts'
import { newUid, seriesOf } from './workitems.ts'

interface Options {
  readonly archive: Pick<SqliteArchive, 'workitems' | 'series' | 'jobs'>
  /** Closes an open series now; whether it was open. */
  readonly process: (series: Uid) => boolean
  /** The PACS that has the inputs, if any. Nothing that a workitem says is ever used as an address. */
  readonly source?: SeriesSource | undefined
  /** How long a workitem waits for its inputs, ms. */
  readonly maxWaitMs: number
  readonly now: () => number
  readonly onEvent: EventListener
}

/** Workitems looked at in one tick. */
const perTick = 100
/** Workitems that are fetched for at the same time. */
const maxFetches = 2
/** Until a PACS that did not answer is asked again, ms. */
const fetchPauseMs = 30_000

/**
 * Performs workitems: fetches their inputs where a PACS is configured, has them analysed now instead of after the quiet
 * period, and ends the workitem when the results of its study are delivered.
 */
export class StepPerformer {
  readonly #options: Options
  readonly #abort = new AbortController()
  readonly #fetches = new Map<Uid, Promise<void>>()
  /** When the PACS is asked again for the inputs of a workitem, ms since 1970. */
  readonly #nextFetch = new Map<Uid, number>()

  constructor (options: Options) { this.#options = options }

  /** One look at all that have not ended. */
  tick (): void {
    for (const item of this.#options.archive.workitems.pending(perTick)) {
      if (!this.#fetches.has(item.uid)) this.#look(item)
    }
  }

  /** Resolves when nothing is being fetched any more. */
  async idle (): Promise<void> { await Promise.all(this.#fetches.values()) }

  async stop (): Promise<void> {
    this.#abort.abort()
    await this.idle()
  }

  #look (item: WorkitemRow): void {
    const { archive, source, now, maxWaitMs } = this.#options
    if (!item.fetched && source?.retrieveMissing !== undefined) {
      if (this.#fetches.size < maxFetches && now() >= (this.#nextFetch.get(item.uid) ?? 0)) this.#fetch(item, source)
      return
    }
    const series = this.#held(item)
    const complete = seriesOf(item.inputs).every(uid => series.some(({ seriesInstanceUid }) => seriesInstanceUid === uid))
    if (series.length === 0 || !complete) {
      if (now() - item.createdAt >= maxWaitMs || (item.fetched && series.length === 0)) {
        this.#end(item, { state: 'CANCELED', reason: 'No MR image of the inputs is here' })
      }
      return
    }
    if (item.state === 'SCHEDULED' && !archive.workitems.begin(item.uid, { transactionUid: newUid(), ours: true }, now())) return
    const open = series.filter(({ state }) => state === 'OPEN')
    for (const { seriesInstanceUid } of open) this.#options.process(seriesInstanceUid)
    if (open.length === 0) this.#conclude(item, series)
  }

  /** Once nothing is going on in its studies: their newest reports decide. */
  #conclude (item: WorkitemRow, series: readonly SeriesRow[]): void {
    const { archive } = this.#options
    const studies = [...new Set(series.map(({ studyInstanceUid }) => studyInstanceUid))]
    const progress = studies.map(study => archive.workitems.progress(study))
    if (progress.some(({ busy }) => busy)) return
    const uids = series.map(({ seriesInstanceUid }) => seriesInstanceUid)
    const dead = studies.flatMap(study => archive.jobs.deadAnalyses(study)).filter(({ subject }) => uids.includes(subject))
    if (dead.length === series.length) {
      this.#end(item, { state: 'CANCELED', reason: 'The analysis failed' })
      return
    }
    const reports = progress.flatMap(({ report }) => report ?? [])
    if (reports.some(({ state }) => state !== 'DONE')) {
      this.#end(item, { state: 'CANCELED', reason: 'The results could not be written or delivered' })
    } else if (reports.every(({ id }) => archive.workitems.outputs(id).length === 0)) {
      this.#end(item, { state: 'COMPLETED', reason: 'No axial T2 or FLAIR series' })
    } else {
      const reason = dead.length > 0 ? 'The analysis of a series failed' : undefined
      this.#end(item, { state: 'COMPLETED', reportJobs: reports.map(({ id }) => id), reason })
    }
  }

  #end (item: WorkitemRow, end: WorkitemEnd): void {
    if (this.#options.archive.workitems.end(item.uid, end, this.#options.now())) {
      this.#options.onEvent({ type: 'workitem-ended', workitem: shortHash(item.uid), state: end.state, reason: end.reason })
    }
  }

  /** The input series that are here. */
  #held ({ inputs }: WorkitemRow): SeriesRow[] {
    const { series } = this.#options.archive
    return inputs.flatMap(({ studyInstanceUid, seriesInstanceUid }) => {
      if (seriesInstanceUid === undefined) return series.ofStudy(studyInstanceUid)
      const row = series.get(seriesInstanceUid)
      return row?.studyInstanceUid === studyInstanceUid ? [row] : []
    })
  }

  #fetch (item: WorkitemRow, source: SeriesSource): void {
    this.#fetches.set(item.uid, this.#fetchInputs(item, source).finally(() => { this.#fetches.delete(item.uid) }))
  }

  async #fetchInputs (item: WorkitemRow, source: SeriesSource): Promise<void> {
    const { archive, now, maxWaitMs, onEvent } = this.#options
    const { signal } = this.#abort
    try {
      for (const { studyInstanceUid: study, seriesInstanceUid } of item.inputs) {
        const listed = seriesInstanceUid === undefined ? await source.series?.(study, signal) ?? [] : [seriesInstanceUid]
        for (const series of listed) if (isUid(series)) await source.retrieveMissing?.(study, series, signal)
      }
    } catch (thrown) {
      if (signal.aborted) return
      onEvent({ type: 'source-failed', code: toAppError(thrown).code })
      // what is here already, or waited for long enough, is enough
      if (this.#held(item).length === 0 && now() - item.createdAt < maxWaitMs) {
        this.#nextFetch.set(item.uid, now() + fetchPauseMs)
        return
      }
    }
    this.#nextFetch.delete(item.uid)
    archive.workitems.markFetched(item.uid)
  }
}
