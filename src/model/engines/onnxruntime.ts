import { createRequire } from 'node:module'
import type { InferenceSession, Tensor } from 'onnxruntime-node'
import { AppError, toAppError } from '../../errors.ts'
import { type LayerGraph, layerOf } from '../layer-graph.ts'
import { type ExplainedLayers, explainedModel, onnxNames } from '../onnx/explained-model.ts'
import type { EncodedModel } from '../onnx/messages.ts'
import { defaultThreads } from './threads.ts'
import type { DeviceName, Engine, EngineOptions, EngineOutput, RawMaps, WantedMaps } from './engine.ts'

type Runtime = typeof import('onnxruntime-node')

/** @throws AppError `engine-unavailable` where the platform has no binary of it (Macs with Intel processors) */
export async function loadOnnxRuntime (): Promise<Runtime> {
  try {
    return await import('onnxruntime-node')
  } catch (cause) {
    throw new AppError('engine-unavailable', `onnxruntime does not load on ${process.platform} ${process.arch}; the engine tensorflow may.`,
      { platform: process.platform, arch: process.arch }, { cause })
  }
}

/** Exports the network with its gradients to ONNX, in memory, and opens it. @throws AppError as `openOnnxModel`, and as `explainedModel` */
export async function openOnnxRuntime (graph: LayerGraph, layers: ExplainedLayers, options: EngineOptions): Promise<Engine> {
  return await openOnnxModel({ ...explainedModel(graph, layers), inputShape: layerOf(graph, graph.input).shape }, options)
}

/** A network as ONNX, with its gradients. */
export interface OnnxModel extends EncodedModel {
  /** rows, columns, channels */
  readonly inputShape: readonly number[]
}

/**
 * Opens an exported network.
 * @throws AppError `engine-unavailable`, with the fact `device` for a GPU that it cannot use; `model-invalid`
 */
export async function openOnnxModel ({ bytes, externalData, inputShape }: OnnxModel, { threads = defaultThreads(), device = 'cpu' }: EngineOptions): Promise<Engine> {
  const runtime = await loadOnnxRuntime()
  // what it would print to the console is in what it throws
  if (device === 'cuda') runtime.env.logLevel = 'fatal'
  let session: InferenceSession
  try {
    session = await runtime.InferenceSession.create(bytes, {
      executionProviders: [device],
      externalData,
      graphOptimizationLevel: 'all',
      // one slice a run keeps the arena small, and it saves a third of the time that a run without maps takes
      enableCpuMemArena: true,
      logSeverityLevel: 3, // errors alone: its optimiser warns of what it merely leaves as it is
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      // threads that spin between runs starve the other sessions of the machine
      extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } },
    })
  } catch (thrown) {
    if (device === 'cuda') throw withoutCuda(thrown)
    throw toAppError(thrown, 'model-invalid', 'onnxruntime does not accept the network')
  }
  return new OnnxRuntimeEngine(runtime, session, inputShape, device)
}

/** Missing libraries are told from all else, which says itself what it is: no GPU, no driver, too old a one. */
function withoutCuda (cause: unknown): AppError {
  const said = cause instanceof Error ? cause.message : ''
  const reason = /Failed to load (shared )?library/.test(said)
    ? 'its CUDA libraries are not installed'
    : said.includes('backend not found') ? 'its build for this platform has no CUDA' : said.split('\n', 1)[0]?.slice(0, 300) ?? ''
  return new AppError('engine-unavailable', `onnxruntime cannot compute on CUDA here: ${reason} (docs/administration.md, GPU)`,
    { device: 'cuda' }, { cause })
}

class OnnxRuntimeEngine implements Engine {
  readonly name: string
  readonly batchSize: number
  readonly #runtime: Runtime
  readonly #session: InferenceSession
  readonly #inputShape: readonly number[]

  constructor (runtime: Runtime, session: InferenceSession, inputShape: readonly number[], device: DeviceName) {
    const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string }
    this.name = device === 'cpu' ? `onnxruntime ${version}` : `onnxruntime ${version} on ${device.toUpperCase()}`
    // slices in one run hardly gain on a processor and cost it memory; a GPU is idle with one
    this.batchSize = device === 'cpu' ? 1 : 8
    this.#runtime = runtime
    this.#session = session
    this.#inputShape = inputShape
  }

  async run (rasters: Float32Array, count: number, { gradCam, saliency }: WantedMaps): Promise<EngineOutput> {
    const { Tensor } = this.#runtime
    const feeds = {
      [onnxNames.raster]: new Tensor('float32', rasters, [count, ...this.#inputShape]),
      [onnxNames.wantGradCam]: new Tensor('bool', [gradCam], []),
      [onnxNames.wantSaliency]: new Tensor('bool', [saliency], []),
    }
    let results: InferenceSession.OnnxValueMapType
    try {
      results = await this.#session.run(feeds)
    } catch (thrown) {
      throw toAppError(thrown, 'engine-failed', 'onnxruntime could not compute the slices')
    } finally {
      for (const tensor of Object.values(feeds)) tensor.dispose()
    }
    try {
      return {
        probabilities: valuesOf(results[onnxNames.probability]),
        logits: valuesOf(results[onnxNames.logit]),
        ...gradCam ? { gradCam: mapsOf(results[onnxNames.gradCam]) } : {},
        ...saliency ? { saliency: mapsOf(results[onnxNames.saliency]) } : {},
        ...results[onnxNames.evidence] === undefined ? {} : { evidence: mapsOf(results[onnxNames.evidence]) },
      }
    } finally {
      for (const tensor of Object.values(results)) tensor.dispose()
    }
  }

  async close (): Promise<void> {
    await this.#session.release()
  }
}

/** A copy: the tensor's own memory goes with it. */
function valuesOf (tensor: Tensor | undefined): Float32Array {
  if (!(tensor?.data instanceof Float32Array)) throw new AppError('engine-failed', 'onnxruntime left out an output')
  return tensor.data.slice()
}

function mapsOf (tensor: Tensor | undefined): RawMaps {
  const values = valuesOf(tensor)
  const [, height = 0, width = 0] = tensor?.dims ?? []
  return { width, height, values }
}
