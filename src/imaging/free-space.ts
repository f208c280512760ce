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
  const cells = ({ x, y, width: across, height: down }: Box) => ({
    left: Math.floor(x / cell),
    right: Math.ceil((x + across) / cell),
    top: Math.floor(y / cell),
    bottom: Math.ceil((y + down) / cell),
  })
  return {
    width,
    height,
    cell,
    isFree (box) {
      if (box.x < 0 || box.y < 0 || box.x + box.width > width || box.y + box.height > height) return false
      const { left, right, top, bottom } = cells(box)
      for (let row = top; row < bottom; row++) {
        if (taken.subarray(row * columns + left, row * columns + right).includes(1)) return false
      }
      return true
    },
    take (box) {
      const { left, right, top, bottom } = cells(box)
      for (let row = Math.max(0, top); row < Math.min(rows, bottom); row++) {
        taken.fill(1, row * columns + Math.max(0, left), row * columns + Math.min(columns, right))
      }
    },
  }
}

/** Cells whose mean is above the threshold between air and head. */
function bright (image: GrayImage, factor: number, columns: number, rows: number): Uint8Array {
  const means = new Float64Array(columns * rows)
  for (let row = 0; row < rows; row++) {
    const [top, bottom] = range(row, factor, image.height)
    for (let column = 0; column < columns; column++) {
      const [left, right] = range(column, factor, image.width)
      let sum = 0
      for (let y = top; y < bottom; y++) {
        for (let x = left; x < right; x++) sum += image.data[y * image.width + x]!
      }
      means[row * columns + column] = sum / ((bottom - top) * (right - left))
    }
  }
  const threshold = airThreshold(means)
  return Uint8Array.from(means, mean => mean > threshold ? 1 : 0)
}

function range (index: number, factor: number, limit: number): [number, number] {
  const from = Math.min(limit - 1, Math.floor(index * cell / factor))
  return [from, Math.min(limit, Math.max(from + 1, Math.ceil((index + 1) * cell / factor)))]
}

/** Half of the threshold of Ridler and Calvard (1978), the mean of the means of both sides: faint scalp is head too. */
function airThreshold (values: Float64Array): number {
  let threshold = values.reduce((sum, value) => sum + value, 0) / values.length
  for (let round = 0; round < 20; round++) {
    let [below, above, dark, light] = [0, 0, 0, 0]
    for (const value of values) {
      if (value > threshold) [above, light] = [above + 1, light + value]
      else [below, dark] = [below + 1, dark + value]
    }
    if (below === 0 || above === 0) break
    const next = (dark / below + light / above) / 2
    if (Math.abs(next - threshold) < 0.25) break
    threshold = next
  }
  return Math.max(8, threshold / 2)
}

/** The largest part connected by edges. */
function largestPart (mask: Uint8Array, columns: number): Uint8Array {
  const seen = new Uint8Array(mask.length)
  let largest: number[] = []
  for (let start = 0; start < mask.length; start++) {
    if (mask[start] === 0 || seen[start] === 1) continue
    const part = [start]
    seen[start] = 1
    for (const index of part) {
      const column = index % columns
      for (const next of [column > 0 ? index - 1 : -1, column < columns - 1 ? index + 1 : -1, index - columns, index + columns]) {
        if (next < 0 || next >= mask.length || mask[next] === 0 || seen[next] === 1) continue
        seen[next] = 1
        part.push(next)
      }
    }
    if (part.length > largest.length) largest = part
  }
  const out = new Uint8Array(mask.length)
  for (const index of largest) out[index] = 1
  return out
}

/** Also taken: what lies between two taken cells of a row or of a column. */
function fill (mask: Uint8Array, columns: number): Uint8Array {
  const out = mask.slice()
  const rows = mask.length / columns
  for (let row = 0; row < rows; row++) {
    const line = mask.subarray(row * columns, (row + 1) * columns)
    if (line.includes(1)) out.fill(1, row * columns + line.indexOf(1), row * columns + line.lastIndexOf(1) + 1)
  }
  for (let column = 0; column < columns; column++) {
    let [first, last] = [-1, -1]
    for (let row = 0; row < rows; row++) {
      if (mask[row * columns + column] === 1) [first, last] = [first < 0 ? row : first, row]
    }
    for (let row = Math.max(0, first); row <= last; row++) out[row * columns + column] = 1
  }
  return out
}

/** Widened by `by` cells in every direction. */
function grow (mask: Uint8Array, columns: number, by: number): Uint8Array {
  const out = new Uint8Array(mask.length)
  const rows = mask.length / columns
  for (let index = 0; index < mask.length; index++) {
    if (mask[index] === 0) continue
    const [row, column] = [Math.floor(index / columns), index % columns]
    const [left, right] = [Math.max(0, column - by), Math.min(columns, column + by + 1)]
    const [top, bottom] = [Math.max(0, row - by), Math.min(rows, row + by + 1)]
    for (let y = top; y < bottom; y++) out.fill(1, y * columns + left, y * columns + right)
  }
  return out
}
