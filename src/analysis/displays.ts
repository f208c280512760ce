import type { Slice } from '../dicom/slice.ts'
import type { Decoder } from '../imaging/decoder-pool.ts'
import { displayImage } from '../imaging/display.ts'
import type { GrayImage } from '../imaging/raster.ts'

/**
 * The windowed picture of a slice, decoded when asked for. The header's own window is used, so that the heatmap looks like
 * its source in a viewer.
 */
export function displaysOf (decoder: Pick<Decoder, 'decodeSlice'>): (slice: Slice) => Promise<GrayImage> {
  return async slice => displayImage(slice, await decoder.decodeSlice(slice), { from: 'header' })
}
