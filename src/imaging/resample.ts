import type { AffineMap } from './raster.ts'

/** One axis of a separable resampling: output pixel i covers `length` source pixels from `start[i]`, weighted. */
interface Taps {
  readonly start: Int32Array
  readonly length: Int32Array
  readonly weights: Float32Array
  readonly stride: number
}

/** Along one axis, source = scale · (output + 0.5) + offset − 0.5: pixel centres at integers, the image reaches half a pixel beyond. */
export interface AxisFit { readonly scale: number, readonly offset: number }

/** How a source matrix is laid on a raster. */
export interface Fit { readonly x: AxisFit, readonly y: AxisFit }

/** The whole matrix on the whole raster; the aspect is lost (the paper's way). */
export function fitStretch (columns: number, rows: number, width: number, height: number): Fit {
  return { x: { scale: columns / width, offset: 0 }, y: { scale: rows / height, offset: 0 } }
}

/**
 * The whole matrix, centred, square in millimetres: the longer side touches the raster's edges.
 * @param spacing mm: [between columns (x), between rows (y)]
 */
export function fitPad (columns: number, rows: number, width: number, height: number, spacing: readonly [number, number]): Fit {
  const [dx, dy] = spacing
  /** mm per raster pixel, both ways */
  const step = Math.max(columns * dx / width, rows * dy / height)
  const axis = (count: number, mm: number, size: number): AxisFit => {
    const scale = step / mm
    return { scale, offset: (count - size * scale) / 2 }
  }
  return { x: axis(columns, dx, width), y: axis(rows, dy, height) }
}

/** (x, y) of the raster → (column, row) of the matrix. */
export function fitAffine ({ x, y }: Fit): AffineMap {
  return {
    a: x.scale, b: 0, c: 0.5 * x.scale + x.offset - 0.5, d: 0, e: y.scale, f: 0.5 * y.scale + y.offset - 0.5,
  }
}

/** What lies outside the matrix is 0. */
export function resample (
  data: Float32Array, columns: number, rows: number, width: number, height: number, fit: Fit, method: 'area' | 'nearest',
): Float32Array {
  const across = taps(columns, width, fit.x, method)
  const down = taps(rows, height, fit.y, method)
  const rowsDone = new Float32Array(width * rows)
  for (let row = 0; row < rows; row++) {
    for (let x = 0; x < width; x++) {
      const from = row * columns + across.start[x]!
      const weight = x * across.stride
      const length = across.length[x]!
      let sum = 0
      if (length === 2) sum += across.weights[weight]! * data[from]! + across.weights[weight + 1]! * data[from + 1]!
      else for (let k = 0; k < length; k++) sum += across.weights[weight + k]! * data[from + k]!
      rowsDone[row * width + x] = sum
    }
  }
  const output = new Float32Array(width * height)
  for (let y = 0; y < height; y++) {
    for (let k = 0; k < down.length[y]!; k++) {
      const weight = down.weights[y * down.stride + k]!
      const from = (down.start[y]! + k) * width
      const to = y * width
      for (let x = 0; x < width; x++) output[to + x]! += weight * rowsDone[from + x]!
    }
  }
  return output
}

function taps (count: number, size: number, { scale, offset }: AxisFit, method: 'area' | 'nearest'): Taps {
  const shrinking = method === 'area' && scale > 1
  const stride = shrinking ? Math.ceil(scale) + 1 : 2
  const result = { start: new Int32Array(size), length: new Int32Array(size), weights: new Float32Array(size * stride), stride }
  for (let i = 0; i < size; i++) {
    if (shrinking) areaTaps(result, i, count, scale * i + offset, scale)
    else if (method === 'area') bilinearTaps(result, i, count, scale * (i + 0.5) + offset - 0.5)
    else nearestTap(result, i, count, scale * (i + 0.5) + offset)
  }
  return result
}

/** The share of each source cell [j, j + 1) in [from, from + scale): its mean, the part outside counted as 0. */
function areaTaps (t: Taps, i: number, count: number, from: number, scale: number): void {
  const low = Math.max(from, 0)
  const high = Math.min(from + scale, count)
  const first = Math.floor(low)
  t.start[i] = first
  for (let j = first; j < high - 1e-9; j++) {
    t.weights[i * t.stride + (j - first)] = (Math.min(j + 1, high) - Math.max(j, low)) / scale
    t.length[i] = j - first + 1
  }
}

/** The two neighbours of `at`; within half a pixel of the edge the edge pixel alone. */
function bilinearTaps (t: Taps, i: number, count: number, at: number): void {
  if (at < -0.5 || at > count - 0.5) return
  const inside = Math.min(Math.max(at, 0), count - 1)
  const first = Math.min(Math.floor(inside), Math.max(count - 2, 0))
  const share = inside - first
  t.start[i] = first
  t.length[i] = count > 1 ? 2 : 1
  t.weights[i * t.stride] = 1 - share
  if (count > 1) t.weights[i * t.stride + 1] = share
}

/** The cell that holds the centre, as PIL's NEAREST, which Keras's load_img uses: floor(scale · (i + 0.5)). */
function nearestTap (t: Taps, i: number, count: number, centre: number): void {
  const cell = Math.floor(centre)
  if (cell < 0 || cell >= count) return
  t.start[i] = cell
  t.length[i] = 1
  t.weights[i * t.stride] = 1
}
