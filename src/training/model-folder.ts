import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LayersModel } from '@tensorflow/tfjs'
import type { ModelManifest } from '../model/manifest.ts'
import { manifestSchema } from '../model/manifest.ts'
import type { TensorFlow } from '../model/tensorflow.ts'

/** Bytes of a weight shard, as TensorFlow.js cuts them. */
const shardBytes = 4 * 1024 * 1024

/**
 * Writes model.json, its weight shards and manifest.json with their hashes. The same weights give the same bytes.
 * @throws AppError never of its own; what the file system throws goes on
 */
export async function writeModelFolder (
  tf: TensorFlow, model: LayersModel, directory: string, manifest: Omit<ModelManifest, 'files'>,
): Promise<ModelManifest> {
  const artifacts = await artifactsOf(tf, model)
  const shardCount = Math.max(1, Math.ceil(artifacts.weights.length / shardBytes))
  const paths = Array.from({ length: shardCount }, (_, i) => `group1-shard${i + 1}of${shardCount}.bin`)
  const files = new Map<string, Uint8Array>()
  const description = {
    format: 'layers-model',
    generatedBy: `TensorFlow.js ${tf.version.tfjs}`,
    convertedBy: null,
    modelTopology: artifacts.topology,
    weightsManifest: [{ paths, weights: artifacts.specs }],
  }
  files.set('model.json', Buffer.from(JSON.stringify(description) + '\n'))
  for (const [i, path] of paths.entries()) files.set(path, artifacts.weights.subarray(i * shardBytes, (i + 1) * shardBytes))
  const whole: ModelManifest = manifestSchema.parse({
    ...manifest,
    files: [...files].map(([path, bytes]) => ({ path, sha256: createHash('sha256').update(bytes).digest('hex') })),
  })
  await mkdir(directory, { recursive: true })
  for (const [path, bytes] of files) await writeFile(join(directory, path), bytes)
  await writeFile(join(directory, 'manifest.json'), JSON.stringify(whole, undefined, 2) + '\n')
  return whole
}

interface Artifacts { readonly topology: unknown, readonly specs: unknown, readonly weights: Uint8Array }

async function artifactsOf (tf: TensorFlow, model: LayersModel): Promise<Artifacts> {
  let found: Artifacts | undefined
  await model.save(tf.io.withSaveHandler(artifacts => {
    const data = artifacts.weightData ?? new ArrayBuffer(0)
    const weights = Array.isArray(data) ? Buffer.concat(data.map(part => new Uint8Array(part))) : new Uint8Array(data)
    found = { topology: artifacts.modelTopology, specs: artifacts.weightSpecs, weights }
    return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' as const } })
  }))
  if (found === undefined) throw new Error('TensorFlow.js gave no artifacts')
  return found
}
