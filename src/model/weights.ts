import { z } from 'zod'
import { AppError } from '../errors.ts'
import type { Weight } from './layer-graph.ts'

const quantizationSchema = z.discriminatedUnion('dtype', [
  z.object({ dtype: z.literal('uint8'), min: z.number(), scale: z.number() }),
  z.object({ dtype: z.literal('uint16'), min: z.number(), scale: z.number() }),
  z.object({ dtype: z.literal('float16') }),
])

/** TensorFlow.js's `weightsManifest`. */
export const weightsManifestSchema = z.array(z.object({
  paths: z.array(z.string().regex(/^[\w.-]+$/)).min(1),
  weights: z.array(z.object({
    name: z.string(),
    shape: z.array(z.int().nonnegative()),
    dtype: z.literal('float32'),
    quantization: quantizationSchema.optional(),
  })),
}))
export type WeightsManifest = z.infer<typeof weightsManifestSchema>
type WeightSpec = WeightsManifest[number]['weights'][number]

/**
 * Every weight by its name, 8- and 16-bit ones widened to float32.
 * @param files the shards by name
 * @throws AppError `model-invalid` for a missing shard, or one that is shorter or longer than its weights
 */
export function readWeights (manifest: WeightsManifest, files: ReadonlyMap<string, Uint8Array>): Map<string, Weight> {
  const found = new Map<string, Weight>()
  for (const { paths, weights } of manifest) {
    const shards = paths.map(path => {
      const shard = files.get(path)
      if (shard === undefined) throw new AppError('model-invalid', `model.json names the weights ${path}, which the manifest does not list`, { file: path })
      return Buffer.from(shard.buffer, shard.byteOffset, shard.byteLength)
    })
    // one shard is the rule, and too large to be copied for nothing
    const bytes = shards.length === 1 ? shards[0]! : Buffer.concat(shards)
    let offset = 0
    for (const spec of weights) {
      const count = spec.shape.reduce((product, length) => product * length, 1)
      const length = count * bytesPerValue(spec)
      if (offset + length > bytes.length) {
        throw new AppError('model-invalid', `the weights end inside ${spec.name}`, { weight: spec.name, files: paths.join(', ') })
      }
      found.set(spec.name, { shape: spec.shape, values: decode(spec, bytes.subarray(offset, offset + length), count) })
      offset += length
    }
    if (offset !== bytes.length) {
      throw new AppError('model-invalid', `${bytes.length - offset} bytes follow the last weight`, { files: paths.join(', ') })
    }
  }
  return found
}

function bytesPerValue ({ quantization }: WeightSpec): number {
  if (quantization === undefined) return 4
  return quantization.dtype === 'uint8' ? 1 : 2
}

function decode ({ quantization }: WeightSpec, bytes: Buffer, count: number): Float32Array {
  // little endian, as are all machines that the engines exist for
  if (quantization === undefined) return floatsOf(bytes, count)
  const values = new Float32Array(count)
  const read = (index: number): number => {
    if (quantization.dtype === 'uint8') return bytes.readUInt8(index) * quantization.scale + quantization.min
    const word = bytes.readUInt16LE(index * 2)
    return quantization.dtype === 'uint16' ? word * quantization.scale + quantization.min : halfToNumber(word)
  }
  for (let index = 0; index < count; index++) values[index] = read(index)
  return values
}

/** As they lie in memory, where they lie as numbers must: they are large. */
function floatsOf (bytes: Buffer, count: number): Float32Array {
  if (bytes.byteOffset % 4 === 0) return new Float32Array(bytes.buffer, bytes.byteOffset, count)
  return new Float32Array(new Uint8Array(bytes).buffer)
}

/** IEEE 754 binary16. */
function halfToNumber (half: number): number {
  const sign = half & 0x8000 ? -1 : 1
  const exponent = (half >> 10) & 0x1f
  const fraction = half & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}
