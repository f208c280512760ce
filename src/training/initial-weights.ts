import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LayersModel } from '@tensorflow/tfjs'
import { AppError } from '../errors.ts'
import type { ModelManifest } from '../model/manifest.ts'
import type { TensorFlow } from '../model/tensorflow.ts'
import { readWeights, weightsManifestSchema } from '../model/weights.ts'

/**
 * Sets a network's weights from a model folder of the same architecture: fine-tuning starts there.
 * @throws AppError `model-not-found`, `model-invalid`
 */
export async function loadInitialWeights (tf: TensorFlow, model: LayersModel, directory: string): Promise<void> {
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

/** The command that made the model to start from, so that the whole chain stands in the new manifest. @throws AppError `model-not-found` */
export async function initialCommand (directory: string): Promise<string> {
  const manifest = JSON.parse((await readModelFile(directory, 'manifest.json')).toString('utf8')) as Partial<ModelManifest>
  return manifest.training?.command ?? 'a model that does not say how it was made'
}

async function readModelFile (directory: string, name: string): Promise<Buffer> {
  try {
    return await readFile(join(directory, name))
  } catch (cause) {
    throw new AppError('model-not-found', `the model to start from has no readable ${name}`, { file: name }, { cause })
  }
}
