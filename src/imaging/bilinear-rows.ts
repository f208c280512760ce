import { invertAffine } from './affine.ts'
import type { AffineMap } from './raster.ts'

/** Numbers on a grid, row by row: a map, or the grey of a picture. */
export interface Grid { readonly width: number, readonly height: number, readonly values: Float32Array | Uint8Array }

/** What the grid is read on: a canvas `factor` times as large as its source along each axis. */
export interface Canvas { readonly width: number, readonly height: number, readonly factor: number }

/** Fills one row of the canvas, counted from the top, with the grid's values there. */
export type RowReader = (y: number, into: Float64Array) => void

/** The pixels on both sides of positions along an axis, and the share of the second; −1 where nothing lies. */
interface Taps { readonly first: Int32Array, readonly second: Int32Array, readonly weight: Float64Array }

/**
 * Reads a grid where `toSource` puts it, bilinearly, a row of a canvas at a time; edge pixels reach half a pixel out, beyond that is 0.
 * Canvas pixel X lies at source column (X + ½) / factor − ½. Neighbouring rows read the same rows of the grid, so that each of these
 * is stretched to the canvas once.
 */
export function bilinearRows (grid: Grid, toSource: AffineMap, { width, height, factor }: Canvas): RowReader {
  const { a, b, c, d, e, f } = invertAffine(toSource)
  const source = (index: number): number => (index + 0.5) / factor - 0.5
  // what turns, mirrors and fits slices leaves the axes where they are, or swaps them
  if (b === 0 && d === 0) {
    return alongRows(grid, taps(width, grid.width, x => a * source(x) + c), taps(height, grid.height, y => e * source(y) + f))
  }
  if (a === 0 && e === 0) {
    return acrossRows(grid, taps(width, grid.height, x => d * source(x) + f), taps(height, grid.width, y => b * source(y) + c))
  }
  return (y, into) => {
    for (let x = 0; x < width; x++) {
      into[x] = bilinearAt(grid, a * source(x) + b * source(y) + c, d * source(x) + e * source(y) + f)
    }
  }
}

/** A row of the canvas lies along a row of the grid. */
function alongRows ({ width, values }: Grid, columns: Taps, rows: Taps): RowReader {
  const lines = [new Float64Array(columns.first.length), new Float64Array(columns.first.length)] as const
  const held = [-1, -1]
  const line = (row: number, other: number): Float64Array => {
    const slot = held[0] === row ? 0 : held[1] === row ? 1 : held[0] === other ? 1 : 0
    if (held[slot] !== row) stretch(values, row * width, columns, lines[slot])
    held[slot] = row
    return lines[slot]
  }
  return (y, into) => {
    const [upper, lower, down] = [rows.first[y]!, rows.second[y]!, rows.weight[y]!]
    if (upper < 0) {
      into.fill(0)
      return
    }
    const top = line(upper, lower)
    const bottom = line(lower, upper)
    for (let x = 0; x < top.length; x++) into[x] = top[x]! + (bottom[x]! - top[x]!) * down
  }
}

/** A row of the canvas lies along a column of the grid. */
function acrossRows ({ width, height, values }: Grid, rows: Taps, columns: Taps): RowReader {
  const column = new Float64Array(height)
  return (y, into) => {
    const [left, right, across] = [columns.first[y]!, columns.second[y]!, columns.weight[y]!]
    if (left < 0) {
      into.fill(0)
      return
    }
    for (let row = 0, i = 0; row < height; row++, i += width) {
      column[row] = values[i + left]! + (values[i + right]! - values[i + left]!) * across
    }
    stretch(column, 0, rows, into)
  }
}

/** One line of a grid, from its `start`, at the taps. */
function stretch (
  values: Float32Array | Float64Array | Uint8Array, start: number, { first, second, weight }: Taps, into: Float64Array,
): void {
  for (let i = 0; i < first.length; i++) {
    if (first[i]! < 0) {
      into[i] = 0
      continue
    }
    const near = values[start + first[i]!]!
    into[i] = near + (values[start + second[i]!]! - near) * weight[i]!
  }
}

function taps (count: number, length: number, positionOf: (index: number) => number): Taps {
  const result = { first: new Int32Array(count).fill(-1), second: new Int32Array(count), weight: new Float64Array(count) }
  for (let i = 0; i < count; i++) {
    const position = positionOf(i)
    if (!(position >= -0.5 && position <= length - 0.5)) continue
    const inside = Math.min(Math.max(position, 0), length - 1)
    const first = Math.floor(inside)
    result.first[i] = first
    result.second[i] = Math.min(first + 1, length - 1)
    result.weight[i] = inside - first
  }
  return result
}

function bilinearAt ({ width, height, values }: Grid, x: number, y: number): number {
  if (!(x >= -0.5 && y >= -0.5 && x <= width - 0.5 && y <= height - 0.5)) return 0
  const column = Math.min(Math.max(x, 0), width - 1)
  const row = Math.min(Math.max(y, 0), height - 1)
  const left = Math.floor(column)
  const upper = Math.floor(row) * width
  const right = Math.min(left + 1, width - 1)
  const lower = Math.min(Math.floor(row) + 1, height - 1) * width
  const across = column - left
  const top = values[upper + left]! + (values[upper + right]! - values[upper + left]!) * across
  const bottom = values[lower + left]! + (values[lower + right]! - values[lower + left]!) * across
  return top + (bottom - top) * (row - Math.floor(row))
}
