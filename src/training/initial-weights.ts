import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LayersModel } from '@tensorflow/tfjs'
import { AppError } from '../errors.ts'
import { assignWeights } from '../model/keras/assign-weights.ts'
import { flattenModel } from '../model/keras/flatten-model.ts'
import { readKerasFile } from '../model/keras/hdf5-file.ts'
import type { Weight } from '../model/layer-graph.ts'
import { layersModelSchema } from '../model/layers-model.ts'
import type { ModelManifest } from '../model/manifest.ts'
import type { TensorFlow } from '../model/tensorflow.ts'
import { readWeights, weightsManifestSchema } from '../model/weights.ts'

/** What a network got to start from. */
export interface InitialWeights {
  /** layers whose weights were set */
  readonly layers: number
  /** the network's layer that keeps its own, where not all were taken */
  readonly without?: string
}

/**
 * Sets a network's weights from a model folder of the same architecture: fine-tuning starts there. From a folder whose layers
 * have other names (imported from Keras), and from a Keras file, all but the head's, in the order of the layers.
 * @throws AppError `model-not-found`, `model-invalid`
 */
export async function loadInitialWeights (tf: TensorFlow, model: LayersModel, path: string): Promise<InitialWeights> {
  if (isKerasFile(path)) return setByOrder(tf, model, await storedLayers(await readInitial(path)), 'the Keras file to start from')
  return await loadModelWeights(tf, model, path)
}

async function loadModelWeights (tf: TensorFlow, model: LayersModel, directory: string): Promise<InitialWeights> {
  const read = (name: string): Promise<Buffer> => readModelFile(directory, name)
  const description = parsedJson(await read('model.json')) as { weightsManifest?: unknown }
  const parsed = weightsManifestSchema.safeParse(description.weightsManifest)
  if (!parsed.success) throw new AppError('model-invalid', 'the model to start from has no weights manifest', {}, { cause: parsed.error })
  const files = new Map<string, Uint8Array>()
  for (const { paths } of parsed.data) for (const path of paths) files.set(path, await read(path))
  const saved = readWeights(parsed.data, files)
  // of a network of ours every name is known; of another, hardly any
  const known = model.weights.filter(weight => saved.has(weight.originalName)).length
  if (known * 2 < model.weights.length) return setByOrder(tf, model, layersOf(saved, description), 'the model to start from')
  tf.tidy(() => {
    for (const weight of model.weights) {
      const found = saved.get(weight.originalName)
      if (found === undefined || found.shape.join() !== weight.shape.join()) {
        throw new AppError('model-invalid', `the model to start from has no weight ${weight.originalName} of this shape`, { weight: weight.originalName })
      }
      weight.write(tf.tensor(found.values, [...found.shape]))
    }
  })
  return { layers: withWeights(model).length }
}

function withWeights (model: LayersModel): LayersModel['layers'] {
  return model.layers.filter(layer => layer.weights.length > 0)
}

/** A model folder's weights layer by layer, in the order in which model.json lists the layers. */
function layersOf (saved: ReadonlyMap<string, Weight>, description: object): (readonly Weight[])[] {
  const layers = new Map<string, Weight[]>()
  for (const [name, weight] of saved) {
    const layer = name.slice(0, name.lastIndexOf('/'))
    layers.set(layer, [...layers.get(layer) ?? [], weight])
  }
  const listed = layersModelSchema.safeParse(description)
  if (!listed.success) throw new AppError('model-invalid', 'the model to start from does not list its layers', {}, { cause: listed.error })
  return listed.data.modelTopology.config.layers.flatMap(({ config }) => {
    const found = layers.get(String(config['name']))
    return found === undefined ? [] : [found]
  })
}

function parsedJson (bytes: Buffer): object {
  try {
    return JSON.parse(bytes.toString('utf8')) as object
  } catch (cause) {
    throw new AppError('model-invalid', 'the model to start from has a file that is not JSON', {}, { cause })
  }
}

/** All but the last layer's, in Keras's order, in which our backbones are built; names differ between Keras's versions. */
function setByOrder (tf: TensorFlow, model: LayersModel, stored: readonly (readonly Weight[])[], what: string): InitialWeights {
  const all = withWeights(model)
  const layers = all.slice(0, -1)
  tf.tidy(() => {
    for (const [index, layer] of layers.entries()) {
      const found = stored[index]
      const fits = layer.weights.length === found?.length &&
        layer.weights.every((weight, part) => weight.shape.join() === found[part]?.shape.join())
      if (!fits) {
        throw new AppError('model-invalid', `${what} does not fit the network at layer ${layer.name}`, { layer: layer.name })
      }
      for (const [part, weight] of layer.weights.entries()) weight.write(tf.tensor(found[part]!.values, [...found[part]!.shape]))
    }
  })
  return { layers: layers.length, without: all[all.length - 1]!.name }
}

/** The weights of each layer that has any, models within models laid open where the file describes them. */
async function storedLayers (bytes: Uint8Array): Promise<(readonly Weight[])[]> {
  const { config, weights } = await readKerasFile(bytes)
  if (config === undefined) return [...weights.values()].filter(parts => parts.length > 0)
  const { layers } = flattenModel(config)
  const assigned = new Map<string, Weight[]>()
  for (const [name, weight] of assignWeights(layers, weights)) {
    const layer = name.slice(0, name.lastIndexOf('/'))
    assigned.set(layer, [...assigned.get(layer) ?? [], weight])
  }
  return layers.flatMap(({ name }) => assigned.has(name) ? [assigned.get(name)!] : [])
}

/** Whether `--init` names a Keras file, not a model folder. */
export function isKerasFile (path: string): boolean {
  return /\.(h5|hdf5)$/i.test(path)
}

async function readInitial (path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (cause) {
    throw new AppError('model-not-found', 'the Keras file to start from cannot be read', {}, { cause })
  }
}

/** The command that made the model to start from, so that the whole chain stands in the new manifest. @throws AppError `model-not-found` */
export async function initialCommand (path: string): Promise<string> {
  if (isKerasFile(path)) return `weights of a Keras file, sha256 ${createHash('sha256').update(await readInitial(path)).digest('hex')}`
  const manifest = await initialManifest(path)
  return manifest.training?.command ?? 'a model that does not say how it was made'
}

/** The manifest of the model folder to start from, as far as it can be read. @throws AppError `model-not-found`, `model-invalid` */
export async function initialManifest (directory: string): Promise<Partial<ModelManifest>> {
  return parsedJson(await readModelFile(directory, 'manifest.json'))
}

async function readModelFile (directory: string, name: string): Promise<Buffer> {
  try {
    return await readFile(join(directory, name))
  } catch (cause) {
    throw new AppError('model-not-found', `the model to start from has no readable ${name}`, { file: name }, { cause })
  }
}
