import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import { transferSyntax } from '../dicom/transfer-syntaxes.ts'
import type { PartOutcome } from '../dicomweb/store-response.ts'
import type { WorkflowEvent } from '../workflow/events.ts'

/** What is read when the metrics are asked for. */
export interface Measures {
  readonly openSeries: number
  /** By state. */
  readonly jobs: Readonly<Record<string, number>>
  readonly destinations: readonly { readonly id: string, readonly dead: number, readonly oldestMs: number | undefined }[]
  readonly spoolBytes: number
  readonly freeBytes: number
}

/** Seconds: a decoding error takes one, a large series on a slow machine a quarter of an hour. */
const jobBuckets = [0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 900]

/**
 * The metrics of one service in a registry of their own (service.md §3.5). Labels are states, codes and configured names: no UID
 * and nothing of a patient.
 */
export class Metrics {
  readonly #registry = new Registry()
  readonly #requests = this.#counter('stow_requests_total', 'Store requests, by the status of their answer', ['status'])
  readonly #instances = this.#counter('stow_instances_total', 'Instances of store requests: stored, ignored, or failed with a reason', ['outcome', 'reason'])
  readonly #bytes = this.#counter('stow_bytes_total', 'Bytes of the instances of store requests')
  readonly #incomplete = this.#counter('series_incomplete_total', 'Series closed at the maximum wait with instances missing')
  readonly #deliveries = this.#counter('deliveries_total', 'Objects sent, by destination, result and reason', ['dest', 'result', 'reason'])
  readonly #decodeFailures = this.#counter('decode_failures_total', 'Frames that could not be decoded', ['codec', 'kind'])
  readonly #restarts = this.#counter('worker_restarts_total', 'Ends of the analysis process that nobody asked for')
  readonly #auditFailures = this.#counter('audit_failures_total', 'Audit records that could not be written')
  readonly #seconds = new Histogram({
    name: 'tuberlens_job_seconds', help: 'Duration of jobs that ended well', labelNames: ['stage'], buckets: jobBuckets, registers: [this.#registry],
  })

  readonly #openSeries = this.#gauge('series_open', 'Series that are still coming')
  readonly #jobs = this.#gauge('jobs', 'Jobs kept, by state', ['state'])
  readonly #oldest = this.#gauge('delivery_oldest_seconds', 'Age of the oldest object that is not at its destination', ['dest'])
  readonly #dead = this.#gauge('dead_letters', 'Objects whose delivery was given up', ['dest'])
  readonly #spool = this.#gauge('spool_bytes', 'Bytes of the instances kept')
  readonly #free = this.#gauge('disk_free_bytes', 'Bytes free for the data folder')
  readonly #measure: () => Promise<Measures>

  /** @param measure cheap: it is called for every scrape */
  constructor (measure: () => Promise<Measures>) {
    this.#measure = measure
    collectDefaultMetrics({ register: this.#registry, prefix: 'tuberlens_' })
  }

  get contentType (): string { return this.#registry.contentType }

  /** The text format of Prometheus. */
  async render (): Promise<string> {
    const { openSeries, jobs, destinations, spoolBytes, freeBytes } = await this.#measure()
    for (const gauge of [this.#jobs, this.#oldest, this.#dead]) gauge.reset()
    this.#openSeries.set(openSeries)
    for (const [state, count] of Object.entries(jobs)) this.#jobs.set({ state }, count)
    for (const { id: dest, dead, oldestMs } of destinations) {
      this.#oldest.set({ dest }, Math.max(0, oldestMs ?? 0) / 1000)
      this.#dead.set({ dest }, dead)
    }
    this.#spool.set(spoolBytes)
    this.#free.set(freeBytes)
    return await this.#registry.metrics()
  }

  /** A store request, or an upload, was answered. */
  stored (status: number): void { this.#requests.inc({ status: String(status) }) }

  /** What became of the instances of a request. */
  received (outcomes: readonly PartOutcome[], bytes: number): void {
    this.#bytes.inc(bytes)
    for (const outcome of outcomes) {
      if (outcome.kind === 'failed') this.#instances.inc({ outcome: 'failed', reason: outcome.reason })
      else this.#instances.inc({ outcome: outcome.retrieveUrl === undefined ? 'ignored' : 'stored', reason: outcome.warning ?? 'none' })
    }
  }

  event (event: WorkflowEvent): void {
    switch (event.type) {
      case 'series-closed': if (event.state !== 'COMPLETE') this.#incomplete.inc(); break
      case 'job-finished': this.#seconds.observe({ stage: event.kind }, event.ms / 1000); break
      case 'delivery':
        for (const { result, reason, count } of event.outcomes) {
          this.#deliveries.inc({ dest: event.destination, result, reason: labelOf(reason) }, count)
        }
        break
      default:
    }
  }

  workerRestarted (): void { this.#restarts.inc() }

  auditFailed (): void { this.#auditFailures.inc() }

  /** @param kind the code of the error */
  decodeFailed (transferSyntaxUid: string, kind: string): void {
    this.#decodeFailures.inc({ codec: transferSyntax(transferSyntaxUid)?.name ?? 'unknown', kind })
  }

  #counter<const L extends string> (name: string, help: string, labelNames: readonly L[] = []): Counter<L> {
    return new Counter({ name: `tuberlens_${name}`, help, labelNames: [...labelNames], registers: [this.#registry] })
  }

  #gauge<const L extends string> (name: string, help: string, labelNames: readonly L[] = []): Gauge<L> {
    return new Gauge({ name: `tuberlens_${name}`, help, labelNames: [...labelNames], registers: [this.#registry] })
  }
}

/** `deadline: unreachable` counts as `deadline`. */
function labelOf (reason: string | undefined): string {
  return reason?.replace(/:.*/, '').replaceAll(' ', '-') ?? 'none'
}
