import type { ImagePlane, Vector3 } from '../dicom/slice.ts'
import type { AffineMap } from './raster.ts'

/** One of the eight ways to lay a matrix: transposed first, then mirrored. */
export interface Orientation {
  readonly transpose: boolean
  /** Columns in reverse. */
  readonly mirrorX: boolean
  /** Rows in reverse. */
  readonly mirrorY: boolean
}

export const asStored: Orientation = { transpose: false, mirrorX: false, mirrorY: false }

const all: readonly Orientation[] = [false, true].flatMap(transpose =>
  [false, true].flatMap(mirrorY => [false, true].map(mirrorX => ({ transpose, mirrorX, mirrorY }))))

const dot = (a: Vector3, b: Vector3): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
const negated = (v: Vector3): Vector3 => [-v[0], -v[1], -v[2]]

/**
 * How to lay a slice the way radiologists look at it: axial with rows to the patient's left and columns to the back; coronal with rows to
 * the left, sagittal with rows to the back, both with columns to the feet (directions of PS3.3 C.7.6.2.1.1, LPS).
 * Oblique slices go to the nearest of the eight; nothing is interpolated. Without a plane: as stored.
 */
export function radiologicalOrientation (plane: ImagePlane | undefined): Orientation {
  if (plane === undefined) return asStored
  const { rowCosines: r, columnCosines: c } = plane
  const normal = [r[1] * c[2] - r[2] * c[1], r[2] * c[0] - r[0] * c[2], r[0] * c[1] - r[1] * c[0]].map(Math.abs)
  const largest = normal.indexOf(Math.max(...normal))
  const right: Vector3 = largest === 0 ? [0, 1, 0] : [1, 0, 0]
  const down: Vector3 = largest === 2 ? [0, 1, 0] : [0, 0, -1]
  let best = asStored
  let score = -Infinity
  for (const candidate of all) {
    const { transpose, mirrorX, mirrorY } = candidate
    const [x, y] = transpose ? [c, r] : [r, c]
    const agreement = dot(mirrorX ? negated(x) : x, right) + dot(mirrorY ? negated(y) : y, down)
    // at exactly 45° the first wins: the one with the fewest changes
    if (agreement > score + 1e-9) [best, score] = [candidate, agreement]
  }
  return best
}

/** A matrix in an orientation, and the way back. */
export interface Oriented {
  readonly width: number
  readonly height: number
  readonly data: Float32Array
  /** (x, y) here → (column, row) of the matrix as stored. */
  readonly toStored: AffineMap
}

/** Lays `data` (columns × rows as stored) anew; every value is moved, none is changed. */
export function orient (data: Float32Array, columns: number, rows: number, orientation: Orientation): Oriented {
  const { transpose, mirrorX, mirrorY } = orientation
  const [width, height] = transpose ? [rows, columns] : [columns, rows]
  const [stepX, startX] = mirrorX ? [-1, width - 1] : [1, 0]
  const [stepY, startY] = mirrorY ? [-1, height - 1] : [1, 0]
  const toStored: AffineMap = transpose
    ? { a: 0, b: stepY, c: startY, d: stepX, e: 0, f: startX }
    : { a: stepX, b: 0, c: startX, d: 0, e: stepY, f: startY }
  if (!transpose && !mirrorX && !mirrorY) return { width, height, data, toStored }
  const output = new Float32Array(data.length)
  // in steps of the stored index: along x, along y
  const alongX = toStored.a + toStored.d * columns
  const alongY = toStored.b + toStored.e * columns
  const origin = toStored.c + toStored.f * columns
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0, from = origin + y * alongY; x < width; x++, i++, from += alongX) output[i] = data[from]!
  }
  return { width, height, data: output, toStored }
}
