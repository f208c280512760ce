import type { Random } from './random.ts'

/** A square picture or mask of `size`×`size` values, row by row. */
export type Plane = Float32Array

/**
 * Rows between the two passes of a blur; every call overwrites what it reads, and a thread runs one blur at a time. Values of 32 bits in
 * 64: the second pass reads each several times, and to widen it takes as long as to read it.
 */
let between = new Float64Array(0)

/** Gaussian blur, separable, edges repeated. `sigma` in pixels; below 0.15 nothing changes. */
export function blur (plane: Plane, size: number, sigma: number): Plane {
  if (sigma < 0.15) return plane.slice()
  const kernel = gaussian(sigma)
  const reach = kernel.length - 1
  if (between.length < size * size) between = new Float64Array(size * size)
  const across = between
  const line = new Float64Array(size + 2 * reach)
  // pictures of a few spots are mostly empty rows
  const empty = new Uint8Array(size)
  for (let y = 0; y < size; y++) {
    const row = y * size
    if (isEmpty(plane, row, size)) {
      empty[y] = 1
      across.fill(0, row, row + size)
      continue
    }
    line.fill(plane[row]!, 0, reach)
    for (let x = 0; x < size; x++) line[reach + x] = plane[row + x]!
    line.fill(plane[row + size - 1]!, reach + size)
    blurLine(line, across, row, size, kernel)
  }
  const out = new Float32Array(size * size)
  for (let y = 0; y < size; y++) {
    let nothing = 1
    for (let i = Math.max(0, y - reach); i <= Math.min(size - 1, y + reach); i++) nothing &= empty[i]!
    if (nothing === 0) blurRow(across, out, y, size, kernel)
  }
  return out
}

/** Weights of the centre and of each neighbour on one side, cut at 2.5 σ and filled up with zeros to an even number of neighbours. */
function gaussian (sigma: number): Float64Array {
  const radius = Math.max(1, Math.ceil(sigma * 2.5))
  const kernel = new Float64Array(radius + (radius % 2) + 1)
  let sum = 0
  for (let i = 0; i <= radius; i++) {
    kernel[i] = Math.exp(-(i * i) / (2 * sigma * sigma))
    sum += kernel[i]! * (i === 0 ? 1 : 2)
  }
  for (let i = 0; i <= radius; i++) kernel[i] = kernel[i]! / sum
  return kernel
}

function isEmpty (plane: Plane, start: number, count: number): boolean {
  for (let i = start; i < start + count; i++) if (plane[i] !== 0) return false
  return true
}

/** Two neighbours on each side at a time: fewer passes over the row than one by one. */
function blurLine (line: Float64Array, out: Float64Array, start: number, size: number, kernel: Float64Array): void {
  const reach = kernel.length - 1
  for (let k = 1; k < kernel.length; k += 2) {
    const centre = k === 1 ? kernel[0]! : 0
    const one = kernel[k]!
    const two = kernel[k + 1]!
    // each neighbour is read once and handed on to the next pixel
    let farLeft = line[reach - k - 1]!
    let left = line[reach - k]!
    let right = line[reach + k]!
    for (let x = 0, at = reach; x < size; x++, at++) {
      const farRight = line[at + k + 1]!
      const value = line[at]! * centre + (left + right) * one + (farLeft + farRight) * two
      out[start + x] = Math.fround(k === 1 ? value : out[start + x]! + value)
      farLeft = left
      left = line[at - k + 1]!
      right = farRight
    }
  }
}

function blurRow (rows: Float64Array, out: Plane, y: number, size: number, kernel: Float64Array): void {
  const to = y * size
  const from = (row: number): number => Math.min(size - 1, Math.max(0, row)) * size
  for (let k = 1; k < kernel.length; k += 2) {
    const centre = k === 1 ? kernel[0]! : 0
    const one = kernel[k]!
    const two = kernel[k + 1]!
    const [a, b, c, d] = [from(y - k), from(y + k), from(y - k - 1), from(y + k + 1)]
    for (let x = 0; x < size; x++) {
      const value = rows[to + x]! * centre + (rows[a + x]! + rows[b + x]!) * one + (rows[c + x]! + rows[d + x]!) * two
      out[to + x] = k === 1 ? value : out[to + x]! + value
    }
  }
}

/**
 * A smooth random field: `knots`×`knots` normal deviates of standard deviation `sigma`, interpolated by cubic splines.
 * @param box where it is needed; elsewhere it is 0
 */
export function smoothField (random: Random, size: number, knots: number, sigma: number, box?: Box): Plane {
  return interpolate(randomKnots(random, knots, sigma), size, knots, box)
}

/** Part of a plane, without the row `bottom` and the column `right`. */
export interface Box { readonly top: number, readonly left: number, readonly bottom: number, readonly right: number }

/** The deviates of a smooth field, for those who may not need the field. */
export function randomKnots (random: Random, knots: number, sigma: number): Float32Array {
  return random.fillNormal(new Float32Array(knots * knots), sigma)
}

/** `knots`×`knots` values spread over `size`×`size` pixels, or a box of them, by Catmull–Rom splines through them. */
export function interpolate (grid: Float32Array, size: number, knots: number, box?: Box): Plane {
  const { top, left, bottom, right } = box ?? { top: 0, left: 0, bottom: size, right: size }
  const { index, weight } = splineWeights(size, knots)
  const rows = new Float64Array(knots * size)
  for (let y = 0; y < knots; y++) {
    const from = y * knots
    for (let x = left, k = 4 * left; x < right; x++, k += 4) {
      rows[y * size + x] = grid[from + index[k]!]! * weight[k]! + grid[from + index[k + 1]!]! * weight[k + 1]! +
        grid[from + index[k + 2]!]! * weight[k + 2]! + grid[from + index[k + 3]!]! * weight[k + 3]!
    }
  }
  const out = new Float32Array(size * size)
  for (let y = top, k = 4 * top; y < bottom; y++, k += 4) {
    const row = y * size
    const [a, b, c, d] = [index[k]! * size, index[k + 1]! * size, index[k + 2]! * size, index[k + 3]! * size]
    const [p, q, r, s] = [weight[k]!, weight[k + 1]!, weight[k + 2]!, weight[k + 3]!]
    for (let x = left; x < right; x++) out[row + x] = rows[a + x]! * p + rows[b + x]! * q + rows[c + x]! * r + rows[d + x]! * s
  }
  return out
}

interface SplineWeights { readonly index: Int32Array, readonly weight: Float32Array }
const weightCache = new Map<string, SplineWeights>()

/** Catmull–Rom weights of four knots for each of `size` positions, edges repeated. */
function splineWeights (size: number, knots: number): SplineWeights {
  const key = `${size}/${knots}`
  const known = weightCache.get(key)
  if (known !== undefined) return known
  const index = new Int32Array(size * 4)
  const weight = new Float32Array(size * 4)
  for (let i = 0; i < size; i++) {
    const at = size === 1 ? 0 : i * (knots - 1) / (size - 1)
    const base = Math.min(knots - 2, Math.floor(at))
    const t = at - base
    weight.set([
      -0.5 * t + t * t - 0.5 * t * t * t,
      1 - 2.5 * t * t + 1.5 * t * t * t,
      0.5 * t + 2 * t * t - 1.5 * t * t * t,
      -0.5 * t * t + 0.5 * t * t * t,
    ], i * 4)
    for (let k = 0; k < 4; k++) index[i * 4 + k] = Math.min(knots - 1, Math.max(0, base + k - 1))
  }
  const made = { index, weight }
  weightCache.set(key, made)
  return made
}

/** The value below which a fraction of the values lies (nearest rank); the input is sorted in place. NaN where there is none. */
export function quantile (values: Float32Array, fraction: number): number {
  if (values.length === 0) return Number.NaN
  values.sort()
  return values[Math.min(values.length - 1, Math.floor(fraction * values.length))]!
}
