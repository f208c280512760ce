import { type Pieces, bytesField, encode, integerField, messageField, stringField } from './protobuf.ts'

// Field numbers are those of onnx.proto3 (ONNX IR).

/** TensorProto.DataType */
export const elementTypes = { float: 1, int64: 7, bool: 9 } as const
export type ElementType = keyof typeof elementTypes

export interface TensorData {
  readonly shape: readonly number[]
  readonly values: Float32Array | BigInt64Array
}

export interface Subgraph {
  readonly nodes: readonly Node[]
  readonly initializers: ReadonlyMap<string, TensorData>
  readonly outputs: readonly ValueInfo[]
}

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

export interface Model extends Subgraph {
  readonly inputs: readonly ValueInfo[]
}

/** A model without its large constants, and these beside it, as they lie in memory: weights are not copied to be handed over. */
export interface EncodedModel {
  readonly bytes: Uint8Array
  readonly externalData: readonly ExternalData[]
}

/** The memory of an encoded model, each piece once, to hand it over to another thread. */
export function buffersOf ({ bytes, externalData }: EncodedModel): ArrayBuffer[] {
  return [...new Set([bytes, ...externalData.map(({ data }) => data)].map(({ buffer }) => buffer as ArrayBuffer))]
}

export interface ExternalData { readonly path: string, readonly data: Uint8Array }

const irVersion = 9
const operatorSet = 18
/** Bytes of a constant from which on it stays outside. */
const leastExternal = 4096

/** ModelProto, ready for a runtime. */
export function encodeModel (model: Model): EncodedModel {
  const encoder = new ModelEncoder()
  const bytes = encode([
    ...integerField(1, irVersion),
    ...stringField(2, 'tuberlens'),
    ...messageField(7, [...encoder.graph('model', model), ...model.inputs.flatMap(info => messageField(11, valueInfo(info)))]),
    ...messageField(8, [...stringField(1, ''), ...integerField(2, operatorSet)]),
  ])
  return { bytes, externalData: encoder.externalData }
}

class ModelEncoder {
  readonly externalData: ExternalData[] = []

  graph (name: string, { nodes, initializers, outputs }: Subgraph): Pieces {
    return [
      ...nodes.flatMap(each => messageField(1, this.#node(each))),
      ...stringField(2, name),
      ...[...initializers].flatMap(([constant, data]) => messageField(5, this.#tensor(constant, data))),
      ...outputs.flatMap(info => messageField(12, valueInfo(info))),
    ]
  }

  #node ({ type, inputs, outputs, attributes }: Node): Pieces {
    return [
      ...inputs.flatMap(name => stringField(1, name)),
      ...outputs.flatMap(name => stringField(2, name)),
      ...stringField(4, type),
      ...Object.entries(attributes).flatMap(([name, value]) => messageField(5, this.#attribute(name, value))),
    ]
  }

  /** AttributeProto: the value's field, and AttributeType beside it in field 20. */
  #attribute (name: string, value: Attribute): Pieces {
    const named = (field: Pieces, type: number): Pieces => [...stringField(1, name), ...field, ...integerField(20, type)]
    if (typeof value === 'number') return named(integerField(3, value), 2)
    if (typeof value === 'string') return named(stringField(4, value), 3)
    if ('tensor' in value) return named(messageField(5, this.#tensor(`${name} value`, value.tensor)), 4)
    if ('graph' in value) return named(messageField(6, this.graph(name, value.graph)), 5)
    return named(value.flatMap(integer => integerField(8, integer)), 7)
  }

  #tensor (name: string, { shape, values }: TensorData): Pieces {
    const type = values instanceof Float32Array ? elementTypes.float : elementTypes.int64
    // little-endian, as are all machines that the runtime exists for
    const data = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
    return [
      ...shape.flatMap(length => integerField(1, length)),
      ...integerField(2, type),
      ...stringField(8, name),
      ...data.length < leastExternal ? bytesField(9, data) : this.#external(data),
    ]
  }

  /** external_data, and data_location EXTERNAL */
  #external (data: Uint8Array): Pieces {
    const path = `weights-${this.externalData.length}`
    this.externalData.push({ path, data })
    const entries = { location: path, offset: '0', length: String(data.length) }
    return [
      ...Object.entries(entries).flatMap(([key, value]) => messageField(13, [...stringField(1, key), ...stringField(2, value)])),
      ...integerField(14, 1),
    ]
  }
}

function valueInfo ({ name, type, shape }: ValueInfo): Pieces {
  const dimensions = shape.flatMap(length =>
    messageField(1, typeof length === 'string' ? stringField(2, length) : integerField(1, length)))
  const tensorType = [...integerField(1, elementTypes[type]), ...messageField(2, dimensions)]
  return [...stringField(1, name), ...messageField(2, messageField(1, tensorType))]
}
