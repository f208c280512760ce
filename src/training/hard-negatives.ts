import { dilate } from './dilation.ts'
import type { SpotLook, SpotSize } from './lesions.ts'
import { paintSpots, placeSpots } from './lesions.ts'
import type { Plane } from './plane.ts'
import { blur } from './plane.ts'
import type { Random } from './random.ts'
import type { DrawnSlice, SliceContrast } from './slice-picture.ts'

/** Old small infarcts: holes of a few millimetres with a plain edge. */
const lacuneSize: SpotSize = { median: 2.6, sigma: 0.4, low: 1.2, high: 6 }
const lacuneLook: SpotLook = { sharpness: [7, 16], amplitude: [0.8, 1.2], roughness: 0.15 }

/**
 * What is bright or dark in a brain and no tuber, drawn into slices of both classes: infarct-like spots in the deep brain (on T2 as
 * bright as fluid; on FLAIR dark with a bright rim, or bright throughout) and vessels, dark or bright, along and across the slice.
 * Tubers are left as they are.
 */
export function drawHardNegatives (random: Random, slice: DrawnSlice, contrast: SliceContrast): void {
  if (random.chance(0.12)) drawLacunes(random, slice, contrast)
  if (random.chance(0.15)) drawVessels(random, slice)
}

function drawLacunes (random: Random, slice: DrawnSlice, contrast: SliceContrast): void {
  const { size, pixel, white } = slice
  const deep = inside(slice, 16)
  const spots = placeSpots(random, deep, size, random.geometric(0.5), pixel, lacuneSize)
  if (spots.length === 0) return
  if (contrast === 'T2') {
    blend(slice, paintSpots(random, size, spots, lacuneLook), white * random.uniform(1.6, 3.4))
    return
  }
  const bright = white * random.uniform(1.25, 1.9)
  if (random.chance(0.4)) {
    blend(slice, paintSpots(random, size, spots, lacuneLook), bright)
    return
  }
  const rims = spots.map(spot => ({ ...spot, radius: spot.radius * 1.7 }))
  blend(slice, paintSpots(random, size, rims, lacuneLook), bright)
  blend(slice, paintSpots(random, size, spots, lacuneLook), white * random.uniform(0.1, 0.6))
}

/** Arcs a few pixels wide; end on, a dot. */
function drawVessels (random: Random, slice: DrawnSlice): void {
  const { size, pixel, white, brain } = slice
  const deep = inside(slice, 22)
  const places: number[] = []
  for (let i = 0; i < brain.length; i++) if (brain[i] !== 0 && deep[i] === 0) places.push(i)
  if (places.length === 0) return
  const target = white * (random.chance(0.4) ? random.uniform(0.05, 0.35) : random.uniform(1.4, 3))
  const plane = new Float32Array(size * size)
  for (let count = random.geometric(0.3); count > 0; count--) {
    const at = random.choice(places)
    paintArc(random, plane, size, at % size, Math.floor(at / size), random.uniform(0, 30) / pixel, random.uniform(0.4, 1) / pixel)
  }
  blend(slice, plane, target)
}

/** @param length and half width in pixels */
function paintArc (random: Random, plane: Plane, size: number, x: number, y: number, length: number, width: number): void {
  let angle = random.uniform(0, 2 * Math.PI)
  const bend = random.uniform(-1.2, 1.2) / Math.max(1, length)
  const strength = random.uniform(0.4, 1)
  const reach = Math.ceil(2.5 * width)
  for (let step = 0; step <= length; step++) {
    for (let row = Math.max(0, Math.round(y) - reach); row <= Math.min(size - 1, Math.round(y) + reach); row++) {
      for (let column = Math.max(0, Math.round(x) - reach); column <= Math.min(size - 1, Math.round(x) + reach); column++) {
        const value = strength * Math.exp(-((column - x) ** 2 + (row - y) ** 2) / (2 * width * width))
        const i = row * size + column
        if (value > plane[i]!) plane[i] = value
      }
    }
    x += Math.cos(angle)
    y += Math.sin(angle)
    angle += bend
  }
}

/** Brain at least `depth` millimetres from what is not brain, along rows and columns. */
function inside ({ brain, size, pixel }: DrawnSlice, depth: number): Uint8Array {
  const outside = new Uint8Array(brain.length)
  for (let i = 0; i < outside.length; i++) outside[i] = brain[i] === 0 ? 1 : 0
  const near = dilate(outside, size, Math.round(depth / pixel))
  for (let i = 0; i < near.length; i++) near[i] = 1 - near[i]!
  return near
}

/** Draws towards a signal, inside the brain and beside tubers. */
function blend ({ picture, tuber, brain, size }: DrawnSlice, plane: Plane, target: number): void {
  const soft = blur(plane, size, 0.5)
  for (let i = 0; i < picture.length; i++) {
    if (soft[i]! <= 0 || brain[i] === 0) continue
    const share = Math.min(1, soft[i]!) * (1 - Math.min(1, tuber[i]!))
    picture[i] = picture[i]! + (target - picture[i]!) * share
  }
}
