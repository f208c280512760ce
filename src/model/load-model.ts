import { AppError } from '../errors.ts'
import type { Classifier } from './classifier.ts'
import type { DeviceName, Engine, EngineName } from './engines/engine.ts'
import { openEngineThread } from './engines/engine-thread.ts'
import { openTensorFlow } from './engines/tensorflow.ts'
import type { ModelManifest } from './manifest.ts'
import { readManifest, readModelFiles, readNetwork } from './model-files.ts'
import { NetworkClassifier } from './network-classifier.ts'

/** `auto`: onnxruntime, and TensorFlow where that has no binary. */
export type EngineChoice = 'auto' | EngineName

export interface LoadOptions {
  readonly engine: EngineChoice
  /** Threads of one run, for onnxruntime; `defaultThreads` where absent. */
  readonly threads?: number | undefined
  /** What onnxruntime computes on; `cpu` where absent. TensorFlow computes on the processor alone. */
  readonly device?: DeviceName | undefined
}

/**
 * Opens a model folder: manifest.json, model.json and weight shards, every file checked against its hash before use.
 * @throws AppError `model-not-found`, `model-invalid` naming the file, layer or setting that is wrong, `engine-unavailable`
 */
export async function loadModel (directory: string, options: LoadOptions): Promise<Classifier> {
  const { manifest, sha256 } = await readManifest(directory)
  return new NetworkClassifier(manifest, sha256, await openEngine(directory, manifest, options))
}

async function openEngine (
  directory: string, manifest: ModelManifest, { engine, threads, device = 'cpu' }: LoadOptions,
): Promise<Engine> {
  const inTensorFlow = async (): Promise<Engine> => {
    await readNetwork(directory, manifest) // to be told what is wrong with it
    return await openTensorFlow(await readModelFiles(directory, manifest), manifest)
  }
  if (engine === 'tensorflow') {
    if (device !== 'cpu') throw new AppError('engine-unavailable', 'TensorFlow computes on the processor alone here', { device })
    return await inTensorFlow()
  }
  try {
    return await openEngineThread(directory, manifest, { threads, device })
  } catch (thrown) {
    // a GPU that was asked for is not silently left idle
    if (engine === 'onnxruntime' || device !== 'cpu' || !(thrown instanceof AppError) || thrown.code !== 'engine-unavailable') throw thrown
    return await inTensorFlow()
  }
}
