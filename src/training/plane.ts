import type { Random } from './random.ts'

/** A square picture or mask of `size`×`size` values, row by row. */
export type Plane = Float32Array

/** Gaussian blur, separable, edges repeated. `sigma` in pixels; below 0.15 nothing changes. */
export function blur (plane: Plane, size: number, sigma: number): Plane {
  if (sigma < 0.15) return plane.slice()
  const radius = Math.max(1, Math.ceil(sigma * 2.5))
  const kernel = new Float32Array(radius + 1)
  let sum = 0
  for (let i = 0; i <= radius; i++) {
    kernel[i] = Math.exp(-(i * i) / (2 * sigma * sigma))
    sum += kernel[i]! * (i === 0 ? 1 : 2)
  }
  for (let i = 0; i <= radius; i++) kernel[i] = kernel[i]! / sum
  const across = new Float32Array(size * size)
  const line = new Float32Array(size + 2 * radius)
  for (let y = 0; y < size; y++) {
    const row = y * size
    line.fill(plane[row]!, 0, radius)
    line.set(plane.subarray(row, row + size), radius)
    line.fill(plane[row + size - 1]!, radius + size)
    for (let x = 0; x < size; x++) {
      const at = x + radius
      let value = line[at]! * kernel[0]!
      for (let i = 1; i <= radius; i++) value += (line[at - i]! + line[at + i]!) * kernel[i]!
      across[row + x] = value
    }
  }
  const out = new Float32Array(size * size)
  for (let y = 0; y < size; y++) {
    const row = y * size
    for (let i = -radius; i <= radius; i++) {
      const from = Math.min(size - 1, Math.max(0, y + i)) * size
      const weight = kernel[Math.abs(i)]!
      for (let x = 0; x < size; x++) out[row + x] = out[row + x]! + across[from + x]! * weight
    }
  }
  return out
}

/** A smooth random field: `knots`×`knots` normal deviates of standard deviation `sigma`, interpolated by cubic splines. */
export function smoothField (random: Random, size: number, knots: number, sigma: number): Plane {
  const grid = random.fillNormal(new Float32Array(knots * knots), sigma)
  const weights = splineWeights(size, knots)
  const rows = new Float32Array(knots * size)
  for (let y = 0; y < knots; y++) {
    for (let x = 0; x < size; x++) {
      let value = 0
      for (let i = 0; i < 4; i++) value += grid[y * knots + weights.index[x * 4 + i]!]! * weights.weight[x * 4 + i]!
      rows[y * size + x] = value
    }
  }
  const out = new Float32Array(size * size)
  for (let y = 0; y < size; y++) {
    for (let i = 0; i < 4; i++) {
      const from = weights.index[y * 4 + i]! * size
      const weight = weights.weight[y * 4 + i]!
      for (let x = 0; x < size; x++) out[y * size + x] = out[y * size + x]! + rows[from + x]! * weight
    }
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

/** Grows a 0/1 mask by a square of ±`radius` pixels. */
export function dilate (mask: Uint8Array, size: number, radius: number): Uint8Array {
  const across = new Uint8Array(size * size)
  for (let y = 0; y < size; y++) spread(mask, across, y * size, 1, size, radius)
  const out = new Uint8Array(size * size)
  for (let x = 0; x < size; x++) spread(across, out, x, size, size, radius)
  return out
}

function spread (from: Uint8Array, to: Uint8Array, start: number, step: number, count: number, radius: number): void {
  let last = -1e9
  let next = 0
  for (let i = 0; i < count; i++) {
    const limit = Math.min(count - 1, i + radius)
    for (; next <= limit; next++) if (from[start + next * step] !== 0) last = next
    if (i - last <= radius) to[start + i * step] = 1
  }
}

/** The value below which a fraction of the values lies (nearest rank); the input is sorted in place. NaN where there is none. */
export function quantile (values: Float32Array, fraction: number): number {
  if (values.length === 0) return Number.NaN
  values.sort()
  return values[Math.min(values.length - 1, Math.floor(fraction * values.length))]!
}
