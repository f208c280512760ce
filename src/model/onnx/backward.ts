import { AppError } from '../../errors.ts'
import { type ActivationFunction, type Layer, type LayerGraph, type OperationOf, layerOf } from '../layer-graph.ts'
import { convolutionAttributes, kernelConstant, poolingAttributes, toChannelsLast, weightsConstant } from './forward.ts'
import { type GraphBuilder, tensorOf } from './graph-builder.ts'

/** ∂logit/∂output of a layer, as a tensor in the output's shape. */
export interface Gradient { readonly layer: string, readonly tensor: string }

/**
 * Adds the chain rule from the logit back to one layer.
 * @param target name of a layer that the logit depends on
 * @param known where to start instead, when every way from the target to the logit leads through that layer
 * @returns the name of the tensor ∂logit/∂output of that layer, in the output's shape
 */
export function addGradient (builder: GraphBuilder, graph: LayerGraph, target: string, known?: Gradient): string {
  const between = dependents(graph, target)
  const start = known ?? { layer: graph.logit, tensor: onesLike(builder, tensorOf(graph.logit)) }
  const parts = new Map<string, string[]>([[start.layer, [start.tensor]]])
  const collect = (layer: string, part: string): void => { parts.set(layer, [...parts.get(layer) ?? [], part]) }
  for (const layer of graph.layers.toReversed()) {
    const collected = parts.get(layer.name)
    if (collected === undefined) continue
    const gradient = collected.reduce((sum, part) => builder.op('Add', [sum, part]))
    if (layer.name === target) return gradient
    const rectified = rectifiedAlone(graph, layer, target)
    if (rectified !== undefined) {
      const passed = activationGradient(builder, 'relu', tensorOf(layer.name), gradient)
      collect(rectified.inputs[0] ?? '', addBackward(builder, graph, layer, passed, 0))
      continue
    }
    for (const [position, input] of layer.inputs.entries()) {
      if (between.has(input)) collect(input, addBackward(builder, graph, layer, gradient, position))
    }
  }
  throw new AppError('model-invalid', `the logit does not depend on layer ${target}`, { layer: target })
}

/**
 * The ReLU before a max pooling that alone reads it. What the pooling gives is what the ReLU gave at the place that the gradient goes
 * back to, so that the ReLU's gradient can be taken after the pooling, on fewer numbers, instead of before it.
 */
function rectifiedAlone (graph: LayerGraph, { operation, inputs }: Layer, target: string): Layer | undefined {
  if (operation.kind !== 'max-pooling') return undefined
  const input = layerOf(graph, inputs[0] ?? '')
  if (input.name === target || input.operation.kind !== 'activation' || input.operation.activation !== 'relu') return undefined
  return graph.layers.filter(layer => layer.inputs.includes(input.name)).length === 1 ? input : undefined
}

/** Whether every way from the input to the logit leads through a layer. */
export function isPassedByAll (graph: LayerGraph, layer: string): boolean {
  return !dependents(graph, graph.input, layer).has(graph.logit)
}

/** The target and every layer that reads it, near or far, but not through `except`. */
function dependents (graph: LayerGraph, target: string, except?: string): Set<string> {
  const found = new Set([target])
  for (const { name, inputs } of graph.layers) if (name !== except && inputs.some(input => found.has(input))) found.add(name)
  return found
}

/** From the gradient of a layer's output to that of one of its inputs. */
function addBackward (builder: GraphBuilder, graph: LayerGraph, layer: Layer, gradient: string, position: number): string {
  const input = layerOf(graph, layer.inputs[position] ?? '')
  const { operation } = layer
  switch (operation.kind) {
    case 'input':
      throw new AppError('model-invalid', `layer ${layer.name} is an input and reads nothing`)
    case 'convolution':
      return convolutionGradient(builder, layer, operation, input.shape, gradient)
    case 'affine': {
      const shape = layer.shape.length === 3 ? [operation.scale.length, 1, 1] : [operation.scale.length]
      return builder.op('Mul', [gradient, builder.constant(`${layer.name} scale`, () => ({ shape, values: operation.scale }))])
    }
    case 'activation':
      return activationGradient(builder, operation.activation, tensorOf(layer.name), gradient)
    case 'max-pooling':
      return maxPoolingGradient(builder, operation, input, gradient)
    case 'average-pooling':
      return averagePoolingGradient(builder, operation, input.shape, gradient)
    case 'global-average-pooling': {
      const [rows = 0, columns = 0, channels = 0] = input.shape
      const spread = builder.op('Reshape', [gradient, builder.integers(-1, channels, 1, 1)])
      const share = builder.op('Mul', [spread, builder.scalar(1 / (rows * columns))])
      return builder.op('Expand', [share, builder.op('Shape', [tensorOf(input.name)])])
    }
    case 'dense':
      return builder.op('Gemm', [gradient, weightsConstant(builder, layer.name, operation.kernel)], { transB: 1 })
    case 'reshape': {
      const flat = builder.op('Reshape', [toChannelsLast(builder, gradient, layer.shape), builder.integers(-1, ...input.shape)])
      return input.shape.length === 3 ? builder.op('Transpose', [flat], { perm: [0, 3, 1, 2] }) : flat
    }
    case 'zero-padding': {
      const [rows = 0, columns = 0] = input.shape
      return builder.op('Slice', [gradient, builder.integers(operation.top, operation.left),
        builder.integers(operation.top + rows, operation.left + columns), builder.integers(2, 3)])
    }
    case 'add': {
      // an input that was stretched gathers what every copy of it received
      const rank = layer.shape.length
      const axes = layer.shape.flatMap((length, axis) => input.shape[axis] === 1 && length !== 1 ? [onnxAxis(axis, rank)] : [])
      return axes.length === 0 ? gradient : builder.op('ReduceSum', [gradient, builder.integers(...axes)], { keepdims: 1 })
    }
    case 'concatenate': {
      const channels = layer.inputs.map(name => layerOf(graph, name).shape.at(-1) ?? 0)
      const start = channels.slice(0, position).reduce((sum, count) => sum + count, 0)
      const end = start + (channels[position] ?? 0)
      return builder.op('Slice', [gradient, builder.integers(start), builder.integers(end), builder.integers(1)])
    }
    case 'log-mean-exp':
      return logMeanExpGradient(builder, layer, operation, input, gradient)
    case 'identity':
      return gradient
  }
}

/** rows, columns, channels without a batch → ONNX's axes with one */
function onnxAxis (axis: number, rank: number): number {
  return rank === 3 ? [2, 3, 1][axis] ?? 0 : axis + 1
}

function onesLike (builder: GraphBuilder, tensor: string): string {
  return builder.op('ConstantOfShape', [builder.op('Shape', [tensor])], { value: { tensor: { shape: [1], values: Float32Array.of(1) } } })
}

function convolutionGradient (
  builder: GraphBuilder, layer: Layer, operation: OperationOf<'convolution'>, inputShape: readonly number[], gradient: string,
): string {
  const { kernel_shape: kernel, strides, pads } = convolutionAttributes(operation, inputShape)
  const [top = 0, left = 0, bottom = 0, right = 0] = pads
  const reach = operation.dilations.map((dilation, axis) => ((kernel[axis] ?? 1) - 1) * dilation)
  const [reachRows = 0, reachColumns = 0] = reach
  if (strides.every(stride => stride === 1)) {
    return builder.op('Conv', [gradient, turnedKernel(builder, layer.name, operation)], {
      kernel_shape: kernel,
      dilations: operation.dilations,
      pads: [reachRows - top, reachColumns - left, reachRows - bottom, reachColumns - right],
    })
  }
  const missing = [0, 1].map(axis => {
    const spread = ((layer.shape[axis] ?? 0) - 1) * (strides[axis] ?? 1) + (reach[axis] ?? 0) + 1
    return (inputShape[axis] ?? 0) - (spread - (pads[axis] ?? 0) - (pads[axis + 2] ?? 0))
  })
  return builder.op('ConvTranspose', [gradient, kernelConstant(builder, layer.name, operation)], {
    kernel_shape: kernel, strides, pads, dilations: operation.dilations, output_padding: missing,
  })
}

/** The kernel for a gradient: inputs, outputs, and both sides reversed. */
function turnedKernel (builder: GraphBuilder, layer: string, { kernel }: OperationOf<'convolution'>): string {
  const [rows = 0, columns = 0] = kernel.shape
  const weights = weightsConstant(builder, layer, kernel)
  const sides = builder.integers(0, 1)
  const back = builder.integers(-1, -1)
  const reversed = rows * columns === 1
    ? weights
    : builder.op('Slice', [weights, back, builder.integers(-rows - 1, -columns - 1), sides, back])
  return builder.op('Transpose', [reversed], { perm: [2, 3, 0, 1] })
}

function activationGradient (builder: GraphBuilder, activation: ActivationFunction, output: string, gradient: string): string {
  if (activation === 'linear') return gradient
  if (activation === 'relu') {
    const passed = builder.op('Cast', [builder.op('Greater', [output, builder.scalar(0)])], { to: 1 })
    return builder.op('Mul', [gradient, passed])
  }
  const slope = builder.op('Mul', [output, builder.op('Sub', [builder.scalar(1), output])])
  return builder.op('Mul', [gradient, slope])
}

/** The indices are computed again here, so that a run without maps does not pay for them. */
function maxPoolingGradient (builder: GraphBuilder, operation: OperationOf<'max-pooling'>, input: Layer, gradient: string): string {
  const attributes = poolingAttributes(operation, input.shape)
  const [, indices = ''] = builder.ops('MaxPool', [tensorOf(input.name)], 2, attributes)
  const shape = builder.op('Shape', [tensorOf(input.name)])
  const unpadded = attributes.pads.every(pad => pad === 0)
  const disjoint = unpadded && operation.poolSize.every((size, axis) => size === operation.strides[axis])
  if (disjoint) {
    return builder.op('MaxUnpool', [gradient, indices, shape], { kernel_shape: attributes.kernel_shape, strides: attributes.strides })
  }
  // windows overlap: one input may be the largest of several, and collects from each
  const flat = (tensor: string) => builder.op('Reshape', [tensor, builder.integers(-1)])
  const zeros = builder.op('ConstantOfShape', [builder.op('ReduceProd', [shape], { keepdims: 1 })])
  const collected = builder.op('ScatterElements', [zeros, flat(indices), flat(gradient)], { axis: 0, reduction: 'add' })
  return builder.op('Reshape', [collected, shape])
}

function averagePoolingGradient (
  builder: GraphBuilder, operation: OperationOf<'average-pooling'>, inputShape: readonly number[], gradient: string,
): string {
  const { kernel_shape: kernel, strides, pads } = poolingAttributes(operation, inputShape)
  if (strides.some(stride => stride !== 1)) {
    throw new AppError('model-invalid', 'maps through an average pooling with a stride are not supported')
  }
  const [rows = 0, columns = 0] = inputShape
  const [height = 1, width = 1] = kernel
  const [top = 0, left = 0, bottom = 0, right = 0] = pads
  const outRows = rows + top + bottom - height + 1
  const outColumns = columns + left + right - width + 1
  const inside = (start: number, length: number, size: number) => Math.min(start + length, size) - Math.max(start, 0)
  // TensorFlow divides by the cells inside the picture; AveragePool below divides by all of them
  const weight = builder.constant(`average ${[rows, columns, ...kernel, ...pads].join(' ')}`, () => {
    const values = new Float32Array(outRows * outColumns)
    for (let row = 0; row < outRows; row++) {
      for (let column = 0; column < outColumns; column++) {
        const count = inside(row - top, height, rows) * inside(column - left, width, columns)
        values[row * outColumns + column] = height * width / count
      }
    }
    return { shape: [1, 1, outRows, outColumns], values }
  })
  return builder.op('AveragePool', [builder.op('Mul', [gradient, weight])], {
    kernel_shape: kernel,
    pads: [height - 1 - top, width - 1 - left, height - 1 - bottom, width - 1 - right],
    count_include_pad: 1,
  })
}

/** ∂/∂x of ln(mean(exp(s·x)))/s is the softmax of s·x over the cells: exp(s·(x − y)) / cells. */
function logMeanExpGradient (
  builder: GraphBuilder, layer: Layer, { sharpness }: OperationOf<'log-mean-exp'>, input: Layer, gradient: string,
): string {
  const [rows = 0, columns = 0, channels = 0] = input.shape
  const perChannel = (tensor: string) => builder.op('Reshape', [tensor, builder.integers(-1, channels, 1, 1)])
  const above = builder.op('Sub', [tensorOf(input.name), perChannel(tensorOf(layer.name))])
  const ratio = builder.op('Exp', [builder.op('Mul', [above, builder.scalar(sharpness)])])
  const share = builder.op('Mul', [ratio, builder.scalar(1 / (rows * columns))])
  return builder.op('Mul', [share, perChannel(gradient)])
}
