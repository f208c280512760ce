import { Worker } from 'node:worker_threads'
import { AppError } from '../../errors.ts'
import type { ErrorCode, ErrorFacts } from '../../errors.ts'
import type { ModelManifest } from '../manifest.ts'
import type { Engine, EngineOptions, EngineOutput, WantedMaps } from './engine.ts'

/** To the thread: `open` first, `close` last. Runs are computed one after another, in order. */
export type EngineRequest =
  | { readonly kind: 'open', readonly directory: string, readonly manifest: ModelManifest, readonly options: EngineOptions }
  | { readonly kind: 'run', readonly rasters: Float32Array, readonly count: number, readonly maps: WantedMaps }
  | { readonly kind: 'close' }

/** One for each request: what was opened, what a run gave. */
export type EngineReply =
  | { readonly kind: 'done', readonly opened?: Pick<Engine, 'name' | 'batchSize'>, readonly output?: EngineOutput }
  | { readonly kind: 'failed', readonly code: ErrorCode, readonly message: string, readonly facts: ErrorFacts }

type Done = Extract<EngineReply, { kind: 'done' }>
interface Waiting { readonly resolve: (reply: Done) => void, readonly reject: (error: AppError) => void }

const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js'

/**
 * The model of a folder in onnxruntime, in a thread of its own, as its runs block the thread that calls: what calls here decodes, draws and
 * writes meanwhile. Calls may overlap.
 * @throws AppError as `loadModel`
 */
export async function openEngineThread (directory: string, manifest: ModelManifest, options: EngineOptions): Promise<Engine> {
  const thread = new EngineThread()
  try {
    const { opened } = await thread.ask({ kind: 'open', directory, manifest, options })
    return new ThreadedEngine(thread, opened!)
  } catch (thrown) {
    await thread.end()
    throw thrown
  }
}

class EngineThread {
  readonly #worker = new Worker(new URL(`./engine-worker${extension}`, import.meta.url))
  /** In the order of the requests. */
  readonly #waiting: Waiting[] = []
  #ended: AppError | undefined

  constructor () {
    this.#worker.on('message', (reply: EngineReply) => { this.#answer(reply) })
    this.#worker.on('error', cause => { this.#fall(new AppError('engine-failed', 'the engine crashed', {}, { cause })) })
    this.#worker.on('exit', () => { this.#fall(new AppError('engine-failed', 'the engine ended')) })
  }

  async ask (request: EngineRequest): Promise<Done> {
    return await new Promise((resolve, reject) => {
      if (this.#ended !== undefined) { reject(this.#ended); return }
      this.#waiting.push({ resolve, reject })
      // an idle thread must not keep the process alive
      this.#worker.ref()
      this.#worker.postMessage(request)
    })
  }

  async end (): Promise<void> {
    this.#worker.ref()
    await this.#worker.terminate()
  }

  #answer (reply: EngineReply): void {
    const waiting = this.#waiting.shift()
    if (this.#waiting.length === 0) this.#worker.unref()
    if (reply.kind === 'done') waiting?.resolve(reply)
    else waiting?.reject(new AppError(reply.code, reply.message, reply.facts))
  }

  #fall (error: AppError): void {
    this.#ended ??= error
    for (const { reject } of this.#waiting.splice(0)) reject(error)
  }
}

class ThreadedEngine implements Engine {
  readonly name: string
  readonly batchSize: number
  readonly #thread: EngineThread

  constructor (thread: EngineThread, { name, batchSize }: Pick<Engine, 'name' | 'batchSize'>) {
    this.#thread = thread
    this.name = name
    this.batchSize = batchSize
  }

  async run (rasters: Float32Array, count: number, maps: WantedMaps): Promise<EngineOutput> {
    const { output } = await this.#thread.ask({ kind: 'run', rasters, count, maps })
    return output!
  }

  async close (): Promise<void> {
    await this.#thread.ask({ kind: 'close' })
    await this.#thread.end()
  }
}
