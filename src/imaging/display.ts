import type { Slice } from '../dicom/slice.ts'
import type { VoiChoice } from './preprocessing.ts'
import { toBytes } from './quantize.ts'
import type { GrayImage } from './raster.ts'
import type { StoredPixels } from './stored-pixels.ts'
import { windowed } from './windowed.ts'

/** The frame as a viewer would show it: windowed, at the source's own matrix and orientation, 0 black … 255 white. @throws as `windowed` */
export function displayImage (slice: Slice, stored: StoredPixels, voi: VoiChoice = { from: 'header' }): GrayImage {
  return { width: stored.width, height: stored.height, data: toBytes(windowed(slice, stored, voi)) }
}
