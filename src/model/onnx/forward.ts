import type { Layer, LayerGraph, OperationOf, Pair, Weight } from '../layer-graph.ts'
import { layerOf, paddingOf } from '../layer-graph.ts'
import { type GraphBuilder, tensorOf } from './graph-builder.ts'

/** Adds the nodes of one layer, pictures as NCHW, its output named `tensorOf(layer.name)`. */
export function addForward (builder: GraphBuilder, graph: LayerGraph, layer: Layer): void {
  const inputs = layer.inputs.map(tensorOf)
  const [input = ''] = inputs
  const output = tensorOf(layer.name)
  const inputShape = layer.inputs[0] === undefined ? [] : layerOf(graph, layer.inputs[0]).shape
  const { operation } = layer
  switch (operation.kind) {
    case 'input':
      break // the graph's own input, transposed
    case 'convolution': {
      const bias = biasConstant(builder, layer.name, operation.bias)
      builder.op('Conv', [input, kernelConstant(builder, layer.name, operation), ...bias],
        convolutionAttributes(operation, inputShape), output)
      break
    }
    case 'affine': {
      const channels = layer.shape.length === 3 ? [operation.scale.length, 1, 1] : [operation.scale.length]
      const scale = builder.constant(`${layer.name} scale`, () => ({ shape: channels, values: operation.scale }))
      const shift = builder.constant(`${layer.name} shift`, () => ({ shape: channels, values: operation.shift }))
      builder.op('Add', [builder.op('Mul', [input, scale]), shift], {}, output)
      break
    }
    case 'activation':
      builder.op({ linear: 'Identity', relu: 'Relu', sigmoid: 'Sigmoid' }[operation.activation], [input], {}, output)
      break
    case 'max-pooling':
      builder.op('MaxPool', [input], poolingAttributes(operation, inputShape), output)
      break
    case 'average-pooling':
      builder.op('AveragePool', [input], { ...poolingAttributes(operation, inputShape), count_include_pad: 0 }, output)
      break
    case 'global-average-pooling':
      builder.op('Flatten', [builder.op('GlobalAveragePool', [input])], { axis: 1 }, output)
      break
    case 'dense': {
      const bias = biasConstant(builder, layer.name, operation.bias)
      builder.op('Gemm', [input, weightsConstant(builder, layer.name, operation.kernel), ...bias], {}, output)
      break
    }
    case 'reshape':
      fromChannelsLast(builder, builder.op('Reshape', [toChannelsLast(builder, input, inputShape), builder.integers(-1, ...layer.shape)]),
        layer.shape, output)
      break
    case 'zero-padding':
      builder.op('Pad', [input, builder.integers(0, 0, operation.top, operation.left, 0, 0, operation.bottom, operation.right)], {}, output)
      break
    case 'add':
      inputs.slice(1).reduce((sum, other, index) =>
        index === inputs.length - 2 ? builder.op('Add', [sum, other], {}, output) : builder.op('Add', [sum, other]), input)
      break
    case 'concatenate':
      builder.op('Concat', inputs, { axis: 1 }, output)
      break
    case 'log-mean-exp': {
      const [rows = 0, columns = 0] = inputShape
      const sharpness = builder.scalar(operation.sharpness)
      const sum = builder.op('ReduceLogSumExp', [builder.op('Mul', [input, sharpness]), builder.integers(2, 3)], { keepdims: 0 })
      builder.op('Div', [builder.op('Sub', [sum, builder.scalar(Math.log(rows * columns))]), sharpness], {}, output)
      break
    }
    case 'identity':
      builder.op('Identity', [input], {}, output)
      break
  }
}

/** ONNX's order of a kernel: outputs, inputs, rows, columns. The runtime turns it once, when it opens the model. */
export function kernelConstant (builder: GraphBuilder, layer: string, { kernel }: OperationOf<'convolution'>): string {
  return builder.op('Transpose', [weightsConstant(builder, layer, kernel)], { perm: [3, 2, 0, 1] })
}

/** A kernel in TensorFlow's order: rows, columns, inputs, outputs; of a dense layer inputs, outputs. One for forward and backward. */
export function weightsConstant (builder: GraphBuilder, layer: string, kernel: Weight): string {
  return builder.constant(`${layer} kernel`, () => kernel)
}

/** None, or one. */
function biasConstant (builder: GraphBuilder, layer: string, values: Float32Array | undefined): string[] {
  return values === undefined ? [] : [builder.constant(`${layer} bias`, () => ({ shape: [values.length], values }))]
}

export interface WindowAttributes {
  readonly [name: string]: readonly number[]
  readonly kernel_shape: readonly number[]
  readonly strides: readonly number[]
  /** top, left, bottom, right */
  readonly pads: readonly number[]
}

export function convolutionAttributes (operation: OperationOf<'convolution'>, inputShape: readonly number[]): WindowAttributes {
  const [rows = 0, columns = 0] = operation.kernel.shape
  return {
    ...windowAttributes([rows, columns], operation.strides, operation.dilations, operation.padding, inputShape),
    dilations: operation.dilations,
  }
}

export function poolingAttributes (operation: OperationOf<'max-pooling' | 'average-pooling'>, inputShape: readonly number[]): WindowAttributes {
  return windowAttributes(operation.poolSize, operation.strides, [1, 1], operation.padding, inputShape)
}

function windowAttributes (
  kernel: Pair, strides: Pair, dilations: Pair, padding: 'same' | 'valid', [rows = 0, columns = 0]: readonly number[],
): WindowAttributes {
  const [top, bottom] = paddingOf(rows, kernel[0], strides[0], dilations[0], padding)
  const [left, right] = paddingOf(columns, kernel[1], strides[1], dilations[1], padding)
  return { kernel_shape: kernel, strides, pads: [top, left, bottom, right] }
}

/** TensorFlow flattens rows, columns, channels in that order: a picture is turned before and after a reshape. */
export function toChannelsLast (builder: GraphBuilder, tensor: string, shape: readonly number[]): string {
  return shape.length === 3 ? builder.op('Transpose', [tensor], { perm: [0, 2, 3, 1] }) : tensor
}

function fromChannelsLast (builder: GraphBuilder, tensor: string, shape: readonly number[], output: string): void {
  if (shape.length === 3) builder.op('Transpose', [tensor], { perm: [0, 3, 1, 2] }, output)
  else builder.op('Identity', [tensor], {}, output)
}
