import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { LayersModel } from '@tensorflow/tfjs'
import { AppError } from '../../src/errors.ts'
import type { Raster } from '../../src/imaging/raster.ts'
import { type TensorFlow, loadTensorFlow } from '../../src/model/tensorflow.ts'

interface Skippable { skip: (name: string, test: () => undefined) => unknown, fail: (message: string) => unknown }

export const tinyModel = resolve(import.meta.dirname, '../../fixtures/tiny-model')

/**
 * TensorFlow, or `undefined` after the test was told to skip.
 * With TUBERLENS_REQUIRE_TENSORFLOW=1 absence is a failure.
 */
export async function requireTensorFlow (t: Skippable): Promise<TensorFlow | undefined> {
  try {
    return await loadTensorFlow()
  } catch (error) {
    const message = error instanceof AppError ? error.message : 'TensorFlow does not load'
    if (process.env['TUBERLENS_REQUIRE_TENSORFLOW'] === '1') t.fail(message)
    else t.skip(message, () => undefined)
    return undefined
  }
}

/** A model folder's files by name, without its manifest. */
export async function modelFiles (directory: string): Promise<Map<string, Uint8Array>> {
  const names = (await readdir(directory)).filter(name => name !== 'manifest.json')
  return new Map(await Promise.all(names.map(async name => [name, await readFile(join(directory, name))] as const)))
}

export function sha256 (bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Uniform numbers in 0..1, the same for a seed on every machine (a 32-bit linear congruential generator). */
export function randomNumbers (count: number, seed: number): Float32Array {
  let state = seed >>> 0
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  })
}

/** Initial weights leave normalisations and biases at 0 and 1, where mistakes would not show. */
export function unsettle (tf: TensorFlow, model: LayersModel): LayersModel {
  for (const [index, weight] of model.weights.entries()) {
    if (!/gamma|beta|moving|bias/.test(weight.name)) continue
    const shape = weight.shape.map(length => length ?? 0)
    const shift = randomNumbers(shape.reduce((product, length) => product * length, 1), index).map(value => (value - 0.5) * 0.6)
    tf.tidy(() => { weight.write(tf.add(weight.read(), tf.tensor(shift, shape))) })
  }
  return model
}

/** A raster of one function of column and row, in all three channels. */
export function rasterOf (gray: (x: number, y: number) => number, size = 224): Raster {
  const data = new Float32Array(size * size * 3)
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) data.fill(gray(x, y), (y * size + x) * 3, (y * size + x + 1) * 3)
  }
  return { width: size, height: size, channels: 3, data, toSource: { a: 1, b: 0, c: 0, d: 0, e: 1, f: 0 } }
}

/** A gray disk on black, and in it, where given, a bright spot. */
export function phantom (spot?: { x: number, y: number, radius: number }): Raster {
  return rasterOf((x, y) => {
    if (spot !== undefined && Math.hypot(x - spot.x, y - spot.y) < spot.radius) return 0.9
    return Math.hypot(x - 112, y - 112) < 90 ? 0.5 : 0
  })
}

export interface Agreement {
  /** 1 for the same direction. */
  readonly cosine: number
  /** |a − b| / |b| */
  readonly relativeError: number
  /** The largest |a − b|, over the largest |b| unless that is 0. */
  readonly largest: number
}

export function agreement (a: Float32Array, b: Float32Array): Agreement {
  let product = 0
  let squaresA = 0
  let squaresB = 0
  let squaresDifference = 0
  let largestDifference = 0
  let largestB = 0
  for (const [index, value] of b.entries()) {
    const other = a[index] ?? NaN
    product += other * value
    squaresA += other * other
    squaresB += value * value
    squaresDifference += (other - value) ** 2
    largestDifference = Math.max(largestDifference, Math.abs(other - value))
    largestB = Math.max(largestB, Math.abs(value))
  }
  return {
    cosine: product / Math.sqrt(squaresA * squaresB),
    relativeError: Math.sqrt(squaresDifference / squaresB),
    largest: largestB === 0 ? largestDifference : largestDifference / largestB,
  }
}
