import type { Attributes, PersonName } from './attributes.ts'

/** Several data sets seen as one: for each attribute the first layer that has it counts. */
export class LayeredAttributes implements Attributes {
  readonly layers: readonly Attributes[]

  constructor (layers: readonly Attributes[]) {
    this.layers = layers
  }

  get tags (): readonly number[] {
    return [...new Set(this.layers.flatMap(layer => layer.tags ?? []))]
  }

  has (name: string): boolean {
    return this.#layer(name) !== undefined
  }

  string (name: string): string | undefined {
    return this.#layer(name)?.string(name)
  }

  personName (name: string): PersonName | undefined {
    return this.#layer(name)?.personName(name)
  }

  strings (name: string): readonly string[] {
    return this.#layer(name)?.strings(name) ?? []
  }

  number (name: string): number | undefined {
    return this.#layer(name)?.number(name)
  }

  numbers (name: string): readonly number[] {
    return this.#layer(name)?.numbers(name) ?? []
  }

  items (name: string): readonly Attributes[] {
    return this.#layer(name)?.items(name) ?? []
  }

  bytes (name: string): Uint8Array | undefined {
    return this.#layer(name)?.bytes(name)
  }

  #layer (name: string): Attributes | undefined {
    return this.layers.find(layer => layer.has(name))
  }
}
