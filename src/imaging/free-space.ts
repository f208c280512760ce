import type { Box } from './draw.ts'
import type { GrayImage } from './raster.ts'

/** Which cells of a canvas are taken. Boxes are in canvas pixels; a cell is `cell` × `cell` of them. */
export interface FreeSpace {
  readonly width: number
  readonly height: number
  readonly cell: number
  /** Whether nothing lies under any part of the box, and the box lies on the canvas. */
  isFree (box: Box): boolean
  /** Marks a box as taken. */
  take (box: Box): void
}

/** Canvas pixels per cell of the grid on which room is looked for. */
const cell = 4

/**
 * Room beside the head, on a canvas `factor` times the picture. The head is the largest connected bright part, filled along
 * rows and columns (a dark sinus or a dark lesion is head too), and two cells of margin around it.
 */
export function freeSpace (image: GrayImage, factor: number): FreeSpace {
  const [width, height] = [image.width * factor, image.height * factor]
  const [columns, rows] = [Math.ceil(width / cell), Math.ceil(height / cell)]
  const taken = grow(fill(largestPart(bright(image, factor, columns, rows), columns), columns), columns, 2)
  // hundreds of boxes are tried for each one that is taken
  let before = countsBefore(taken, columns, rows)
  return {
    width,
    height,
    cell,
    isFree ({ x, y, width: across, height: down }) {
      if (x < 0 || y < 0 || x + across > width || y + down > height) return false
      const [left, right] = [Math.floor(x / cell), Math.ceil((x + across) / cell)]
      const upper = Math.floor(y / cell) * (columns + 1)
      const lower = Math.ceil((y + down) / cell) * (columns + 1)
      return before[lower + right]! - before[lower + left]! === before[upper + right]! - before[upper + left]!
    },
    take ({ x, y, width: across, height: down }) {
      const [left, right] = [Math.max(0, Math.floor(x / cell)), Math.min(columns, Math.ceil((x + across) / cell))]
      const [top, bottom] = [Math.max(0, Math.floor(y / cell)), Math.min(rows, Math.ceil((y + down) / cell))]
      for (let row = top; row < bottom; row++) taken.fill(1, row * columns + left, row * columns + right)
      before = countsBefore(taken, columns, rows)
    },
  }
}

/** At each corner of the grid of cells, how many taken ones lie above and to its left. */
function countsBefore (taken: Uint8Array, columns: number, rows: number): Uint32Array {
  const counts = new Uint32Array((columns + 1) * (rows + 1))
  for (let row = 0, from = 0; row < rows; row++) {
    let inRow = 0
    for (let column = 0, to = (row + 1) * (columns + 1) + 1; column < columns; column++, from++, to++) {
      inRow += taken[from]!
      counts[to] = counts[to - columns - 1]! + inRow
    }
  }
  return counts
}

/** Cells whose mean is above the threshold between air and head. */
function bright ({ width, height, data }: GrayImage, factor: number, columns: number, rows: number): Uint8Array {
  const means = new Float64Array(columns * rows)
  const across = ranges(columns, factor, width)
  const downwards = ranges(rows, factor, height)
  for (let row = 0, cellIndex = 0; row < rows; row++) {
    const [top, bottom] = [downwards[2 * row]!, downwards[2 * row + 1]!]
    for (let column = 0; column < columns; column++, cellIndex++) {
      const left = across[2 * column]!
      const right = across[2 * column + 1]!
      let sum = 0
      for (let y = top; y < bottom; y++) {
        for (let x = left; x < right; x++) sum += data[y * width + x]!
      }
      means[cellIndex] = sum / ((bottom - top) * (right - left))
    }
  }
  const threshold = airThreshold(means)
  const mask = new Uint8Array(means.length)
  for (let i = 0; i < mask.length; i++) if (means[i]! > threshold) mask[i] = 1
  return mask
}

/** First pixel of each cell along an axis, and the one behind its last. */
function ranges (count: number, factor: number, limit: number): Uint32Array {
  const pairs = new Uint32Array(2 * count)
  for (let index = 0; index < count; index++) {
    const from = Math.min(limit - 1, Math.floor(index * cell / factor))
    pairs[2 * index] = from
    pairs[2 * index + 1] = Math.min(limit, Math.max(from + 1, Math.ceil((index + 1) * cell / factor)))
  }
  return pairs
}

/** Half of the threshold of Ridler and Calvard (1978), the mean of the means of both sides: faint scalp is head too. */
function airThreshold (values: Float64Array): number {
  let all = 0
  for (const value of values) all += value
  let threshold = all / values.length
  for (let round = 0; round < 20; round++) {
    let above = 0
    let light = 0
    let dark = 0
    for (const value of values) {
      if (value > threshold) {
        above++
        light += value
      } else {
        dark += value
      }
    }
    const below = values.length - above
    if (below === 0 || above === 0) break
    const next = (dark / below + light / above) / 2
    if (Math.abs(next - threshold) < 0.25) break
    threshold = next
  }
  return Math.max(8, threshold / 2)
}

/** The largest part connected by edges; of equal ones the first. */
function largestPart (mask: Uint8Array, columns: number): Uint8Array {
  const part = new Int32Array(mask.length)
  const labels = new Int32Array(mask.length)
  let [largest, most] = [0, 0]
  /** Bright cells that belong to no part yet. */
  const left = mask.slice()
  for (let start = 0; start < mask.length; start++) {
    if (left[start] === 0) continue
    let size = 0
    const label = start + 1
    const add = (index: number): void => {
      left[index] = 0
      labels[index] = label
      part[size++] = index
    }
    add(start)
    for (let i = 0; i < size; i++) {
      const index = part[i]!
      const column = index % columns
      if (column > 0 && left[index - 1] === 1) add(index - 1)
      if (column < columns - 1 && left[index + 1] === 1) add(index + 1)
      // beyond the first and the last row there is nothing
      if (left[index - columns] === 1) add(index - columns)
      if (left[index + columns] === 1) add(index + columns)
    }
    if (size > most) [largest, most] = [label, size]
  }
  const out = new Uint8Array(mask.length)
  for (let i = 0; i < out.length; i++) if (largest > 0 && labels[i] === largest) out[i] = 1
  return out
}

/** Also taken: what lies between two taken cells of a row or of a column. */
function fill (mask: Uint8Array, columns: number): Uint8Array {
  const out = mask.slice()
  const rows = mask.length / columns
  for (let row = 0; row < rows; row++) {
    const line = mask.subarray(row * columns, (row + 1) * columns)
    const first = line.indexOf(1)
    if (first >= 0) out.fill(1, row * columns + first, row * columns + line.lastIndexOf(1) + 1)
  }
  for (let column = 0; column < columns; column++) {
    let first = 0
    let last = rows - 1
    while (first < rows && mask[first * columns + column] === 0) first++
    while (last > first && mask[last * columns + column] === 0) last--
    for (let row = first; row <= last; row++) out[row * columns + column] = 1
  }
  return out
}

/** Widened by `by` cells in every direction: along rows, then along columns. */
function grow (mask: Uint8Array, columns: number, by: number): Uint8Array {
  const wide = new Uint8Array(mask.length)
  for (let row = 0; row < mask.length; row += columns) {
    for (let column = 0; column < columns; column++) {
      const first = column
      while (column < columns && mask[row + column] === 1) column++
      if (column > first) wide.fill(1, row + Math.max(0, first - by), row + Math.min(columns, column + by))
    }
  }
  const out = wide.slice()
  for (let step = 1; step <= by; step++) {
    const shift = step * columns
    for (let index = shift; index < wide.length; index++) {
      if (wide[index] === 1) out[index - shift] = 1
      if (wide[index - shift] === 1) out[index] = 1
    }
  }
  return out
}
