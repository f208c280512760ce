import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { constants, setPriority } from 'node:os'
import type { Jobs, JobOptions } from '../analysis/jobs.ts'
import type { ReportJob, ReportJobResult } from '../analysis/report-job.ts'
import type { SeriesJob, SeriesJobResult } from '../analysis/series-job.ts'
import { AppError, errorCodes } from '../errors.ts'
import type { ErrorCode } from '../errors.ts'
import type { WorkerAnswer, WorkerRequest } from './analysis-protocol.ts'

/** What runs analyses and reports for the job runner. One job at a time. */
export interface AnalysisService {
  /** @throws AppError of the job; `WorkerCrash` when the process died or hung */
  analyzeSeries (job: SeriesJob, timeoutMs: number): Promise<SeriesJobResult>
  /** @throws as `analyzeSeries` */
  buildReport (job: ReportJob, timeoutMs: number): Promise<ReportJobResult>
  /** Stops the process; a job in it ends with `WorkerCrash`. */
  close (): Promise<void>
}

/** The worker process died, or was killed because it did not answer: the job may be at fault, or not. */
export class WorkerCrash extends Error { override readonly name = 'WorkerCrash' }

export interface AnalysisProcessOptions {
  readonly jobs: JobOptions
  /** Module that exports `openJobs`; the program's own by default. */
  readonly module?: URL | undefined
  /** Called whenever a worker ended without being asked to. */
  readonly onRestart?: (() => void) | undefined
}

interface Waiting { readonly resolve: (answer: WorkerAnswer & { kind: 'result' }) => void, readonly reject: (error: Error) => void }

/** The suffix of this very file tells whether sources or built files run. */
const suffix = import.meta.url.endsWith('.ts') ? '.ts' : '.js'
const workerFile = new URL(`./analysis-worker${suffix}`, import.meta.url)
/**
 * glibc gives freed memory back from this size on (bytes; its own choice rises to 32 MB): what a model takes while it is loaded would
 * else stay with the process. A third less at rest with InceptionV3, for some 3 % more time.
 */
const memory = { MALLOC_MMAP_THRESHOLD_: '131072' }
const defaultModule = new URL(`../analysis/jobs${suffix}`, import.meta.url)

/**
 * Decoding and inference in a process of their own, with the model loaded once: a codec or an engine that crashes, hangs or eats
 * all memory takes one job along, not the service. The process starts with the first job, and with the next one after a death.
 */
export class AnalysisProcess implements AnalysisService {
  readonly #options: AnalysisProcessOptions
  /** Called whenever a worker ended without being asked to. */
  onRestart: (() => void) | undefined
  #child: ChildProcess | undefined
  #waiting: Waiting | undefined
  #closed = false
  /** Whether the process that runs now has its model. */
  #ready = false
  /** Why the last start came to nothing. */
  #failure: AppError | undefined

  constructor (options: AnalysisProcessOptions) {
    this.#options = options
    this.onRestart = options.onRestart
  }

  /** Starts the process, unless it runs, without waiting for it: it loads its model while whoever calls loads the rest. */
  begin (): void { this.#child ??= this.#start() }

  async analyzeSeries (job: SeriesJob, timeoutMs: number): Promise<SeriesJobResult> {
    return await this.#ask({ method: 'analyzeSeries', job }, timeoutMs) as Awaited<ReturnType<Jobs['analyzeSeries']>>
  }

  async buildReport (job: ReportJob, timeoutMs: number): Promise<ReportJobResult> {
    return await this.#ask({ method: 'buildReport', job }, timeoutMs) as Awaited<ReturnType<Jobs['buildReport']>>
  }

  /** Starts the process and loads the model now; its engine and hash. @throws AppError as `loadModel` */
  async warm (timeoutMs: number): Promise<{ engine: string, modelSha256: string }> {
    return await this.#ask({ method: 'warm' }, timeoutMs) as { engine: string, modelSha256: string }
  }

  async close (): Promise<void> {
    this.#closed = true
    const child = this.#child
    if (child === undefined) return
    const ended = new Promise(resolve => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
  }

  /**
   * Nothing, unless the last start came to nothing. It is then tried once more, so that a later call tells whether the cause is
   * gone even where no job comes.
   * @throws AppError `engine-unavailable` when the process cannot be started; as `loadModel`
   */
  checkStart (): void {
    const failure = this.#failure
    if (failure === undefined || this.#closed) return
    if (this.#child === undefined) this.#child = this.#start()
    else this.#open(this.#child)
    throw failure
  }

  /** For tests and tools: the process that runs now. */
  get pid (): number | undefined { return this.#child?.pid }

  async #ask (request: WorkerRequest, timeoutMs: number): Promise<unknown> {
    if (this.#waiting !== undefined) throw new AppError('internal', 'the analysis process was given two jobs at once')
    if (this.#closed) throw new AppError('interrupted', 'the analysis process is closed')
    this.#child ??= this.#start()
    const child = this.#child
    const answer = new Promise<WorkerAnswer & { kind: 'result' }>((resolve, reject) => { this.#waiting = { resolve, reject } })
    const timer = setTimeout(() => {
      this.#fail(child, new WorkerCrash(`the analysis did not end within ${Math.round(timeoutMs / 1000)} s`))
      child.kill('SIGKILL')
    }, timeoutMs)
    try {
      child.send(request, error => { if (error !== null) this.#fail(child, new WorkerCrash('the analysis process cannot be reached')) })
      return (await answer).value
    } finally {
      clearTimeout(timer)
      this.#waiting = undefined
    }
  }

  #start (): ChildProcess {
    this.#ready = false
    const child = fork(workerFile, [], { serialization: 'advanced', stdio: ['ignore', 'ignore', 'ignore', 'ipc'], env: { ...memory, ...process.env } })
    this.#open(child)
    // the service answers requests before the analysis gets its turn
    try {
      if (child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL)
    } catch { /* a courtesy only */ }
    child.on('message', answer => { this.#onAnswer(child, answer as WorkerAnswer) })
    child.on('error', () => { this.#onEnd(child, 'the analysis process cannot be started') })
    child.on('exit', (code, signal) => { this.#onEnd(child, `the analysis process ended (${signal ?? code ?? 'unknown'})`) })
    return child
  }

  #open (child: ChildProcess): void {
    const { jobs, module = defaultModule } = this.#options
    const request: WorkerRequest = { method: 'open', module: module.href, options: jobs }
    // a process that cannot be reached ends, and that is told
    child.send(request, () => undefined)
  }

  #onAnswer (child: ChildProcess, answer: WorkerAnswer): void {
    if (child !== this.#child) return
    if (answer.kind === 'result') { this.#waiting?.resolve(answer); return }
    if (answer.kind === 'ready') { this.#ready = true; this.#failure = undefined; return }
    const error = new AppError(toCode(answer.code), answer.message, answer.facts)
    if (answer.kind === 'unready') this.#failure = error
    else this.#waiting?.reject(error)
  }

  #onEnd (child: ChildProcess, message: string): void {
    this.#fail(child, new WorkerCrash(message))
  }

  #fail (child: ChildProcess, error: WorkerCrash): void {
    if (child !== this.#child) return
    this.#child = undefined
    if (!this.#ready) this.#failure ??= new AppError('engine-unavailable', error.message)
    if (!this.#closed) this.onRestart?.()
    this.#waiting?.reject(error)
  }
}

function toCode (code: string): ErrorCode {
  return errorCodes.find(known => known === code) ?? 'internal'
}
