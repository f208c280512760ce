import type { CanvasSeries, CanvasSlice } from './canvas.ts'
import { canvasPixel, canvasSize } from './canvas-grid.ts'
import { lesionLook, lesionSize, paintBands, paintSpots, placeSpots, tuberLook, tuberSize } from './lesions.ts'
import type { Plane } from './plane.ts'
import { blur, quantile } from './plane.ts'
import type { Random } from './random.ts'
import type { TissueSignal } from './signal.ts'
import { implant } from './signal.ts'
import type { Difficulty, DrawnSlice, SliceContrast } from './slice-picture.ts'
import { tuberCount } from './slice-picture.ts'
import type { Warp } from './warp.ts'
import { expandGyrus, randomWarp, straightWarp } from './warp.ts'

export interface CanvasSliceRequest {
  readonly size: number
  readonly withTubers: boolean
  readonly difficulty: Difficulty
  /** `false`: the slice as it was acquired, no warp and no lesion of ours */
  readonly vary: boolean
}

/** Draws a real tuber-free slice, with tubers implanted where asked. */
export function drawCanvasSlice (
  random: Random, series: CanvasSeries, canvas: CanvasSlice, request: CanvasSliceRequest,
): DrawnSlice {
  const { size, difficulty, vary } = request
  const warp = vary ? randomWarp(random, size) : straightWarp(size, canvasSize * canvasPixel)
  const places = nearest(canvas.places, warp)
  const sizes = difficulty.size ?? tuberSize
  const tubers = request.withTubers ? placeSpots(random, places, size, tuberCount(random, difficulty), warp.pixel, sizes) : []
  if (vary) {
    const widened = request.withTubers ? tubers : placeSpots(random, places, size, random.below(4), warp.pixel, sizes)
    for (const spot of widened) {
      if (!random.chance(0.5)) continue
      expandGyrus(warp, size, { ...spot, radius: spot.radius * 1.3 }, random.uniform(0.05, 0.35))
    }
  }
  const picture = bilinear(canvas.picture, warp, 1)
  const brain = nearest(canvas.brain, warp)
  let known: Plane | undefined
  const tissue = (): Plane => {
    known ??= bilinear(canvas.tissue, warp, 1 / 255)
    return known
  }
  const flair = series.contrast === 'FLAIR'
  const signal = measuredSignal(picture, brain, series.contrast)
  if (vary && random.chance(0.35)) {
    const spots = placeSpots(random, nearest(canvas.deep, warp), size, random.geometric(0.5), warp.pixel, lesionSize)
    const lesion = blur(weigh(paintSpots(random, size, spots, lesionLook), tissue()), size, random.uniform(0.4, 0.8))
    const target = flair
      ? signal.grey * (1 + random.uniform(0.2, 0.9))
      : signal.grey + (signal.fluid - signal.grey) * random.uniform(0.1, 0.8)
    for (let i = 0; i < picture.length; i++) picture[i] = picture[i]! + (target - picture[i]!) * Math.min(1, lesion[i]!)
  }
  const painted = paintSpots(random, size, tubers, tuberLook)
  paintBands(random, painted, size, tubers, 0.1)
  const tuber = blur(tubers.length > 0 ? weigh(painted, tissue()) : painted, size, random.uniform(0.4, 1))
  if (tubers.length > 0) {
    const texture = grain(picture, size)
    implant(random, picture, size, tuber, signal, flair, difficulty)
    const kept = random.uniform(0.5, 1)
    // the canvas's own texture goes on inside the tuber, so that smoothness is no cue
    for (let i = 0; i < picture.length; i++) picture[i] = picture[i]! + texture[i]! * Math.min(0.9, 0.8 * tuber[i]!) * kept
  }
  return { size, pixel: warp.pixel, picture, tuber, brain, white: signal.white }
}

/** Stored values of a canvas whose brightest brain is 1. */
const fullScale = 1000

/** The slice as it was acquired, in whole numbers. */
export function asAcquired ({ picture }: DrawnSlice): Plane {
  const out = new Float32Array(picture.length)
  for (let i = 0; i < out.length; i++) out[i] = Math.round(Math.max(0, picture[i]!) * fullScale)
  return out
}

function grain (picture: Plane, size: number): Plane {
  const out = blur(picture, size, 1.2)
  for (let i = 0; i < out.length; i++) out[i] = picture[i]! - out[i]!
  return out
}

/** In place. */
function weigh (plane: Plane, weight: Plane): Plane {
  for (let i = 0; i < plane.length; i++) plane[i] = plane[i]! * weight[i]!
  return plane
}

/** Typical signals, from quantiles inside the brain. */
function measuredSignal (picture: Plane, brain: Uint8Array, contrast: SliceContrast): TissueSignal {
  const some = new Float32Array(Math.ceil(picture.length / 7))
  let count = 0
  for (let i = 0; i < picture.length; i += 7) if (brain[i] !== 0 && picture[i]! > 0.05) some[count++] = picture[i]!
  const inside = some.subarray(0, count)
  if (inside.length < 20) return { white: 0.3, grey: 0.4, fluid: contrast === 'T2' ? 0.9 : 0.1 }
  const at = (fraction: number): number => quantile(inside, fraction)
  const white = at(0.3)
  return contrast === 'FLAIR'
    ? { white, grey: at(0.7), fluid: white * 0.3 }
    : { white, grey: at(0.55), fluid: at(0.985) }
}

function nearest (plane: Uint8Array, { x: dx, y: dy }: Warp): Uint8Array {
  const out = new Uint8Array(dx.length)
  const middle = canvasSize / 2
  for (let i = 0; i < out.length; i++) {
    const x = Math.floor(dx[i]! / canvasPixel + middle)
    const y = Math.floor(dy[i]! / canvasPixel + middle)
    if (x >= 0 && y >= 0 && x < canvasSize && y < canvasSize) out[i] = plane[y * canvasSize + x]!
  }
  return out
}

function bilinear (plane: Plane | Uint8Array, { x: dx, y: dy }: Warp, gain: number): Plane {
  const out = new Float32Array(dx.length)
  const middle = (canvasSize - 1) / 2
  for (let i = 0; i < out.length; i++) {
    const x = dx[i]! / canvasPixel + middle
    const y = dy[i]! / canvasPixel + middle
    const x0 = Math.floor(x)
    const y0 = Math.floor(y)
    if (x0 < 0 || y0 < 0 || x0 + 1 >= canvasSize || y0 + 1 >= canvasSize) continue
    const at = y0 * canvasSize + x0
    const u = x - x0
    const v = y - y0
    const above = plane[at]! + (plane[at + 1]! - plane[at]!) * u
    const below = plane[at + canvasSize]! + (plane[at + canvasSize + 1]! - plane[at + canvasSize]!) * u
    out[i] = gain * (above + (below - above) * v)
  }
  return out
}
