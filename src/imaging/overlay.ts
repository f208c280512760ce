import { identity } from './affine.ts'
import { bilinearRows } from './bilinear-rows.ts'
import { viridis } from './colormap.ts'
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
  const [width, height] = [image.width * factor, image.height * factor]
  const data = new Uint8Array(width * height)
  const read = bilinearRows({ ...image, values: image.data }, identity, { width, height, factor })
  const row = new Float64Array(width)
  for (let y = 0, i = 0; y < height; y++) {
    read(y, row)
    for (let x = 0; x < width; x++, i++) data[i] = nearest(row[x]!)
  }
  return { width, height, data }
}

/** Grey as red, green and blue. */
export function toRgb ({ width, height, data: gray }: GrayImage): RgbImage {
  const data = new Uint8Array(gray.length * 3)
  for (let from = 0, to = 0; from < gray.length; from++, to += 3) data[to] = data[to + 1] = data[to + 2] = gray[from]!
  return { width, height, data }
}

/**
 * The anatomy, enlarged by a whole factor, under a map in viridis. Opacity at a pixel is `opacity` × the map's value there; the map
 * is read bilinearly where `toSource` puts it, and nowhere beyond its own raster.
 */
export function overlay (image: GrayImage, map: ScalarMap, toSource: AffineMap, options: OverlayOptions): RgbImage {
  const { factor, opacity } = options
  const [width, height] = [image.width * factor, image.height * factor]
  const data = new Uint8Array(width * height * 3)
  const readGray = bilinearRows({ ...image, values: image.data }, identity, { width, height, factor })
  const readMap = bilinearRows(map, toSource, { width, height, factor })
  const [grays, values] = [new Float64Array(width), new Float64Array(width)]
  for (let y = 0, i = 0; y < height; y++) {
    readGray(y, grays)
    readMap(y, values)
    for (let x = 0; x < width; x++, i += 3) {
      const gray = nearest(grays[x]!)
      const value = Math.min(1, Math.max(0, values[x]!))
      const alpha = opacity * value
      const color = nearest(value * 255) * 3
      data[i] = nearest(gray + (viridis[color]! - gray) * alpha)
      data[i + 1] = nearest(gray + (viridis[color + 1]! - gray) * alpha)
      data[i + 2] = nearest(gray + (viridis[color + 2]! - gray) * alpha)
    }
  }
  return { width, height, data }
}

/** Math.round of what is not negative, without its branch, which speckled maps make the processor mispredict. */
function nearest (value: number): number {
  return (value + 0.5) | 0
}
