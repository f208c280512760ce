import type { Box } from './plane.ts'
import type { Random } from './random.ts'
import type { TissueVolume } from './tissue-volume.ts'
import type { Warp } from './warp.ts'

/** Where a slice lies in a volume. */
export interface Cut {
  readonly z: number
  readonly tiltX: number
  readonly tiltY: number
  /** millimetres */
  readonly thickness: number
}

/** A height within the cerebrum, or without tubers within the brain, a tilt of a few degrees, and 2.5 to 5.5 mm. */
export function randomCut (random: Random, volume: TissueVolume, withTubers: boolean): Cut {
  const [low, high] = withTubers || random.chance(0.8) ? volume.cerebrum : volume.brain
  return {
    z: random.uniform(low, high),
    tiltX: Math.tan(random.uniform(-0.07, 0.07)),
    tiltY: Math.tan(random.uniform(-0.25, 0.25)),
    thickness: random.uniform(2.5, 5.5),
  }
}

/** A tilted plane through a volume: column and row as one index into a slice, −1 beside it; and the height in slices. */
export interface CutPlane { readonly at: Int32Array, readonly height: Float32Array }

export function cutPlane (volume: TissueVolume, warp: Warp, cut: Cut): CutPlane {
  const [nx, ny] = volume.size
  const [cx, cy] = volume.centre
  const { z, tiltX, tiltY } = cut
  const at = new Int32Array(warp.x.length)
  const height = new Float32Array(at.length)
  for (let i = 0; i < at.length; i++) {
    const dx = warp.x[i]!
    const dy = warp.y[i]!
    // as integers, which index faster
    const x = Math.floor(cx + dx + 0.5) | 0
    const y = Math.floor(cy + dy + 0.5) | 0
    at[i] = x < 0 || y < 0 || x >= nx || y >= ny ? -1 : y * nx + x
    height[i] = z + tiltX * dx + tiltY * dy
  }
  return { at, height }
}

/** Nearest tissue on the plane. */
export function sample (volume: TissueVolume, { at, height }: CutPlane, folded: Uint8Array): Uint8Array {
  const [nx, ny, nz] = volume.size
  const area = nx * ny
  const { codes } = volume
  const out = new Uint8Array(at.length)
  for (let i = 0; i < out.length; i++) {
    const z = Math.floor(height[i]! + 0.5) | 0
    if (at[i]! >= 0 && z >= 0 && z < nz) out[i] = folded[codes[Math.imul(z, area) + at[i]!]!]!
  }
  return out
}

/** Tissues a third of the thickness below the middle, in the middle, and above. */
export type Slab = readonly [Uint8Array, Uint8Array, Uint8Array]

/** @param step millimetres from the middle to either side */
export function slabAbout (
  volume: TissueVolume, { at, height }: CutPlane, middle: Uint8Array, step: number, folded: Uint8Array,
): Slab {
  const [nx, ny, nz] = volume.size
  const area = nx * ny
  const { codes } = volume
  const below = new Uint8Array(at.length)
  const above = new Uint8Array(at.length)
  const low = -step + 0.5
  const high = step + 0.5
  for (let i = 0; i < below.length; i++) {
    const inSlice = at[i]!
    if (inSlice < 0) continue
    const z = height[i]!
    const lower = Math.floor(z + low) | 0
    const upper = Math.floor(z + high) | 0
    if (lower >= 0 && lower < nz) below[i] = folded[codes[Math.imul(lower, area) + inSlice]!]!
    if (upper >= 0 && upper < nz) above[i] = folded[codes[Math.imul(upper, area) + inSlice]!]!
  }
  return [below, middle, above]
}

/** The rows and columns between which a tissue lies whose value in the table is not 0. */
export function boxOf ([below, middle, above]: Slab, size: number, table: Float32Array): Box {
  let [top, left, bottom, right] = [size, size, 0, 0]
  const isThere = (i: number): boolean => table[below[i]!]! > 0 || table[middle[i]!]! > 0 || table[above[i]!]! > 0
  for (let y = 0, row = 0; y < size; y++, row += size) {
    let first = 0
    while (first < size && !isThere(row + first)) first++
    if (first === size) continue
    let last = size - 1
    while (!isThere(row + last)) last--
    top = Math.min(top, y)
    bottom = y + 1
    left = Math.min(left, first)
    right = Math.max(right, last + 1)
  }
  return { top, left, bottom, right }
}
