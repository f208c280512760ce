import { smoothField } from './plane.ts'
import type { Random } from './random.ts'

/** Where each pixel of a slice to be drawn comes from: millimetres from the centre of the head. */
export interface Warp {
  readonly x: Float32Array
  readonly y: Float32Array
  /** millimetres that a pixel spans */
  readonly pixel: number
}

/** A random field of view, rotation, mirror, shift and elastic deformation. */
export function randomWarp (random: Random, size: number): Warp {
  const fieldOfView = random.uniform(180, 262)
  const zoom = random.uniform(0.88, 1.1)
  const pixel = fieldOfView / size
  // heads differ in size and shape
  const pixelX = pixel * zoom * random.uniform(0.96, 1.04)
  const pixelY = pixel * zoom
  const mirror = random.chance(0.5) ? -1 : 1
  const angle = random.uniform(-0.22, 0.22)
  const cos = Math.cos(angle)
  const sin = Math.sin(angle)
  const amplitude = random.uniform(0.3, 2.4)
  const bendX = smoothField(random, size, 7, amplitude)
  const bendY = smoothField(random, size, 7, amplitude)
  const shiftX = random.uniform(-8, 8)
  const shiftY = random.uniform(-12, 12)
  for (let row = 0, i = 0; row < size; row++) {
    const v = (row - size / 2 + 0.5) * pixelY
    for (let column = 0; column < size; column++, i++) {
      const u = (column - size / 2 + 0.5) * pixelX * mirror
      bendX[i] = bendX[i]! + cos * u - sin * v + shiftX
      bendY[i] = bendY[i]! + sin * u + cos * v + shiftY
    }
  }
  return { x: bendX, y: bendY, pixel }
}

/** Local magnification about a pixel, as a gyrus widened by a tuber: `strength` is the fraction at its centre. */
export function expandGyrus (warp: Warp, size: number, centre: { x: number, y: number, radius: number }, strength: number): void {
  const reach = Math.ceil(2.2 * centre.radius)
  const centreAt = centre.y * size + centre.x
  const originX = warp.x[centreAt]!
  const originY = warp.y[centreAt]!
  for (let y = Math.max(0, centre.y - reach); y <= Math.min(size - 1, centre.y + reach); y++) {
    for (let x = Math.max(0, centre.x - reach); x <= Math.min(size - 1, centre.x + reach); x++) {
      const dx = (x - centre.x) / centre.radius
      const dy = (y - centre.y) / centre.radius
      const pull = strength * Math.exp(-dx * dx - dy * dy)
      const i = y * size + x
      warp.x[i] = warp.x[i]! - pull * (warp.x[i]! - originX)
      warp.y[i] = warp.y[i]! - pull * (warp.y[i]! - originY)
    }
  }
}

/** No warp: a square field of view, in millimetres, drawn as it is. */
export function straightWarp (size: number, fieldOfView: number): Warp {
  const pixel = fieldOfView / size
  const x = new Float32Array(size * size)
  const y = new Float32Array(size * size)
  for (let i = 0; i < x.length; i++) {
    x[i] = (i % size - (size - 1) / 2) * pixel
    y[i] = (Math.floor(i / size) - (size - 1) / 2) * pixel
  }
  return { x, y, pixel }
}
