import type { LayersModel, Tensor } from '@tensorflow/tfjs'
import type { TensorFlow } from '../tensorflow.ts'

interface Normalization {
  readonly scale: boolean
  readonly center: boolean
  /** What TensorFlow.js reads the scale and the shift from; absent where the configuration says that there is none. */
  gamma?: { read: () => Tensor }
  beta?: { read: () => Tensor }
}

/**
 * Gives each batch normalisation without scale (or shift) ones (or zeros) to read: without them TensorFlow.js 4.22 fails when it
 * trains and when it takes a gradient. They are no weights of the model: they neither train nor count nor are saved.
 */
export function completeNormalization (tf: TensorFlow, model: LayersModel): LayersModel {
  for (const layer of model.layers) {
    if (layer.getClassName() !== 'BatchNormalization') continue
    const normalization = layer as unknown as Normalization
    const channels = (layer.weights[0]?.shape[0] ?? 0)
    if (!normalization.scale) normalization.gamma = { read: () => tf.ones([channels]) }
    if (!normalization.center) normalization.beta = { read: () => tf.zeros([channels]) }
  }
  return model
}
