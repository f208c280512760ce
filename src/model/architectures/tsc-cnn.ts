import type { LayersModel } from '@tensorflow/tfjs'
import type { TensorFlow } from '../tensorflow.ts'

/** The activation that Grad-CAM weighs: the last convolution's. */
export const gradCamLayerName = 'block4_conv2'
/** One number per slice, before the sigmoid. */
export const logitLayerName = 'logit'

export interface TscCnnOptions {
  /** rows, columns, channels */
  readonly inputShape: readonly [number, number, number]
  /** Filters of the first block; each further one has twice as many. */
  readonly filters?: number
  /** Units of the hidden dense layer. */
  readonly units?: number
  /** Of the initial weights. */
  readonly seed?: number
}

/**
 * After the paper's own network (doi 10.1371/journal.pone.0232376): four blocks of convolution and max pooling, then fully
 * connected. The article gives no filter counts; 32-64-128-256, two 3×3 each, and 256 dense units are this project's choice.
 */
export function build (tf: TensorFlow, { inputShape, filters = 32, units = 256, seed = 1 }: TscCnnOptions): LayersModel {
  let drawn = seed
  const initializer = () => tf.initializers.heNormal({ seed: drawn++ })
  const model = tf.sequential({ name: 'tsc_cnn' })
  for (const block of [1, 2, 3, 4]) {
    for (const part of [1, 2]) {
      model.add(tf.layers.conv2d({
        name: `block${block}_conv${part}`,
        filters: filters * 2 ** (block - 1),
        kernelSize: 3,
        padding: 'same',
        activation: 'relu',
        kernelInitializer: initializer(),
        ...(block === 1 && part === 1 ? { inputShape: [...inputShape] } : {}),
      }))
    }
    model.add(tf.layers.maxPooling2d({ name: `block${block}_pool`, poolSize: 2 }))
  }
  model.add(tf.layers.flatten({ name: 'flatten' }))
  model.add(tf.layers.dense({ name: 'dense', units, activation: 'relu', kernelInitializer: initializer() }))
  model.add(tf.layers.dropout({ name: 'dropout', rate: 0.5, seed: drawn++ }))
  model.add(tf.layers.dense({
    name: logitLayerName, units: 1, kernelInitializer: tf.initializers.glorotNormal({ seed: drawn++ }),
  }))
  model.add(tf.layers.activation({ name: 'probability', activation: 'sigmoid' }))
  return model
}
