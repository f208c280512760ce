import type { Attribute, Node, TensorData, ValueInfo } from './messages.ts'

type Attributes = Readonly<Record<string, Attribute>>

/**
 * Collects nodes and constants. Tensors made here are called `op:…` and `const:…`; what a layer gives is `layer:…`, so that
 * no model's layer names can collide with them.
 */
export class GraphBuilder {
  readonly nodes: Node[]
  readonly initializers: Map<string, TensorData>
  readonly #outer: GraphBuilder | undefined
  readonly #next: { number: number }

  constructor (outer?: GraphBuilder) {
    this.nodes = []
    this.initializers = new Map<string, TensorData>()
    this.#outer = outer
    this.#next = outer === undefined ? { number: 0 } : outer.#next
  }

  /** A node with one output; returns the output's name. */
  op (type: string, inputs: readonly string[], attributes: Attributes = {}, output = this.#name(type)): string {
    this.nodes.push({ type, inputs, outputs: [output], attributes })
    return output
  }

  /** A node with several outputs; returns their names. */
  ops (type: string, inputs: readonly string[], count: number, attributes: Attributes = {}): string[] {
    const outputs = Array.from({ length: count }, () => this.#name(type))
    this.nodes.push({ type, inputs, outputs, attributes })
    return outputs
  }

  /** A constant of the name, made once, in this graph unless the one outside has it. */
  constant (name: string, make: () => TensorData): string {
    const full = `const:${name}`
    if (!this.#knows(full)) this.initializers.set(full, make())
    return full
  }

  scalar (value: number): string {
    return this.constant(`float ${value}`, () => ({ shape: [], values: Float32Array.of(value) }))
  }

  integers (...values: readonly number[]): string {
    return this.constant(`int64 ${values.join(' ')}`, () => ({ shape: [values.length], values: BigInt64Array.from(values, BigInt) }))
  }

  /**
   * One output that is computed only when the condition holds, and is empty otherwise.
   * @param condition a boolean scalar
   * @param info name and shape of the output
   * @param build adds the nodes; returns the name of what it computed
   */
  onlyIf (condition: string, info: ValueInfo, build: (branch: GraphBuilder) => string): void {
    const branch = new GraphBuilder(this)
    const nothing = new GraphBuilder(this)
    // a branch may not name its output as the node outside does
    const computed = branch.op('Identity', [build(branch)])
    const empty = nothing.op('Constant', [], { value: { tensor: { shape: info.shape.map(() => 0), values: new Float32Array(0) } } })
    this.op('If', [condition], {
      then_branch: { graph: { nodes: branch.nodes, initializers: branch.initializers, outputs: [{ ...info, name: computed }] } },
      else_branch: { graph: { nodes: nothing.nodes, initializers: nothing.initializers, outputs: [{ ...info, name: empty, shape: info.shape.map((_, axis) => `else ${axis}`) }] } },
    }, info.name)
  }

  #knows (constant: string): boolean {
    return this.initializers.has(constant) || (this.#outer !== undefined && this.#outer.#knows(constant))
  }

  #name (type: string): string {
    return `op:${type} ${this.#next.number++}`
  }
}

/** The tensor that holds a layer's output: batch, channels, rows, columns; or batch, units. */
export function tensorOf (layer: string): string {
  return `layer:${layer}`
}
