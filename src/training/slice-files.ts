import { encodePng } from '../imaging/png.ts'
import type { Preprocessing } from '../imaging/preprocessing.ts'
import type { SyntheticSlice } from './synthesizer.ts'
import { toRaster } from './training-batch.ts'

/** A synthetic slice as pictures. */
export interface SliceFiles extends Pick<SyntheticSlice, 'size' | 'label' | 'contrast' | 'patient'> {
  /** PNG of `picture` */
  readonly file: Uint8Array
  /** PNG of `mask`; absent without a tuber */
  readonly maskFile?: Uint8Array
  /** the window that a network would be given, 0..255 */
  readonly picture: Uint8Array
  /** how much of each pixel is tuber, 0..255 */
  readonly mask: Uint8Array
}

/** Windows a slice as the model's preprocessing says, without its channels, and encodes it. */
export function sliceFiles (slice: SyntheticSlice, preprocessing: Preprocessing): SliceFiles {
  const { size, label, contrast, patient } = slice
  const raster = toRaster(slice, { ...preprocessing, channels: 'equal', range: [0, 1] })
  const picture = new Uint8Array(size * size)
  for (let i = 0; i < picture.length; i++) picture[i] = bytes(raster.data[3 * i]!)
  const mask = new Uint8Array(size * size)
  for (let i = 0; i < mask.length; i++) mask[i] = bytes(slice.mask[i]!)
  return {
    size,
    label,
    contrast,
    patient,
    picture,
    mask,
    file: encodePng({ width: size, height: size, data: picture }),
    ...label === 1 ? { maskFile: encodePng({ width: size, height: size, data: mask }) } : {},
  }
}

function bytes (value: number): number {
  return Math.floor(255 * Math.min(1, Math.max(0, value)) + 0.5)
}
