import { percentiles } from './percentiles.ts'

/** A coarse map of a slice: 1 where a cell is taken. */
export interface HeadCells { readonly size: number, readonly across: number, readonly down: number, readonly taken: Uint8Array }

/** Cells along the longer side: noise in the air averages out, the head keeps its outline. */
const cellsAlong = 64
/** Where head begins, between the level of the darkest cells and that of the brightest. Fat may be four times as bright as brain. */
const headLevel = 0.12
/** Rim dropped for statistics, as a share of the square root of the head's area: about 11 mm, scalp and skull. */
const rimShare = 0.085

/**
 * The values that stand for the head, without air, padding, and the bright fat of the scalp:
 *
 * 1. means of square cells, 64 along the longer side; head is what exceeds the 2nd percentile of the cells by 12 % of the
 *    way to their 99th;
 * 2. of it the largest connected piece (ghosts and noise fall away), holes filled between its first and last cell of each row and
 *    column (dark ventricles and bone belong to the head);
 * 3. its rim eroded by 8.5 % of the square root of its area, unless less than a quarter would be left.
 *
 * @param values brightness: negate MONOCHROME1
 * @param padding 1 where a pixel does not count
 * @returns a copy; empty when every pixel is padding
 */
export function foregroundValues (values: Float32Array, width: number, height: number, padding?: Uint8Array): Float32Array {
  const head = headCells(values, width, height, padding)
  const core = eroded(head)
  const chosen = count(core) * 4 >= count(head) ? core : head
  return collect(values, width, height, chosen, padding)
}

/** Steps 1 and 2 of `foregroundValues`: the cells that are head. */
export function headCells (values: Float32Array, width: number, height: number, padding?: Uint8Array): HeadCells {
  const size = Math.max(1, Math.ceil(Math.max(width, height) / cellsAlong))
  return filled(largestPiece(brightCells(values, width, height, size, padding)))
}

function brightCells (values: Float32Array, width: number, height: number, size: number, padding?: Uint8Array): HeadCells {
  const across = Math.ceil(width / size)
  const down = Math.ceil(height / size)
  const sums = new Float64Array(across * down)
  const counts = new Uint32Array(across * down)
  for (let y = 0, i = 0; y < height; y++) {
    const row = Math.floor(y / size) * across
    for (let x0 = 0, cell = row; x0 < width; x0 += size, cell++) {
      let sum = sums[cell]!
      let known = counts[cell]!
      for (const end = i + Math.min(size, width - x0); i < end; i++) {
        if (padding?.[i] === 1) continue
        sum += values[i]!
        known++
      }
      sums[cell] = sum
      counts[cell] = known
    }
  }
  const means = new Float32Array(sums.length)
  for (let i = 0; i < sums.length; i++) means[i] = counts[i]! > 0 ? sums[i]! / counts[i]! : -Infinity
  const known = means.filter(mean => mean !== -Infinity)
  const taken = new Uint8Array(means.length)
  if (known.length > 0) {
    const [dark, bright] = percentiles(known, [2, 99]) as [number, number]
    const threshold = dark + headLevel * (bright - dark)
    for (let i = 0; i < means.length; i++) taken[i] = means[i]! >= threshold ? 1 : 0
  }
  return { size, across, down, taken }
}

/** By four neighbours; the first of equal ones. */
function largestPiece (cells: HeadCells): HeadCells {
  const { across, taken } = cells
  const label = new Uint16Array(taken.length)
  let labels = 0
  let best = 0
  let bestSize = 0
  const stack: number[] = []
  const visit = (cell: number): void => {
    if (taken[cell] !== 1 || label[cell] !== 0) return
    label[cell] = labels
    stack.push(cell)
  }
  for (let seed = 0; seed < taken.length; seed++) {
    if (taken[seed] === 0 || label[seed] !== 0) continue
    labels++
    let members = 0
    stack.push(seed)
    label[seed] = labels
    for (let cell = stack.pop(); cell !== undefined; cell = stack.pop()) {
      members++
      const x = cell % across
      if (x > 0) visit(cell - 1)
      if (x < across - 1) visit(cell + 1)
      visit(cell - across)
      visit(cell + across)
    }
    if (members > bestSize) [best, bestSize] = [labels, members]
  }
  return { ...cells, taken: taken.map((_, i) => best > 0 && label[i] === best ? 1 : 0) }
}

/** A cell between the ends of its row and of its column. */
function filled (cells: HeadCells): HeadCells {
  const { across, down, taken } = cells
  const rows = Array.from({ length: down }, (_, y) => ends(across, x => taken[y * across + x]!))
  const columns = Array.from({ length: across }, (_, x) => ends(down, y => taken[y * across + x]!))
  return {
    ...cells,
    taken: taken.map((_, i) => {
      const [x, y] = [i % across, Math.floor(i / across)]
      return x >= rows[y]![0] && x <= rows[y]![1] && y >= columns[x]![0] && y <= columns[x]![1] ? 1 : 0
    }),
  }
}

function ends (length: number, at: (i: number) => number): [first: number, last: number] {
  let [first, last] = [length, -1]
  for (let i = 0; i < length; i++) {
    if (at(i) === 0) continue
    if (first === length) first = i
    last = i
  }
  return [first, last]
}

function eroded (cells: HeadCells): HeadCells {
  const { across, down } = cells
  let { taken } = cells
  for (let step = Math.round(rimShare * Math.sqrt(count(cells))); step > 0; step--) {
    const before = taken
    taken = before.map((value, i) => {
      const [x, y] = [i % across, Math.floor(i / across)]
      // the matrix's edge is no rim: a head cut off there is still head
      return value === 1 && (x === 0 || before[i - 1] === 1) && (x === across - 1 || before[i + 1] === 1) &&
        (y === 0 || before[i - across] === 1) && (y === down - 1 || before[i + across] === 1)
        ? 1
        : 0
    })
  }
  return { ...cells, taken }
}

function count (cells: HeadCells): number {
  let sum = 0
  for (const value of cells.taken) sum += value
  return sum
}

function collect (values: Float32Array, width: number, height: number, cells: HeadCells, padding?: Uint8Array): Float32Array {
  const output = new Float32Array(values.length)
  let found = 0
  for (let y = 0; y < height; y++) {
    const row = Math.floor(y / cells.size) * cells.across
    for (let x = 0, cell = row; x < width; x += cells.size, cell++) {
      if (cells.taken[cell] !== 1) continue
      const from = y * width + x
      for (let i = from; i < from + Math.min(cells.size, width - x); i++) if (padding?.[i] !== 1) output[found++] = values[i]!
    }
  }
  return output.subarray(0, found)
}
