import { AppError } from '../errors.ts'
import type { GrayImage, Raster } from '../imaging/raster.ts'

/** Points a raster pixel is sampled at, along each side. */
const samples = 3

/**
 * A mask of the source's matrix laid on the raster of the slice: the share of tuber in each pixel, 0..1.
 * @throws AppError `training-data-invalid` where the mask does not have the slice's size
 */
export function maskOnRaster (
  mask: GrayImage, source: { readonly width: number, readonly height: number }, raster: Raster,
): Float32Array {
  if (mask.width !== source.width || mask.height !== source.height) {
    throw new AppError('training-data-invalid', `a mask has ${mask.width} × ${mask.height} pixels, its slice ${source.width} × ${source.height}`)
  }
  const { a, b, c, d, e, f } = raster.toSource
  const out = new Float32Array(raster.width * raster.height)
  for (let y = 0, i = 0; y < raster.height; y++) {
    for (let x = 0; x < raster.width; x++, i++) {
      let inside = 0
      for (let k = 0; k < samples * samples; k++) {
        const u = x + (k % samples + 0.5) / samples - 0.5
        const v = y + (Math.floor(k / samples) + 0.5) / samples - 0.5
        const column = Math.round(a * u + b * v + c)
        const row = Math.round(d * u + e * v + f)
        const there = column >= 0 && row >= 0 && column < mask.width && row < mask.height
        if (there && mask.data[row * mask.width + column]! > 127) inside++
      }
      out[i] = inside / (samples * samples)
    }
  }
  return out
}
