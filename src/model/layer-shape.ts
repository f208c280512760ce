import { AppError } from '../errors.ts'
import { type Operation, type Pair, type Padding, paddingOf } from './layer-graph.ts'

type Shape = readonly number[]
type Shaped = Exclude<Operation, { kind: 'input' | 'reshape' }>

/**
 * The shape that an operation gives, without the batch.
 * @throws AppError `model-invalid` where the inputs or the weights do not fit it
 */
export function shapeOf (name: string, operation: Shaped, inputs: readonly Shape[]): Shape {
  const [input = []] = inputs
  const invalid = (why: string) => new AppError('model-invalid', `layer ${name}: ${why}`, { layer: name })
  const picture = (): readonly [number, number, number] => {
    const [rows, columns, channels] = input
    if (input.length !== 3 || rows === undefined || columns === undefined || channels === undefined) {
      throw invalid(`needs rows, columns and channels, not ${describe(input)}`)
    }
    return [rows, columns, channels]
  }
  const windowed = (kernel: Pair, strides: Pair, dilations: Pair, padding: Padding): Pair => {
    const [rows, columns] = picture()
    const along = (size: number, axis: 0 | 1): number => {
      const [before, after] = paddingOf(size, kernel[axis], strides[axis], dilations[axis], padding)
      const length = Math.floor((size + before + after - (kernel[axis] - 1) * dilations[axis] - 1) / strides[axis]) + 1
      if (length < 1) throw invalid(`its window is larger than ${describe(input)}`)
      return length
    }
    return [along(rows, 0), along(columns, 1)]
  }

  switch (operation.kind) {
    case 'convolution': {
      const [rows = 0, columns = 0, channels = 0, filters = 0] = operation.kernel.shape
      if (picture()[2] !== channels) throw invalid(`its kernel reads ${channels} channels, the input has ${picture()[2]}`)
      if (operation.bias !== undefined && operation.bias.length !== filters) throw invalid('its bias does not fit its kernel')
      return [...windowed([rows, columns], operation.strides, operation.dilations, operation.padding), filters]
    }
    case 'max-pooling':
    case 'average-pooling':
      return [...windowed(operation.poolSize, operation.strides, [1, 1], operation.padding), picture()[2]]
    case 'dense': {
      const [units = 0, out = 0] = operation.kernel.shape
      if (input.length !== 1 || input[0] !== units) throw invalid(`its kernel reads ${units} values, the input is ${describe(input)}`)
      if (operation.bias !== undefined && operation.bias.length !== out) throw invalid('its bias does not fit its kernel')
      return [out]
    }
    case 'affine':
      if (input.at(-1) !== operation.scale.length) throw invalid(`it normalises ${operation.scale.length} channels, the input is ${describe(input)}`)
      return input
    case 'global-average-pooling':
    case 'log-mean-exp':
      return [picture()[2]]
    case 'zero-padding': {
      const [rows, columns, channels] = picture()
      return [rows + operation.top + operation.bottom, columns + operation.left + operation.right, channels]
    }
    case 'add': {
      if (inputs.some(other => other.length !== input.length)) throw invalid('it adds inputs of different rank')
      const sum = input.map((_, axis) => Math.max(...inputs.map(other => other[axis] ?? 0)))
      for (const other of inputs) {
        if (other.some((length, axis) => length !== 1 && length !== sum[axis])) throw invalid(`it cannot add ${inputs.map(describe).join(' and ')}`)
      }
      return sum
    }
    case 'concatenate':
      for (const other of inputs) {
        if (other.length !== input.length || other.slice(0, -1).some((length, axis) => length !== input[axis])) {
          throw invalid(`it cannot join ${inputs.map(describe).join(' and ')}`)
        }
      }
      return [...input.slice(0, -1), inputs.reduce((sum, other) => sum + (other.at(-1) ?? 0), 0)]
    case 'activation':
    case 'identity':
      return input
  }
}

function describe (shape: Shape): string {
  return shape.join('×')
}
