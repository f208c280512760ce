import type { LayersModel, SymbolicTensor, layers } from '@tensorflow/tfjs'
import type { TensorFlow } from '../tensorflow.ts'

/** The activation that Grad-CAM weighs: the last one that is a map. */
export const gradCamLayerName = 'conv5_block3_out'
/** One number per slice, before the sigmoid. */
export const logitLayerName = 'logit'

export interface Resnet50Options {
  /** rows, columns, channels; rows and columns at least 32 */
  readonly inputShape: readonly [number, number, number]
  /** Share of the filters of every layer; 1 is Keras's network. */
  readonly width?: number
  /** Of the initial weights. */
  readonly seed?: number
}

interface Convolution {
  readonly filters: number
  readonly kernelSize: number
  readonly strides?: number
  readonly padding?: 'same' | 'valid'
}

/** Filters, and number of residual blocks, of the four stacks. */
const stacks = [[64, 3], [128, 4], [256, 6], [512, 3]] as const

/**
 * ResNet50 (doi 10.1109/CVPR.2016.90) layer for layer as Keras's applications build it without top: names, explicit zero padding,
 * biases before batch normalisation, epsilon 1.001e-5; then global average pooling and one sigmoid unit.
 */
export function build (tf: TensorFlow, { inputShape, width = 1, seed = 1 }: Resnet50Options): LayersModel {
  let drawn = seed
  const apply = (layer: layers.Layer, x: SymbolicTensor): SymbolicTensor => layer.apply(x) as SymbolicTensor
  const padded = (x: SymbolicTensor, name: string, by: number): SymbolicTensor =>
    apply(tf.layers.zeroPadding2d({ name, padding: [[by, by], [by, by]] }), x)
  const rectified = (x: SymbolicTensor, name: string): SymbolicTensor =>
    apply(tf.layers.activation({ name, activation: 'relu' }), x)
  const normalized = (x: SymbolicTensor, part: string, options: Convolution): SymbolicTensor => {
    const { filters, kernelSize, strides = 1, padding = 'valid' } = options
    const convolution = tf.layers.conv2d({
      name: `${part}_conv`,
      filters: Math.ceil(filters * width),
      kernelSize,
      strides,
      padding,
      kernelInitializer: tf.initializers.glorotUniform({ seed: drawn++ }),
    })
    return apply(tf.layers.batchNormalization({ name: `${part}_bn`, epsilon: 1.001e-5 }), apply(convolution, x))
  }
  const block = (x: SymbolicTensor, name: string, filters: number, strides: number, projected: boolean): SymbolicTensor => {
    const shortcut = projected ? normalized(x, `${name}_0`, { filters: 4 * filters, kernelSize: 1, strides }) : x
    const first = rectified(normalized(x, `${name}_1`, { filters, kernelSize: 1, strides }), `${name}_1_relu`)
    const second = rectified(normalized(first, `${name}_2`, { filters, kernelSize: 3, padding: 'same' }), `${name}_2_relu`)
    const third = normalized(second, `${name}_3`, { filters: 4 * filters, kernelSize: 1 })
    const sum = tf.layers.add({ name: `${name}_add` }).apply([shortcut, third]) as SymbolicTensor
    return rectified(sum, `${name}_out`)
  }

  const input = tf.input({ shape: [...inputShape], name: 'input_layer' })
  let x = normalized(padded(input, 'conv1_pad', 3), 'conv1', { filters: 64, kernelSize: 7, strides: 2 })
  x = padded(rectified(x, 'conv1_relu'), 'pool1_pad', 1)
  x = apply(tf.layers.maxPooling2d({ name: 'pool1_pool', poolSize: 3, strides: 2 }), x)
  for (const [index, [filters, blocks]] of stacks.entries()) {
    for (let number = 1; number <= blocks; number++) {
      const first = number === 1
      x = block(x, `conv${index + 2}_block${number}`, filters, first && index > 0 ? 2 : 1, first)
    }
  }

  const mean = apply(tf.layers.globalAveragePooling2d({ name: 'avg_pool' }), x)
  const logit = apply(tf.layers.dense({
    name: logitLayerName, units: 1, kernelInitializer: tf.initializers.glorotUniform({ seed: drawn++ }),
  }), mean)
  const probability = apply(tf.layers.activation({ name: 'probability', activation: 'sigmoid' }), logit)
  return tf.model({ name: 'resnet50', inputs: input, outputs: probability })
}
