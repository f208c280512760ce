import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs'
import type { TensorFlow } from '../tensorflow.ts'
import { completeNormalization } from './complete-normalization.ts'

/** The activation that Grad-CAM weighs: the last one that is a map. */
export const gradCamLayerName = 'mixed10'
/** One number per slice, before the sigmoid. */
export const logitLayerName = 'logit'

export interface InceptionV3Options {
  /** rows, columns, channels; rows and columns at least 75 */
  readonly inputShape: readonly [number, number, number]
  /** Share of the filters of every layer; 1 is Keras's network. */
  readonly width?: number
  /** Of the initial weights. */
  readonly seed?: number
}

interface Convolution {
  readonly filters: number
  readonly kernel: readonly [rows: number, columns: number]
  readonly strides?: number
  readonly padding?: 'same' | 'valid'
}
type Step = readonly [filters: number, rows: number, columns: number]

/**
 * InceptionV3 (doi 10.1109/CVPR.2016.308) layer for layer as Keras's applications build it without top: names, padding, batch
 * normalisation without scale and with epsilon 0.001; then global average pooling and one sigmoid unit.
 */
export function build (tf: TensorFlow, { inputShape, width = 1, seed = 1 }: InceptionV3Options): LayersModel {
  let drawn = seed
  const used = new Map<string, number>()
  /** Keras numbers the layers that nobody named, from the second on. */
  const numbered = (name: string): string => {
    const count = used.get(name) ?? 0
    used.set(name, count + 1)
    return count === 0 ? name : `${name}_${count}`
  }
  const convolved = (x: SymbolicTensor, { filters, kernel, strides = 1, padding = 'same' }: Convolution): SymbolicTensor => {
    const convolution = tf.layers.conv2d({
      name: numbered('conv2d'),
      filters: Math.ceil(filters * width),
      kernelSize: [...kernel],
      strides,
      padding,
      useBias: false,
      kernelInitializer: tf.initializers.glorotUniform({ seed: drawn++ }),
    })
    const normalization = tf.layers.batchNormalization({ name: numbered('batch_normalization'), scale: false, epsilon: 1e-3 })
    const activation = tf.layers.activation({ name: numbered('activation'), activation: 'relu' })
    return activation.apply(normalization.apply(convolution.apply(x))) as SymbolicTensor
  }
  const chain = (x: SymbolicTensor, ...steps: readonly Step[]): SymbolicTensor =>
    steps.reduce((input, [filters, rows, columns]) => convolved(input, { filters, kernel: [rows, columns] }), x)
  const halved = (x: SymbolicTensor, filters: number): SymbolicTensor =>
    convolved(x, { filters, kernel: [3, 3], strides: 2, padding: 'valid' })
  const largest = (x: SymbolicTensor): SymbolicTensor =>
    tf.layers.maxPooling2d({ name: numbered('max_pooling2d'), poolSize: 3, strides: 2 }).apply(x) as SymbolicTensor
  const averaged = (x: SymbolicTensor, filters: number): SymbolicTensor => {
    const pool = tf.layers.averagePooling2d({ name: numbered('average_pooling2d'), poolSize: 3, strides: 1, padding: 'same' })
    return chain(pool.apply(x) as SymbolicTensor, [filters, 1, 1])
  }
  const joined = (name: string, ...branches: SymbolicTensor[]): SymbolicTensor =>
    tf.layers.concatenate({ name, axis: 3 }).apply(branches) as SymbolicTensor

  const input = tf.input({ shape: [...inputShape], name: 'input_layer' })
  let x = halved(input, 32)
  x = convolved(x, { filters: 32, kernel: [3, 3], padding: 'valid' })
  x = largest(chain(x, [64, 3, 3]))
  x = convolved(x, { filters: 80, kernel: [1, 1], padding: 'valid' })
  x = largest(convolved(x, { filters: 192, kernel: [3, 3], padding: 'valid' }))

  for (const [block, pooled] of [32, 64, 64].entries()) {
    x = joined(`mixed${block}`,
      chain(x, [64, 1, 1]),
      chain(x, [48, 1, 1], [64, 5, 5]),
      chain(x, [64, 1, 1], [96, 3, 3], [96, 3, 3]),
      averaged(x, pooled))
  }
  x = joined('mixed3', halved(x, 384), halved(chain(x, [64, 1, 1], [96, 3, 3]), 96), largest(x))
  for (const [block, inner] of [128, 160, 160, 192].entries()) {
    x = joined(`mixed${4 + block}`,
      chain(x, [192, 1, 1]),
      chain(x, [inner, 1, 1], [inner, 1, 7], [192, 7, 1]),
      chain(x, [inner, 1, 1], [inner, 7, 1], [inner, 1, 7], [inner, 7, 1], [192, 1, 7]),
      averaged(x, 192))
  }
  x = joined('mixed8', halved(chain(x, [192, 1, 1]), 320), halved(chain(x, [192, 1, 1], [192, 1, 7], [192, 7, 1]), 192), largest(x))
  for (const block of [0, 1]) {
    const forked = (from: SymbolicTensor, name: string): SymbolicTensor =>
      joined(name, chain(from, [384, 1, 3]), chain(from, [384, 3, 1]))
    x = joined(`mixed${9 + block}`,
      chain(x, [320, 1, 1]),
      forked(chain(x, [384, 1, 1]), `mixed9_${block}`),
      forked(chain(x, [448, 1, 1], [384, 3, 3]), numbered('concatenate')),
      averaged(x, 192))
  }

  const mean = tf.layers.globalAveragePooling2d({ name: 'avg_pool' }).apply(x) as SymbolicTensor
  const logit = tf.layers.dense({
    name: logitLayerName, units: 1, kernelInitializer: tf.initializers.glorotUniform({ seed: drawn++ }),
  }).apply(mean) as SymbolicTensor
  const probability = tf.layers.activation({ name: 'probability', activation: 'sigmoid' }).apply(logit) as SymbolicTensor
  return completeNormalization(tf, tf.model({ name: 'inception_v3', inputs: input, outputs: probability }))
}
