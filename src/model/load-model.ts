import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../errors.ts'
import type { Classifier } from './classifier.ts'
import type { Engine, EngineName } from './engines/engine.ts'
import { openOnnxRuntime } from './engines/onnxruntime.ts'
import { openTensorFlow } from './engines/tensorflow.ts'
import type { LayerGraph } from './layer-graph.ts'
import { readLayersModel } from './layers-model.ts'
import { type ModelManifest, manifestSchema } from './manifest.ts'
import { NetworkClassifier } from './network-classifier.ts'

/** `auto`: onnxruntime, and TensorFlow where that has no binary. */
export type EngineChoice = 'auto' | EngineName

export interface LoadOptions {
  readonly engine: EngineChoice
  /** Threads of one run, for onnxruntime; its own choice where absent. */
  readonly threads?: number | undefined
}

/**
 * Opens a model folder: manifest.json, model.json and weight shards, every file checked against its hash before use.
 * @throws AppError `model-not-found`, `model-invalid` naming the file, layer or setting that is wrong, `engine-unavailable`
 */
export async function loadModel (directory: string, options: LoadOptions): Promise<Classifier> {
  const bytes = await readModelFile(directory, 'manifest.json')
  const manifest = parseManifest(bytes)
  const files = await readFiles(directory, manifest)
  const graph = readLayersModel(files)
  checkNetwork(manifest, graph)
  // the manifest holds the hash of every other file: its own hash stands for all
  const sha256 = hashOf(bytes)
  return new NetworkClassifier(manifest, sha256, await openEngine(files, graph, manifest, options))
}

async function readModelFile (directory: string, name: string): Promise<Buffer> {
  try {
    return await readFile(join(directory, name))
  } catch (cause) {
    throw new AppError('model-not-found', `the model folder has no readable ${name}`, { directory, file: name }, { cause })
  }
}

function parseManifest (bytes: Buffer): ModelManifest {
  let json: unknown
  try {
    json = JSON.parse(bytes.toString('utf8'))
  } catch (cause) {
    throw new AppError('model-invalid', 'manifest.json is not JSON', {}, { cause })
  }
  const parsed = manifestSchema.safeParse(json)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const setting = issue?.path.join('.') ?? ''
  throw new AppError('model-invalid', `manifest.json: ${setting}: ${issue?.message ?? 'invalid'}`, { setting }, { cause: parsed.error })
}

async function readFiles (directory: string, manifest: ModelManifest): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>()
  for (const { path, sha256 } of manifest.files) {
    const bytes = await readModelFile(directory, path)
    const found = hashOf(bytes)
    if (found !== sha256) {
      throw new AppError('model-invalid', `${path} is not the file that the manifest describes: its sha256 is ${found}, not ${sha256}`,
        { file: path, expected: sha256, found })
    }
    files.set(path, bytes)
  }
  return files
}

function hashOf (bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function checkNetwork ({ preprocessing, gradCamLayer, evidenceLayer }: ModelManifest, graph: LayerGraph): void {
  const shapeOf = (name: string) => graph.layers.find(layer => layer.name === name)?.shape
  const expected = [preprocessing.height, preprocessing.width, 3].join('×')
  const found = shapeOf(graph.input)?.join('×') ?? ''
  if (found !== expected) {
    throw new AppError('model-invalid', `the manifest prepares rasters of ${expected}, the network reads ${found}`, { expected, found })
  }
  for (const [setting, name] of Object.entries({ gradCamLayer, evidenceLayer })) {
    if (name === undefined) continue
    const shape = shapeOf(name)
    if (shape === undefined) throw new AppError('model-invalid', `${setting}: the network has no layer ${name}`, { setting, layer: name })
    if (shape.length !== 3 || (setting === 'evidenceLayer' && shape[2] !== 1)) {
      throw new AppError('model-invalid', `${setting}: layer ${name} gives ${shape.join('×')}, not a ${setting === 'evidenceLayer' ? 'one-channel map' : 'map'}`,
        { setting, layer: name })
    }
  }
}

async function openEngine (
  files: ReadonlyMap<string, Uint8Array>, graph: LayerGraph, manifest: ModelManifest, { engine, threads }: LoadOptions,
): Promise<Engine> {
  if (engine === 'tensorflow') return await openTensorFlow(files, manifest)
  try {
    return await openOnnxRuntime(graph, manifest, { threads })
  } catch (thrown) {
    if (engine === 'onnxruntime' || !(thrown instanceof AppError) || thrown.code !== 'engine-unavailable') throw thrown
    return await openTensorFlow(files, manifest)
  }
}
