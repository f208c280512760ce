import { headCells } from './foreground.ts'
import type { HeadCells } from './foreground.ts'
import type { Preprocessing } from './preprocessing.ts'
import type { Raster } from './raster.ts'

/** The names of what is measured, in the order of `sliceStatistics`. */
export const sliceStatisticNames = [
  'area', 'aspect', 'fill', 'offset', 'air', 'airSpread', 'mean', 'spread', 'skew', 'dark', 'bright',
  'rim', 'cortex', 'white', 'centre', 'sharpness', 'grain', 'stripes', 'mirror', 'frontBack',
] as const

/** Below this share of the raster a head is too small for statistics of its parts. */
const leastArea = 0.04
/** Mean brightness of the head, 0..1, below which nothing can be seen. */
const leastBrightness = 0.01

/**
 * What a windowed slice looks like in twenty numbers that cost a millisecond: the head's outline (cells of `headCells`), the air about
 * it, the histogram inside, how bright its layers are from scalp to centre, sharpness, grain, stripes, and how alike its sides are.
 * @returns one number for each of `sliceStatisticNames`; `undefined` where there is hardly a head
 */
export function sliceStatistics (raster: Raster, { range: [black, white] }: Preprocessing): readonly number[] | undefined {
  const { width, height, channels, data } = raster
  const unit = new Float32Array(width * height)
  for (let i = 0; i < unit.length; i++) unit[i] = (data[i * channels]! - black) / (white - black)
  const cells = headCells(unit, width, height)
  const { across, down, taken, size } = cells
  const area = sum(taken) / taken.length
  if (!(area >= leastArea)) return undefined
  const box = boxOf(cells)
  const boxWidth = box.right - box.left + 1
  const boxHeight = box.bottom - box.top + 1
  const inside = new Float32Array(unit.length)
  let insideCount = 0
  const air = new Float32Array(unit.length)
  let airCount = 0
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (taken[Math.floor(y / size) * across + Math.floor(x / size)] === 1) inside[insideCount++] = unit[i]!
      else air[airCount++] = unit[i]!
    }
  }
  const head = moments(inside.subarray(0, insideCount))
  if (head.mean < leastBrightness) return undefined
  const level = head.mean
  const around = airCount === 0 ? { mean: 0, spread: 0, skew: 0 } : moments(air.subarray(0, airCount))
  const share = (test: (value: number) => boolean): number => {
    let found = 0
    for (let i = 0; i < insideCount; i++) if (test(inside[i]!)) found++
    return found / insideCount
  }
  const layers = layerMeans(cells, unit, width, height)
  const edges = edgeEnergy(cells, unit, width, height)
  return [
    Math.sqrt(area),
    Math.log(boxHeight / boxWidth),
    area * taken.length / (boxWidth * boxHeight),
    logarithm(Math.hypot((box.left + box.right + 1 - across) / across, (box.top + box.bottom + 1 - down) / down) / 2),
    logarithm(around.mean / level),
    logarithm(around.spread / level),
    head.mean,
    logarithm(head.spread / level),
    Math.asinh(head.skew),
    logarithm(share(value => value < 0.4 * level)),
    logarithm(share(value => value > 1.6 * level)),
    ...layers.map(value => logarithm(value) - logarithm(level)),
    Math.log((edges.across + edges.along) / (2 * level) + 1e-3),
    Math.log((edges.grain + 1e-3) / (edges.across + edges.along + 1e-3)),
    Math.log((edges.across + 1e-3) / (edges.along + 1e-3)),
    ...likeness(cells, unit, width, box),
  ]
}

/** The statistics of the same slice turned by a quarter: width and height change places, and so do its mirror images. */
export function turned (statistics: readonly number[]): readonly number[] {
  const out = [...statistics]
  for (const name of ['aspect', 'stripes'] as const) out[at(name)] = -statistics[at(name)]!
  out[at('mirror')] = statistics[at('frontBack')]!
  out[at('frontBack')] = statistics[at('mirror')]!
  return out
}

function at (name: typeof sliceStatisticNames[number]): number {
  return sliceStatisticNames.indexOf(name)
}

/** Shares and ratios spread evenly in their logarithm; what is hardly there counts as nothing. */
function logarithm (value: number): number {
  return Math.log(value + 0.02)
}

interface Box { readonly left: number, readonly right: number, readonly top: number, readonly bottom: number }

function boxOf ({ across, taken }: HeadCells): Box {
  let [left, right, top, bottom] = [Infinity, 0, Infinity, 0]
  for (let i = 0; i < taken.length; i++) {
    if (taken[i] === 0) continue
    left = Math.min(left, i % across)
    right = Math.max(right, i % across)
    top = Math.min(top, Math.floor(i / across))
    bottom = Math.max(bottom, Math.floor(i / across))
  }
  return { left, right, top, bottom }
}

function moments (values: Float32Array): { mean: number, spread: number, skew: number } {
  const mean = sum(values) / values.length
  let [second, third] = [0, 0]
  for (const value of values) {
    second += (value - mean) ** 2
    third += (value - mean) ** 3
  }
  const spread = Math.sqrt(second / values.length)
  return { mean, spread, skew: spread > 1e-6 ? third / values.length / spread ** 3 : 0 }
}

/** Where the layers end, as shares of the greatest depth: scalp and skull, cortex, white matter, centre. */
const layerEnds = [0.2, 0.42, 0.7, 1.01]

/** Mean brightness of four layers of the head, from outside to inside; depth is counted in cells from its outline. */
function layerMeans (cells: HeadCells, unit: Float32Array, width: number, height: number): number[] {
  const { across, down, taken, size } = cells
  const depth = depths(cells)
  const deepest = Math.max(...depth)
  const sums = layerEnds.map(() => 0)
  const counts = layerEnds.map(() => 0)
  for (let cy = 0, cell = 0; cy < down; cy++) {
    for (let cx = 0; cx < across; cx++, cell++) {
      if (taken[cell] === 0) continue
      const layer = layerEnds.findIndex(end => (depth[cell]! - 0.5) / deepest < end)
      for (let y = cy * size; y < Math.min(height, (cy + 1) * size); y++) {
        for (let x = cx * size; x < Math.min(width, (cx + 1) * size); x++) {
          sums[layer]! += unit[y * width + x]!
          counts[layer]! += 1
        }
      }
    }
  }
  return sums.map((total, layer) => counts[layer]! > 0 ? total / counts[layer]! : 0)
}

/** Steps to the outline over four neighbours, 1 on it; two passes, city-block distance. */
function depths ({ across, down, taken }: HeadCells): Float32Array {
  const depth = new Float32Array(taken.length)
  const at = (x: number, y: number): number => x < 0 || y < 0 || x >= across || y >= down ? 0 : depth[y * across + x]!
  for (let y = 0; y < down; y++) {
    for (let x = 0; x < across; x++) {
      if (taken[y * across + x] === 1) depth[y * across + x] = 1 + Math.min(at(x - 1, y), at(x, y - 1))
    }
  }
  for (let y = down - 1; y >= 0; y--) {
    for (let x = across - 1; x >= 0; x--) {
      const i = y * across + x
      if (taken[i] === 1) depth[i] = Math.min(depth[i]!, 1 + Math.min(at(x + 1, y), at(x, y + 1)))
    }
  }
  return depth
}

interface Edges { readonly across: number, readonly along: number, readonly grain: number }

/** Mean absolute differences inside the head: between columns, between rows, and of each pixel from its four neighbours. */
function edgeEnergy ({ across, taken, size }: HeadCells, unit: Float32Array, width: number, height: number): Edges {
  let [columns, rows, grain, count] = [0, 0, 0, 0]
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      if (taken[Math.floor(y / size) * across + Math.floor(x / size)] === 0) continue
      const i = y * width + x
      columns += Math.abs(unit[i + 1]! - unit[i - 1]!)
      rows += Math.abs(unit[i + width]! - unit[i - width]!)
      grain += Math.abs(unit[i]! - (unit[i - 1]! + unit[i + 1]! + unit[i - width]! + unit[i + width]!) / 4)
      count++
    }
  }
  const n = Math.max(1, count)
  return { across: columns / n, along: rows / n, grain: grain / n }
}

/** Correlation of the cells in the head's box with their mirror image, left to right and front to back. */
function likeness (
  { across, taken, size }: HeadCells, unit: Float32Array, width: number, { left, right, top, bottom }: Box,
): [number, number] {
  const mean = (cx: number, cy: number): number => {
    if (taken[cy * across + cx] === 0) return 0
    let total = 0
    let count = 0
    for (let y = cy * size; y < (cy + 1) * size; y++) {
      for (let x = cx * size; x < Math.min(width, (cx + 1) * size); x++) {
        const value = unit[y * width + x]
        if (value === undefined) continue
        total += value
        count++
      }
    }
    return total / Math.max(1, count)
  }
  const one: number[] = []
  const mirrored: number[] = []
  const turned: number[] = []
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) {
      one.push(mean(x, y))
      mirrored.push(mean(left + right - x, y))
      turned.push(mean(x, top + bottom - y))
    }
  }
  return [correlation(one, mirrored), correlation(one, turned)]
}

/** The means are equal: the same values in another order. */
function correlation (one: readonly number[], other: readonly number[]): number {
  const mean = sum(one) / one.length
  let [products, squares] = [0, 0]
  for (let i = 0; i < one.length; i++) {
    products += (one[i]! - mean) * (other[i]! - mean)
    squares += (one[i]! - mean) ** 2
  }
  return squares > 1e-9 ? products / squares : 1
}

function sum (values: ArrayLike<number>): number {
  let total = 0
  for (let i = 0; i < values.length; i++) total += values[i]!
  return total
}
