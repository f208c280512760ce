import type { Random } from './random.ts'

/** How far training pictures are moved; the defaults are the paper's. */
export interface AugmentationRange {
  /** degrees, either way */
  readonly rotation: number
  /** share of width and height, either way */
  readonly shift: number
  /** degrees, as Keras's shear_range */
  readonly shear: number
  /** share, either way, each axis by itself */
  readonly zoom: number
  readonly horizontalFlip: boolean
}

export const paperAugmentation: AugmentationRange = { rotation: 30, shift: 0.1, shear: 0.2, zoom: 0.25, horizontalFlip: true }

/** Output pixel → input pixel, about the middle: x' = a·x + b·y + c, y' = d·x + e·y + f, in pixels from the centre. */
export interface Motion {
  readonly a: number
  readonly b: number
  readonly c: number
  readonly d: number
  readonly e: number
  readonly f: number
}

/** Draws a motion as Keras's ImageDataGenerator does: rotation, shift, shear and zoom multiplied in this order. */
export function randomMotion (random: Random, range: AugmentationRange, width: number, height: number): Motion {
  const angle = radians(random.uniform(-range.rotation, range.rotation))
  const shear = radians(random.uniform(-range.shear, range.shear))
  const zoomX = random.uniform(1 - range.zoom, 1 + range.zoom)
  const zoomY = random.uniform(1 - range.zoom, 1 + range.zoom)
  const shiftX = random.uniform(-range.shift, range.shift) * width
  const shiftY = random.uniform(-range.shift, range.shift) * height
  const mirror = range.horizontalFlip && random.chance(0.5) ? -1 : 1
  const cos = Math.cos(angle)
  const sin = Math.sin(angle)
  // rotation · shear, then each output axis zoomed; the shift is rotated with the picture
  const sheared = {
    xx: cos,
    xy: -cos * Math.sin(shear) - sin * Math.cos(shear),
    yx: sin,
    yy: -sin * Math.sin(shear) + cos * Math.cos(shear),
  }
  return {
    a: sheared.xx * zoomX * mirror,
    b: sheared.xy * zoomY,
    c: cos * shiftX - sin * shiftY,
    d: sheared.yx * zoomX * mirror,
    e: sheared.yy * zoomY,
    f: sin * shiftX + cos * shiftY,
  }
}

/** Moves a picture of interleaved channels; bilinear, what comes from outside takes the nearest edge pixel. */
export function move (data: Float32Array, width: number, height: number, channels: number, motion: Motion): Float32Array {
  const out = new Float32Array(data.length)
  const cx = (width - 1) / 2
  const cy = (height - 1) / 2
  for (let row = 0, o = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const x = column - cx
      const y = row - cy
      const fromX = Math.min(width - 1, Math.max(0, motion.a * x + motion.b * y + motion.c + cx))
      const fromY = Math.min(height - 1, Math.max(0, motion.d * x + motion.e * y + motion.f + cy))
      const x0 = Math.min(Math.floor(fromX), Math.max(0, width - 2))
      const y0 = Math.min(Math.floor(fromY), Math.max(0, height - 2))
      const u = fromX - x0
      const v = fromY - y0
      const at = (y0 * width + x0) * channels
      const right = width > 1 ? channels : 0
      const below = height > 1 ? width * channels : 0
      for (let c = 0; c < channels; c++, o++) {
        const upper = data[at + c]! * (1 - u) + data[at + right + c]! * u
        const lower = data[at + below + c]! * (1 - u) + data[at + below + right + c]! * u
        out[o] = upper * (1 - v) + lower * v
      }
    }
  }
  return out
}

function radians (degrees: number): number {
  return degrees * Math.PI / 180
}
