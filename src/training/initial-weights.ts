import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LayersModel } from '@tensorflow/tfjs'
import { AppError } from '../errors.ts'
import { assignWeights } from '../model/keras/assign-weights.ts'
import { flattenModel } from '../model/keras/flatten-model.ts'
import { readKerasFile } from '../model/keras/hdf5-file.ts'
import type { Weight } from '../model/layer-graph.ts'
import type { ModelManifest } from '../model/manifest.ts'
import type { TensorFlow } from '../model/tensorflow.ts'
import { readWeights, weightsManifestSchema } from '../model/weights.ts'

/**
 * Sets a network's weights from a model folder of the same architecture: fine-tuning starts there. From a Keras file, all
 * but the head's.
 * @throws AppError `model-not-found`, `model-invalid`
 */
export async function loadInitialWeights (tf: TensorFlow, model: LayersModel, path: string): Promise<void> {
  if (isKerasFile(path)) await loadKerasWeights(tf, model, await readInitial(path))
  else await loadModelWeights(tf, model, path)
}

async function loadModelWeights (tf: TensorFlow, model: LayersModel, directory: string): Promise<void> {
  const read = (name: string): Promise<Buffer> => readModelFile(directory, name)
  const description = JSON.parse((await read('model.json')).toString('utf8')) as { weightsManifest?: unknown }
  const parsed = weightsManifestSchema.safeParse(description.weightsManifest)
  if (!parsed.success) throw new AppError('model-invalid', 'the model to start from has no weights manifest', {}, { cause: parsed.error })
  const files = new Map<string, Uint8Array>()
  for (const { paths } of parsed.data) for (const path of paths) files.set(path, await read(path))
  const saved = readWeights(parsed.data, files)
  tf.tidy(() => {
    for (const weight of model.weights) {
      const found = saved.get(weight.originalName)
      if (found === undefined || found.shape.join() !== weight.shape.join()) {
        throw new AppError('model-invalid', `the model to start from has no weight ${weight.originalName} of this shape`, { weight: weight.originalName })
      }
      weight.write(tf.tensor(found.values, [...found.shape]))
    }
  })
}

/** Layer by layer in Keras's order, in which our backbones are built; names differ between Keras's versions. */
async function loadKerasWeights (tf: TensorFlow, model: LayersModel, bytes: Uint8Array): Promise<void> {
  const stored = await storedLayers(bytes)
  const layers = model.layers.filter(layer => layer.weights.length > 0).slice(0, -1)
  tf.tidy(() => {
    for (const [index, layer] of layers.entries()) {
      const found = stored[index]
      const fits = layer.weights.length === found?.length &&
        layer.weights.every((weight, part) => weight.shape.join() === found[part]?.shape.join())
      if (!fits) {
        throw new AppError('model-invalid', `the Keras file to start from does not fit the network at layer ${layer.name}`, { layer: layer.name })
      }
      for (const [part, weight] of layer.weights.entries()) weight.write(tf.tensor(found[part]!.values, [...found[part]!.shape]))
    }
  })
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

function isKerasFile (path: string): boolean {
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
  const manifest = JSON.parse((await readModelFile(path, 'manifest.json')).toString('utf8')) as Partial<ModelManifest>
  return manifest.training?.command ?? 'a model that does not say how it was made'
}

async function readModelFile (directory: string, name: string): Promise<Buffer> {
  try {
    return await readFile(join(directory, name))
  } catch (cause) {
    throw new AppError('model-not-found', `the model to start from has no readable ${name}`, { file: name }, { cause })
  }
}
