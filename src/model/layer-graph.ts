/** A weight as float32, in TensorFlow's order: kernels are rows, columns, inputs, outputs. */
export interface Weight { readonly shape: readonly number[], readonly values: Float32Array }

export type ActivationFunction = 'linear' | 'relu' | 'sigmoid'
export type Padding = 'same' | 'valid'
/** Rows, columns. */
export type Pair = readonly [number, number]

interface Pooling { readonly poolSize: Pair, readonly strides: Pair, readonly padding: Padding }

/** What a layer computes. An activation that Keras fuses into a layer is a layer of its own here. */
export type Operation =
  | { readonly kind: 'input' }
  | {
    readonly kind: 'convolution'
    readonly kernel: Weight
    readonly bias?: Float32Array | undefined
    readonly strides: Pair
    readonly dilations: Pair
    readonly padding: Padding
  }
  /** Per channel: y = x · scale + shift. Batch normalisation at inference. */
  | { readonly kind: 'affine', readonly scale: Float32Array, readonly shift: Float32Array }
  | { readonly kind: 'activation', readonly activation: ActivationFunction }
  | { readonly kind: 'max-pooling' } & Pooling
  | { readonly kind: 'average-pooling' } & Pooling
  | { readonly kind: 'global-average-pooling' }
  | { readonly kind: 'dense', readonly kernel: Weight, readonly bias?: Float32Array | undefined }
  /** Flatten, Reshape: the new shape, in NHWC order, is the layer's shape. */
  | { readonly kind: 'reshape' }
  | { readonly kind: 'zero-padding', readonly top: number, readonly bottom: number, readonly left: number, readonly right: number }
  /** Sum, with a side of length 1 stretched to the other's. */
  | { readonly kind: 'add' }
  /** Along the last axis. */
  | { readonly kind: 'concatenate' }
  | { readonly kind: 'log-mean-exp', readonly sharpness: number }
  /** Dropout and its like: nothing, at inference. */
  | { readonly kind: 'identity' }

export type OperationKind = Operation['kind']
export type OperationOf<Kind extends OperationKind> = Extract<Operation, { kind: Kind }>

export interface Layer {
  /** Unique. What a model's configuration calls it; `name/linear` for the part before a fused activation. */
  readonly name: string
  readonly operation: Operation
  /** Names of the layers it reads, in order. */
  readonly inputs: readonly string[]
  /** Of the output, without the batch: [rows, columns, channels] or [units]. */
  readonly shape: readonly number[]
}

/** A network with one input picture and one number out, each layer after those it reads. */
export interface LayerGraph {
  readonly name: string
  readonly layers: readonly Layer[]
  readonly input: string
  /** The layer whose single unit is the logit: what the last sigmoid reads. */
  readonly logit: string
}

/** @throws Error for a name that the graph does not have: the caller has checked it */
export function layerOf (graph: LayerGraph, name: string): Layer {
  const layer = graph.layers.find(candidate => candidate.name === name)
  if (layer === undefined) throw new Error(`no layer ${name}`)
  return layer
}

/** Zeros before and after one axis under TensorFlow's rule; SAME puts the odd one after. */
export function paddingOf (size: number, kernel: number, stride: number, dilation: number, padding: Padding): Pair {
  if (padding === 'valid') return [0, 0]
  const reach = (kernel - 1) * dilation + 1
  const total = Math.max((Math.ceil(size / stride) - 1) * stride + reach - size, 0)
  return [Math.floor(total / 2), total - Math.floor(total / 2)]
}
