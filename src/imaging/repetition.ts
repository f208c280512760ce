import type { Preprocessing } from './preprocessing.ts'
import type { Raster } from './raster.ts'

/** Cells along the longer side: fine enough for gyri and skull, coarse enough to pass over noise. */
const cellsAlong = 56
/** Shifts that are tried, as shares of the side. Nearer, every picture is like itself; farther, hardly anything overlaps. */
const leastShift = 1 / 8
const greatestShift = 4 / 7

/**
 * How much of a slice comes twice: the greatest correlation of its edges with themselves, shifted across or down by an eighth to four
 * sevenths of the side. Heads have about 0.06, hardly ever more than 0.2; ghosts and a folded field of view repeat them.
 * @returns −1..1; 0 for a blank picture
 */
export function repetition (raster: Raster, { range: [black, white] }: Preprocessing): number {
  const size = Math.max(1, Math.ceil(Math.max(raster.width, raster.height) / cellsAlong))
  const across = Math.floor(raster.width / size)
  const down = Math.floor(raster.height / size)
  const edges = edgesOf(cellMeans(raster, size, across, down), across, down)
  const scale = (white - black) ** 2
  let greatest = -1
  for (const [side, dx, dy] of [[across, 1, 0], [down, 0, 1]] as const) {
    for (let shift = Math.ceil(side * leastShift); shift <= side * greatestShift; shift++) {
      greatest = Math.max(greatest, correlation(edges, across, down, dx * shift, dy * shift, scale))
    }
  }
  return greatest
}

function cellMeans ({ width, channels, data }: Raster, size: number, across: number, down: number): Float32Array {
  const means = new Float32Array(across * down)
  for (let y = 0; y < down * size; y++) {
    for (let x = 0; x < across * size; x++) {
      means[Math.floor(y / size) * across + Math.floor(x / size)]! += data[(y * width + x) * channels]! / (size * size)
    }
  }
  return means
}

/** Each cell less the mean of the four that lie two cells away, or on the border. */
function edgesOf (means: Float32Array, across: number, down: number): Float32Array {
  const at = (x: number, y: number): number =>
    means[Math.min(down - 1, Math.max(0, y)) * across + Math.min(across - 1, Math.max(0, x))]!
  return means.map((value, i) => {
    const [x, y] = [i % across, Math.floor(i / across)]
    return value - (at(x - 2, y) + at(x + 2, y) + at(x, y - 2) + at(x, y + 2)) / 4
  })
}

function correlation (edges: Float32Array, across: number, down: number, dx: number, dy: number, scale: number): number {
  let [products, first, second] = [0, 0, 0]
  for (let y = 0; y + dy < down; y++) {
    for (let x = 0; x + dx < across; x++) {
      const one = edges[y * across + x]!
      const other = edges[(y + dy) * across + x + dx]!
      products += one * other
      first += one * one
      second += other * other
    }
  }
  // a strip without edges is like nothing
  return products / (Math.sqrt(first * second) + 1e-6 * scale * edges.length)
}
