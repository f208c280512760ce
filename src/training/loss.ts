import type { Scalar, Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs'
import type { TensorFlow } from '../model/tensorflow.ts'

/** A batch as tensors: pictures, 0/1 labels, and how much of each cell of the evidence map is tuber. */
export interface TensorBatch { readonly pictures: Tensor4D, readonly labels: Tensor2D, readonly cells: Tensor4D }

/** Cells above are tuber, cells between are border and do not count (training evidence). */
const tuberCell = 0.35
const borderCell = 0.12
const tuberWeight = 8
const mapShare = 2

/** max(x, 0) − x·z + ln(1 + e^−|x|): binary cross-entropy of logits, element by element. */
export function crossEntropy (tf: TensorFlow, logits: Tensor, targets: Tensor): Tensor {
  return tf.add(tf.sub(tf.relu(logits), tf.mul(logits, targets)), tf.log1p(tf.exp(tf.neg(tf.abs(logits)))))
}

/** Cross-entropy of the image label, smoothed to `smoothing`…1 − `smoothing`, mean over the batch. */
export function imageLoss (tf: TensorFlow, logits: Tensor, labels: Tensor, smoothing: number): Scalar {
  const smooth = tf.add(tf.mul(labels, 1 - 2 * smoothing), smoothing)
  return tf.mean(crossEntropy(tf, logits, smooth))
}

/** Twice the mean cross-entropy of the evidence map, tuber cells weighing 8, border cells 0. */
export function mapLoss (tf: TensorFlow, evidence: Tensor, cells: Tensor): Scalar {
  const tuber = tf.cast(tf.greater(cells, tuberCell), 'float32')
  const border = tf.logicalAnd(tf.greater(cells, borderCell), tf.lessEqual(cells, tuberCell))
  const weight = tf.mul(tf.sub(1, tf.cast(border, 'float32')), tf.add(tf.mul(tuber, tuberWeight - 1), 1))
  return tf.mul(tf.mean(tf.mul(crossEntropy(tf, evidence, tuber), weight)), mapShare)
}

/** Largest share of tuber in each cell of a map an eighth of the picture each way. */
export function toCells (mask: Float32Array, size: number, cell: number): Float32Array {
  const side = Math.floor(size / cell)
  const out = new Float32Array(side * side)
  for (let y = 0; y < side * cell; y++) {
    const row = Math.floor(y / cell) * side
    for (let i = 0, at = y * size; i < side; i++) {
      for (const end = at + cell; at < end; at++) if (mask[at]! > out[row + i]!) out[row + i] = mask[at]!
    }
  }
  return out
}
