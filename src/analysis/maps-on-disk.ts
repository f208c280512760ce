import type { Heatmap } from '../model/finding.ts'

/** Reads the values of a map that starts at a byte of a file. */
type ReadValues = (offset: number, count: number) => Float32Array

/** Maps whose values are read each time that they are asked for, so that not all of them are in memory together. */
export class MapsOnDisk {
  readonly #read: ReadValues
  /** Whoever asks for the values of one map again and again gets them at once. */
  #last: { readonly offset: number, readonly values: Float32Array } | undefined

  constructor (read: ReadValues) { this.#read = read }

  /** The map whose values start there. */
  mapAt (offset: number, map: Omit<Heatmap, 'values'>): Heatmap {
    const values = (): Float32Array => this.#valuesAt(offset, map.width * map.height)
    return { ...map, get values () { return values() } }
  }

  #valuesAt (offset: number, count: number): Float32Array {
    if (this.#last?.offset !== offset) this.#last = { offset, values: this.#read(offset, count) }
    return this.#last.values
  }
}
