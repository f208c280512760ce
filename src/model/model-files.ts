import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '../errors.ts'
import type { LayerGraph } from './layer-graph.ts'
import { readLayersModel } from './layers-model.ts'
import { type ModelManifest, manifestSchema } from './manifest.ts'

/** The manifest of a model folder, and its hash, which stands for all: it holds that of every other file. @throws AppError as `loadModel` */
export async function readManifest (directory: string): Promise<{ readonly manifest: ModelManifest, readonly sha256: string }> {
  const bytes = await readModelFile(directory, 'manifest.json')
  return { manifest: parseManifest(bytes), sha256: hashOf(bytes) }
}

/** The network of a model folder, every file of it checked against its hash before use. @throws AppError as `loadModel` */
export async function readNetwork (directory: string, manifest: ModelManifest): Promise<LayerGraph> {
  const graph = readLayersModel(await readModelFiles(directory, manifest))
  checkNetwork(manifest, graph)
  return graph
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

/** model.json and its weight shards, by name, as they are: a network that does not fit the manifest is not told. */
export async function readModelFiles (directory: string, manifest: ModelManifest): Promise<Map<string, Uint8Array>> {
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
