import { invertAffine } from './affine.ts'
import { level, viridis } from './colormap.ts'
import type { AffineMap, GrayImage, RgbImage } from './raster.ts'

/** A map of values 0..1 over the raster, row by row. */
export interface ScalarMap { readonly width: number, readonly height: number, readonly values: Float32Array }

export interface OverlayOptions {
  /** Canvas pixels per source pixel, along each axis. */
  readonly factor: number
  /** 0..1, where the map is 1. */
  readonly opacity: number
}

/**
 * A picture `factor` times as large, bilinear. Canvas pixel X lies at source column (X + ½) / factor − ½: the outer edges of
 * both pictures coincide.
 */
export function enlarge (image: GrayImage, factor: number): GrayImage {
  if (factor === 1) return image
  const { width, height, data } = image
  const out = { width: width * factor, height: height * factor, data: new Uint8Array(width * factor * height * factor) }
  const columns = neighbours(width, factor)
  const rows = neighbours(height, factor)
  for (let y = 0; y < out.height; y++) {
    const upper = rows.first[y]! * width
    const lower = rows.second[y]! * width
    const down = rows.weight[y]!
    for (let x = 0; x < out.width; x++) {
      const left = columns.first[x]!
      const right = columns.second[x]!
      const across = columns.weight[x]!
      const top = data[upper + left]! + (data[upper + right]! - data[upper + left]!) * across
      const bottom = data[lower + left]! + (data[lower + right]! - data[lower + left]!) * across
      out.data[y * out.width + x] = Math.round(top + (bottom - top) * down)
    }
  }
  return out
}

/** Grey as red, green and blue. */
export function toRgb (image: GrayImage): RgbImage {
  const data = new Uint8Array(image.data.length * 3)
  for (let index = 0; index < image.data.length; index++) data.fill(image.data[index]!, index * 3, index * 3 + 3)
  return { width: image.width, height: image.height, data }
}

/**
 * The anatomy, enlarged by a whole factor, under a map in viridis. Opacity at a pixel is `opacity` × the map's value there; the map
 * is read bilinearly where `toSource` puts it, and nowhere beyond its own raster.
 */
export function overlay (image: GrayImage, map: ScalarMap, toSource: AffineMap, options: OverlayOptions): RgbImage {
  const { factor, opacity } = options
  const canvas = toRgb(enlarge(image, factor))
  const { a, b, c, d, e, f } = invertAffine(toSource)
  const { data, width, height } = canvas
  for (let y = 0; y < height; y++) {
    const row = (y + 0.5) / factor - 0.5
    for (let x = 0; x < width; x++) {
      const column = (x + 0.5) / factor - 0.5
      const value = sample(map, a * column + b * row + c, d * column + e * row + f)
      if (value <= 0) continue
      const alpha = opacity * Math.min(1, value)
      const color = level(value) * 3
      const pixel = (y * width + x) * 3
      for (let channel = 0; channel < 3; channel++) {
        const under = data[pixel + channel]!
        data[pixel + channel] = Math.round(under + (viridis[color + channel]! - under) * alpha)
      }
    }
  }
  return canvas
}

/** Bilinear; edge pixels reach half a pixel out, beyond that there is nothing. */
function sample ({ width, height, values }: ScalarMap, x: number, y: number): number {
  if (!(x >= -0.5 && y >= -0.5 && x <= width - 0.5 && y <= height - 0.5)) return 0
  const column = Math.min(Math.max(x, 0), width - 1)
  const row = Math.min(Math.max(y, 0), height - 1)
  const left = Math.floor(column)
  const upper = Math.floor(row) * width
  const right = Math.min(left + 1, width - 1)
  const lower = Math.min(Math.floor(row) + 1, height - 1) * width
  const across = column - left
  const top = values[upper + left]! + (values[upper + right]! - values[upper + left]!) * across
  const bottom = values[lower + left]! + (values[lower + right]! - values[lower + left]!) * across
  return top + (bottom - top) * (row - Math.floor(row))
}

interface Neighbours { readonly first: Int32Array, readonly second: Int32Array, readonly weight: Float64Array }

function neighbours (length: number, factor: number): Neighbours {
  const first = new Int32Array(length * factor)
  const second = new Int32Array(length * factor)
  const weight = new Float64Array(length * factor)
  for (let index = 0; index < first.length; index++) {
    const position = Math.min(Math.max((index + 0.5) / factor - 0.5, 0), length - 1)
    first[index] = Math.floor(position)
    second[index] = Math.min(first[index]! + 1, length - 1)
    weight[index] = position - first[index]!
  }
  return { first, second, weight }
}
