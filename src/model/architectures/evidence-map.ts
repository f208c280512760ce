import type { LayersModel, SymbolicTensor, layers } from '@tensorflow/tfjs'
import type { TensorFlow } from '../tensorflow.ts'
import { registerCustomLayers } from './custom-layers.ts'

/** The activation that Grad-CAM weighs: the last one before the one-channel map. */
export const gradCamLayerName = 'context_add'
/** The one-channel map, an eighth of the raster each way: a logit per cell, before any pooling. */
export const evidenceLayerName = 'evidence'
/** One number per slice, before the sigmoid. */
export const logitLayerName = 'logit'

export interface EvidenceMapOptions {
  /** rows, columns, channels; rows and columns divisible by 8 */
  readonly inputShape: readonly [number, number, number]
  /** Filters of the first block; the others have 2, 4 and 6 times as many. */
  readonly filters?: number
  /** Of the smooth maximum that pools the map. */
  readonly sharpness?: number
  /** Of the initial weights. */
  readonly seed?: number
}

/**
 * Four blocks to a map of evidence, whose smooth maximum is the logit. The map can be supervised by tuber masks (layer
 * `evidence`, logits) and is an explanation of its own. Batch normalisation keeps its scale: without it TensorFlow.js's
 * backward pass fails.
 */
export function build (tf: TensorFlow, { inputShape, filters = 16, sharpness = 4, seed = 1 }: EvidenceMapOptions): LayersModel {
  const custom = registerCustomLayers(tf)
  let drawn = seed
  const initializer = () => tf.initializers.heNormal({ seed: drawn++ })
  const block = (x: SymbolicTensor, part: string, convolution: layers.Layer): SymbolicTensor => {
    const convolved = convolution.apply(x) as SymbolicTensor
    const normalized = tf.layers.batchNormalization({ name: part.replace('#', 'bn'), momentum: 0.9 }).apply(convolved) as SymbolicTensor
    return tf.layers.activation({ name: part.replace('#', 'relu'), activation: 'relu' }).apply(normalized) as SymbolicTensor
  }
  const plain = (x: SymbolicTensor, part: string, count: number, kernelSize: number, strides: number) =>
    block(x, part, tf.layers.conv2d({
      name: part.replace('#', 'conv'), filters: count, kernelSize, strides, padding: 'same', useBias: false, kernelInitializer: initializer(),
    }))
  const dilated = (x: SymbolicTensor, part: string, dilationRate: number) =>
    block(x, part, custom.dilatedConv2d({
      name: part.replace('#', 'conv'), filters: 6 * filters, kernelSize: 3, dilationRate, kernelInitializer: initializer(),
    }))
  const halved = (x: SymbolicTensor, name: string) => tf.layers.maxPooling2d({ name, poolSize: 2 }).apply(x) as SymbolicTensor

  const input = tf.input({ shape: [...inputShape], name: 'input' })
  let x = plain(input, 'block1_#', filters, 5, 2)
  x = halved(plain(x, 'block2_#', 2 * filters, 3, 1), 'block2_pool')
  x = halved(plain(x, 'block3_#', 4 * filters, 3, 1), 'block3_pool')
  x = plain(x, 'block4_#1', 6 * filters, 3, 1)
  x = dilated(x, 'block4_#2', 2)
  x = dilated(x, 'block4_#3', 4)

  const mean = tf.layers.globalAveragePooling2d({ name: 'context_mean' }).apply(x) as SymbolicTensor
  const context = tf.layers.dense({ name: 'context_dense', units: 6 * filters, kernelInitializer: initializer() })
    .apply(mean) as SymbolicTensor
  const spread = tf.layers.reshape({ name: 'context_reshape', targetShape: [1, 1, 6 * filters] }).apply(context) as SymbolicTensor
  const added = tf.layers.add({ name: gradCamLayerName }).apply([x, spread]) as SymbolicTensor

  const evidence = tf.layers.conv2d({
    name: evidenceLayerName,
    filters: 1,
    kernelSize: 1,
    kernelInitializer: tf.initializers.glorotNormal({ seed: drawn++ }),
    biasInitializer: tf.initializers.constant({ value: -2 }),
  }).apply(added) as SymbolicTensor
  const pooled = custom.logMeanExpPooling2d({ name: 'evidence_pool', sharpness }).apply(evidence) as SymbolicTensor
  const logit = tf.layers.dense({
    name: logitLayerName, units: 1, kernelInitializer: 'ones', biasInitializer: 'ones',
  }).apply(pooled) as SymbolicTensor
  const probability = tf.layers.activation({ name: 'probability', activation: 'sigmoid' }).apply(logit) as SymbolicTensor
  return tf.model({ name: 'evidence_map', inputs: input, outputs: probability })
}
