import type { Plane } from './plane.ts'
import { blur, smoothField } from './plane.ts'
import type { Random } from './random.ts'
import type { DrawnSlice } from './slice-picture.ts'

/**
 * What a scanner does to a slice: blur, coil shading, Rician noise, a lifted black level, air set to zero by some vendors.
 * `real` pictures have noise and texture already and get less.
 */
export function acquire (random: Random, slice: DrawnSlice, real: boolean): Plane {
  const { size, brain } = slice
  let picture = slice.picture
  if (!real) {
    const grain = blur(random.fillNormal(new Float32Array(size * size)), size, random.uniform(0.7, 2.5))
    const strength = random.uniform(0.01, 0.06)
    for (let i = 0; i < picture.length; i++) if (picture[i]! > 0.02) picture[i] = picture[i]! + grain[i]! * strength
  }
  picture = blur(picture, size, real ? random.uniform(0.05, 0.9) : random.uniform(0.2, 1.1))
  const pedestal = random.chance(0.3) ? random.uniform(0, 0.06) : 0
  const shading = smoothField(random, size, 4, random.uniform(0.02, 0.22))
  const noise = random.uniform(0.002, real ? 0.02 : 0.035)
  // a row at a time: it stays in the processor's cache
  const channels = new Float32Array(2 * size)
  for (let i = 0; i < picture.length;) {
    random.fillNormal(channels, noise)
    for (let k = 0; k < channels.length; k += 2, i++) {
      const value = picture[i]! + pedestal
      const signal = (value > 0 ? value * exponential(shading[i]!) : 0) + channels[k]!
      const other = channels[k + 1]!
      picture[i] = Math.sqrt(signal * signal + other * other)
    }
  }
  if (random.chance(0.25)) cutAir(picture, size, brain, slice.white * random.uniform(0.05, 0.15) + 2 * noise)
  // stored values of scanners have no common scale, and sequences no common contrast
  const scale = random.logNormal(800, 0.6)
  const gamma = random.uniform(0.75, 1.35)
  return toStored(picture, gamma, scale)
}

/** e^x within 1e-5 for |x| ≤ 1.2, as far as shading goes: the series of x/4, four times multiplied. */
function exponential (x: number): number {
  const y = x / 4
  const quarter = 1 + y * (1 + y * (1 / 2 + y * (1 / 6 + y * (1 / 24 + y / 120))))
  const half = quarter * quarter
  return half * half
}

const steps = 2048

/** round(value^gamma · scale), in place, by a table over the square root of the value, in which the power is almost straight. */
function toStored (picture: Plane, gamma: number, scale: number): Plane {
  let most = 1e-6
  for (let i = 0; i < picture.length; i++) if (picture[i]! > most) most = picture[i]!
  const table = new Float64Array(steps + 2)
  for (let i = 0; i < table.length; i++) table[i] = scale * (most * (i / steps) ** 2) ** gamma
  for (let i = 0; i < picture.length; i++) {
    const at = Math.sqrt(picture[i]! / most) * steps
    const below = Math.floor(at) | 0
    const value = table[below]!
    // none is negative, and Math.round takes three times as long
    picture[i] = Math.floor(value + (table[below + 1]! - value) * (at - below) + 0.5)
  }
  return picture
}

/** Zeroes what is dark outside the brain, as scanners and de-identification tools do. */
function cutAir (picture: Plane, size: number, brain: Uint8Array, level: number): void {
  const smooth = blur(picture, size, 1)
  for (let i = 0; i < picture.length; i++) if (brain[i] === 0 && smooth[i]! < level) picture[i] = 0
}
