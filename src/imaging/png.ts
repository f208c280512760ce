import { encode } from 'fast-png'
import type { GrayImage, RgbImage } from './raster.ts'

/** A PNG file, 8 bits a channel. The same picture gives the same bytes. */
export function encodePng (image: GrayImage | RgbImage): Uint8Array {
  const { width, height, data } = image
  const channels = data.length === width * height * 3 ? 3 : 1
  return encode({ width, height, data, channels, depth: 8 })
}
