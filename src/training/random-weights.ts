import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AppError } from '../errors.ts'
import { layersModelSchema } from '../model/layers-model.ts'
import { manifestText } from '../model/manifest-text.ts'
import type { ModelManifest } from '../model/manifest.ts'
import { Random } from './random.ts'

/** Bytes of a value as it is stored. */
const valueBytes: Readonly<Record<string, number>> = { uint8: 1, uint16: 2, float16: 2 }

/**
 * Runs `use` on a copy of a model folder in which the values of every weight were shuffled: the same network with the same values,
 * knowing nothing. The copy is removed afterwards.
 */
export async function withRandomWeights<Result> (
  directory: string, manifest: ModelManifest, seed: number, use: (directory: string) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'tuberlens-random-'))
  try {
    const files = new Map(await Promise.all(manifest.files.map(async ({ path }) =>
      [path, await readFile(join(directory, path))] as const)))
    shuffle(files, new Random(seed, 0x7a2d))
    for (const [path, bytes] of files) await writeFile(join(folder, path), bytes)
    const hashed = [...files].map(([path, bytes]) => ({ path, sha256: createHash('sha256').update(bytes).digest('hex') }))
    await writeFile(join(folder, 'manifest.json'), manifestText({ ...manifest, files: hashed }))
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function shuffle (files: Map<string, Buffer>, random: Random): void {
  const text = files.get('model.json')
  if (text === undefined) throw new AppError('model-invalid', 'the manifest names no model.json')
  const { weightsManifest } = layersModelSchema.parse(JSON.parse(text.toString('utf8')))
  for (const { paths, weights } of weightsManifest) {
    const shards = paths.map(path => files.get(path)!)
    const whole = Buffer.concat(shards)
    let at = 0
    for (const { shape, quantization } of weights) {
      const bytes = quantization === undefined ? 4 : valueBytes[quantization.dtype]!
      const count = shape.reduce((product, length) => product * length, 1)
      shuffleValues(whole.subarray(at, at + count * bytes), bytes, random)
      at += count * bytes
    }
    let start = 0
    for (const [i, path] of paths.entries()) {
      const end = start + shards[i]!.length
      files.set(path, whole.subarray(start, end))
      start = end
    }
  }
}

/** Fisher–Yates over values of several bytes, in place. */
function shuffleValues (bytes: Buffer, size: number, random: Random): void {
  const kept = Buffer.alloc(size)
  for (let i = bytes.length / size - 1; i > 0; i--) {
    const k = random.below(i + 1)
    bytes.copy(kept, 0, i * size, (i + 1) * size)
    bytes.copy(bytes, i * size, k * size, (k + 1) * size)
    kept.copy(bytes, k * size)
  }
}
