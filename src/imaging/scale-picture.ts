import type { GrayImage, RgbImage } from './raster.ts'
import { resample } from './resample.ts'

/** A rectangle of a picture in pixels, 0,0 the outer corner of the first one; it lies within the picture. */
export interface Region { readonly left: number, readonly top: number, readonly width: number, readonly height: number }

/** How a region is laid on a picture of its own. */
export interface Placement {
  readonly region: Region
  /** Pixels of the result, whole numbers. */
  readonly width: number
  readonly height: number
  readonly mirrored: boolean
  readonly upsideDown: boolean
}

/** Cuts a region out and scales it: area average when shrinking, bilinear when enlarging; mirrored afterwards. */
export function scalePicture (image: GrayImage | RgbImage, placement: Placement): GrayImage | RgbImage {
  const { region, width, height, mirrored, upsideDown } = placement
  const channels = image.data.length / (image.width * image.height)
  const fit = {
    x: { scale: region.width / width, offset: region.left },
    y: { scale: region.height / height, offset: region.top },
  }
  const data = new Uint8Array(width * height * channels)
  const plane = new Float32Array(image.width * image.height)
  for (let channel = 0; channel < channels; channel++) {
    for (let i = 0; i < plane.length; i++) plane[i] = image.data[i * channels + channel]!
    const scaled = resample(plane, image.width, image.height, width, height, fit, 'area')
    for (let y = 0, i = 0; y < height; y++) {
      const row = upsideDown ? height - 1 - y : y
      for (let x = 0; x < width; x++, i++) {
        const column = mirrored ? width - 1 - x : x
        data[(row * width + column) * channels + channel] = Math.round(scaled[i]!)
      }
    }
  }
  return { width, height, data }
}
