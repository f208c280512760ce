import type { Plane } from './plane.ts'
import { interpolate, randomKnots } from './plane.ts'
import type { Random } from './random.ts'
import type { Difficulty } from './slice-picture.ts'

/** Brightness of the three tissues that everything else is told by, in units of a full-scale signal of about 1. */
export interface TissueSignal { readonly white: number, readonly grey: number, readonly fluid: number }

/** A random contrast: FLAIR with dark fluid, T2 with bright fluid, grey matter brighter than white in both. */
export function signalOf (random: Random, flair: boolean): TissueSignal {
  const white = flair ? random.uniform(0.28, 0.6) : random.uniform(0.18, 0.42)
  const grey = white * (1 + (flair ? random.uniform(0, 0.35) : random.uniform(0.15, 0.9)))
  const fluid = flair ? white * random.uniform(0.05, 0.6) : Math.max(white * random.uniform(1.9, 4), grey * 1.35)
  return { white, grey, fluid }
}

/**
 * Draws tubers into a picture: towards grey matter × 1.15–1.75 on FLAIR, towards grey matter + 0.2–0.6 of the way to fluid on
 * T2 (the evidence study's ranges), with a little texture of their own.
 */
export function implant (
  random: Random, picture: Plane, size: number, tuber: Plane, signal: TissueSignal, flair: boolean, difficulty: Difficulty,
): void {
  const skew = random.uniform() ** 1.3
  const [low, high] = flair ? difficulty.flairGain : difficulty.t2Gain
  const gain = low + (high - low) * skew
  const target = flair ? signal.grey * (1 + gain) : signal.grey + (signal.fluid - signal.grey) * gain
  const knots = randomKnots(random, 24, random.uniform(0, 0.08))
  const opacity = random.uniform(0.6, 1)
  if (!isDrawn(tuber)) return
  const texture = interpolate(knots, size, 24)
  for (let i = 0; i < picture.length; i++) {
    if (tuber[i]! <= 1e-3) continue
    const share = Math.min(0.97, tuber[i]! * opacity)
    picture[i] = picture[i]! * (1 - share) + target * (1 + texture[i]!) * share
  }
}

function isDrawn (tuber: Plane): boolean {
  for (let i = 0; i < tuber.length; i++) if (tuber[i]! > 1e-3) return true
  return false
}
