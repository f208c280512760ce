import { createHash } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LayersModel, io } from '@tensorflow/tfjs'
import { AppError } from '../errors.ts'
import { type ModelManifest, manifestSchema } from './manifest.ts'
import type { TensorFlow } from './tensorflow.ts'

/** What a manifest says besides its format and the hashes. */
export type ModelDescription = Omit<ModelManifest, 'schemaVersion' | 'files'>

const weightsFile = 'weights.bin'

/** A model as files: model.json in TensorFlow.js's LayersModel format, and its weights as float32. */
export async function layersModelFiles (tf: TensorFlow, model: LayersModel): Promise<Map<string, Uint8Array>> {
  let saved: io.ModelArtifacts | undefined
  await model.save(tf.io.withSaveHandler(artifacts => {
    saved = artifacts
    return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } })
  }))
  const data = saved?.weightData
  if (saved === undefined || data === undefined) throw new AppError('internal', 'TensorFlow.js saved no weights')
  const json = {
    format: 'layers-model',
    generatedBy: 'tuberlens',
    convertedBy: null,
    modelTopology: saved.modelTopology,
    weightsManifest: [{ paths: [weightsFile], weights: saved.weightSpecs }],
  }
  const weights = Array.isArray(data) ? Buffer.concat(data.map(part => Buffer.from(part))) : Buffer.from(data)
  return new Map([['model.json', Buffer.from(JSON.stringify(json) + '\n')], [weightsFile, weights]])
}

/**
 * Writes a model folder that `loadModel` opens. The manifest comes last: a folder without one is not a model.
 * @returns the manifest as written
 * @throws AppError `model-invalid` for a description that the manifest's schema refuses
 */
export async function writeModel (
  directory: string, files: ReadonlyMap<string, Uint8Array>, description: ModelDescription,
): Promise<ModelManifest> {
  const hashes = [...files].map(([path, bytes]) => ({ path, sha256: createHash('sha256').update(bytes).digest('hex') }))
  const parsed = manifestSchema.safeParse({ schemaVersion: 1, ...description, files: hashes })
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new AppError('model-invalid', `the manifest is not valid: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`, {}, { cause: parsed.error })
  }
  await mkdir(directory, { recursive: true })
  await rm(join(directory, 'manifest.json'), { force: true })
  for (const [path, bytes] of files) await writeFile(join(directory, path), bytes)
  await writeFile(join(directory, 'manifest.json'), JSON.stringify(parsed.data, undefined, 2) + '\n')
  return parsed.data
}
