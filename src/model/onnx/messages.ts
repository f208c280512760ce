import { type Pieces, bytesField, encode, integerField, messageField, stringField } from './protobuf.ts'

// Field numbers are those of onnx.proto3 (ONNX IR).

/** TensorProto.DataType */
export const elementTypes = { float: 1, int64: 7, bool: 9 } as const
export type ElementType = keyof typeof elementTypes

export interface TensorData {
  readonly shape: readonly number[]
  readonly values: Float32Array | BigInt64Array
}

export interface Subgraph { readonly nodes: readonly Node[], readonly outputs: readonly ValueInfo[] }

/** Numbers are integers: the operators used here have no attributes that are fractions. */
export type Attribute = number | string | readonly number[] | { readonly tensor: TensorData } | { readonly graph: Subgraph }

export interface Node {
  readonly type: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: Readonly<Record<string, Attribute>>
}

export interface ValueInfo {
  readonly name: string
  readonly type: ElementType
  /** A word stands for a length known only when the graph runs. */
  readonly shape: readonly (number | string)[]
}

export interface Model {
  readonly nodes: readonly Node[]
  readonly initializers: ReadonlyMap<string, TensorData>
  readonly inputs: readonly ValueInfo[]
  readonly outputs: readonly ValueInfo[]
}

const irVersion = 9
const operatorSet = 18

/** ModelProto, ready for a runtime. */
export function encodeModel (model: Model): Uint8Array {
  const initializers = [...model.initializers].flatMap(([name, data]) => messageField(5, tensor(name, data)))
  return encode([
    ...integerField(1, irVersion),
    ...stringField(2, 'tuberlens'),
    ...messageField(7, [...graph('model', model.nodes, model.outputs), ...initializers, ...model.inputs.flatMap(info => messageField(11, valueInfo(info)))]),
    ...messageField(8, [...stringField(1, ''), ...integerField(2, operatorSet)]),
  ])
}

function graph (name: string, nodes: readonly Node[], outputs: readonly ValueInfo[]): Pieces {
  return [
    ...nodes.flatMap(each => messageField(1, node(each))),
    ...stringField(2, name),
    ...outputs.flatMap(info => messageField(12, valueInfo(info))),
  ]
}

function node ({ type, inputs, outputs, attributes }: Node): Pieces {
  return [
    ...inputs.flatMap(name => stringField(1, name)),
    ...outputs.flatMap(name => stringField(2, name)),
    ...stringField(4, type),
    ...Object.entries(attributes).flatMap(([name, value]) => messageField(5, attribute(name, value))),
  ]
}

/** AttributeProto: the value's field, and AttributeType beside it in field 20. */
function attribute (name: string, value: Attribute): Pieces {
  const named = (field: Pieces, type: number): Pieces => [...stringField(1, name), ...field, ...integerField(20, type)]
  if (typeof value === 'number') return named(integerField(3, value), 2)
  if (typeof value === 'string') return named(stringField(4, value), 3)
  if ('tensor' in value) return named(messageField(5, tensor(`${name} value`, value.tensor)), 4)
  if ('graph' in value) return named(messageField(6, graph(name, value.graph.nodes, value.graph.outputs)), 5)
  return named(value.flatMap(integer => integerField(8, integer)), 7)
}

function tensor (name: string, { shape, values }: TensorData): Pieces {
  const type = values instanceof Float32Array ? elementTypes.float : elementTypes.int64
  return [
    ...shape.flatMap(length => integerField(1, length)),
    ...integerField(2, type),
    ...stringField(8, name),
    // raw_data is little-endian, as are all machines that the runtime exists for
    ...bytesField(9, new Uint8Array(values.buffer, values.byteOffset, values.byteLength)),
  ]
}

function valueInfo ({ name, type, shape }: ValueInfo): Pieces {
  const dimensions = shape.flatMap(length =>
    messageField(1, typeof length === 'string' ? stringField(2, length) : integerField(1, length)))
  const tensorType = [...integerField(1, elementTypes[type]), ...messageField(2, dimensions)]
  return [...stringField(1, name), ...messageField(2, messageField(1, tensorType))]
}
