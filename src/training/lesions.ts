import type { Plane } from './plane.ts'
import { smoothField } from './plane.ts'
import type { Random } from './random.ts'

/** A spot to be painted: centre and radius in pixels. */
export interface Spot { readonly x: number, readonly y: number, readonly radius: number }

/** Radius in millimetres: log-normal about a median, cut to a range. */
export interface SpotSize { readonly median: number, readonly sigma: number, readonly low: number, readonly high: number }

/** How sharp, how strong and how ragged spots are. */
export interface SpotLook {
  readonly sharpness: readonly [number, number]
  readonly amplitude: readonly [number, number]
  readonly roughness: number
}

/** Tubers of the evidence study: radius 7 mm (log-normal, 0.45), 2.5 to 16 mm. */
export const tuberSize: SpotSize = { median: 7, sigma: 0.45, low: 2.5, high: 16 }
export const tuberLook: SpotLook = { sharpness: [4, 11], amplitude: [0.55, 1.25], roughness: 0.22 }
/** White-matter lesions that are not tubers. */
export const lesionSize: SpotSize = { median: 3, sigma: 0.45, low: 1.2, high: 8 }
export const lesionLook: SpotLook = { sharpness: [4, 14], amplitude: [0.5, 1.3], roughness: 0.18 }

/** Draws spots (`pixel` in millimetres) with their centres where `allowed` is 1; none where fewer than 40 pixels are allowed. */
export function placeSpots (
  random: Random, allowed: Uint8Array, size: number, count: number, pixel: number, sizes: SpotSize,
): Spot[] {
  if (count === 0) return []
  const places: number[] = []
  for (let i = 0; i < allowed.length; i++) if (allowed[i] !== 0) places.push(i)
  if (places.length < 40) return []
  return Array.from({ length: count }, () => {
    const at = random.choice(places)
    const radius = Math.min(sizes.high, Math.max(sizes.low, random.logNormal(sizes.median, sizes.sigma)))
    return { x: at % size, y: Math.floor(at / size), radius: radius / pixel }
  })
}

/** Soft, ragged, rotated ellipses; where they overlap the stronger holds. Values 0 to about 1.3. */
export function paintSpots (random: Random, size: number, spots: readonly Spot[], look: SpotLook): Plane {
  const out = new Float32Array(size * size)
  for (const spot of spots) {
    const stretch = Math.exp(0.3 * random.normal())
    const angle = random.uniform(0, Math.PI)
    const cos = Math.cos(angle)
    const sin = Math.sin(angle)
    const sharpness = random.uniform(...look.sharpness)
    const amplitude = random.uniform(...look.amplitude)
    const reach = Math.ceil(spot.radius * Math.max(stretch, 1 / stretch) * 1.7) + 2
    const patch = 2 * reach + 1
    // the field keeps the knots about one radius apart, so that a small and a large spot are equally ragged
    const ragged = smoothField(random, patch, 9, look.roughness)
    for (let dy = -reach; dy <= reach; dy++) {
      const y = spot.y + dy
      if (y < 0 || y >= size) continue
      for (let dx = -reach; dx <= reach; dx++) {
        const x = spot.x + dx
        if (x < 0 || x >= size) continue
        const a = dx / spot.radius
        const b = dy / spot.radius
        const u = (a * cos + b * sin) / stretch
        const v = (b * cos - a * sin) * stretch
        const q = Math.sqrt(u * u + v * v) + ragged[(dy + reach) * patch + dx + reach]!
        const value = amplitude / (1 + Math.exp((q - 1) * sharpness))
        const i = y * size + x
        if (value > out[i]!) out[i] = value
      }
    }
  }
  return out
}

/** Radial migration bands: thin wedges from some of the tubers towards the ventricle. */
export function paintBands (random: Random, plane: Plane, size: number, tubers: readonly Spot[], probability: number): void {
  for (const tuber of tubers) {
    if (!random.chance(probability)) continue
    const side = Math.sign(tuber.x - size / 2)
    const targetX = size / 2 + side * random.uniform(5, 25)
    const targetY = size / 2 + 10 * random.normal()
    const length = Math.hypot(targetX - tuber.x, targetY - tuber.y)
    const drawn = Math.floor(length * random.uniform(0.4, 0.85))
    const width = random.uniform(0.6, 1.6)
    const strength = random.uniform(0.25, 0.8)
    for (let step = 0; step < drawn; step++) {
      const cx = tuber.x + (targetX - tuber.x) * step / length
      const cy = tuber.y + (targetY - tuber.y) * step / length
      for (let y = Math.max(0, Math.round(cy) - 3); y <= Math.min(size - 1, Math.round(cy) + 3); y++) {
        for (let x = Math.max(0, Math.round(cx) - 3); x <= Math.min(size - 1, Math.round(cx) + 3); x++) {
          const value = strength * Math.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * width * width))
          const i = y * size + x
          if (value > plane[i]!) plane[i] = value
        }
      }
    }
  }
}
