import type { ImagePixel } from '../dicom/slice.ts'
import { AppError } from '../errors.ts'
import type { RgbImage } from './raster.ts'
import type { StoredPixels } from './stored-pixels.ts'

/** What decoders deliver as red, green and blue: the transforms of JPEG 2000 are undone by them (PS3.5 8.2.4). */
const asRgb: readonly string[] = ['RGB', 'YBR_RCT', 'YBR_ICT']
const asYcbcr: readonly string[] = ['YBR_FULL', 'YBR_FULL_422']

/**
 * A colour frame for a screen, 8 bits a channel; windows do not apply to it (PS3.3 C.11.2).
 * @throws AppError `pixel-data-invalid` for a photometric interpretation that is neither RGB nor full-range YCbCr
 */
export function displayColor (stored: StoredPixels, pixel: ImagePixel): RgbImage {
  const { width, height, data } = stored
  const { photometricInterpretation, bitsStored } = pixel
  const ycbcr = asYcbcr.includes(photometricInterpretation)
  if (stored.samplesPerPixel !== 3 || !(ycbcr || asRgb.includes(photometricInterpretation))) {
    throw new AppError('pixel-data-invalid', `PhotometricInterpretation ${photometricInterpretation} cannot be drawn`,
      { samplesPerPixel: stored.samplesPerPixel })
  }
  const gain = 255 / (2 ** bitsStored - 1)
  const rgb = Uint8ClampedArray.from(data, value => value * gain)
  if (ycbcr) toRgb(rgb)
  return { width, height, data: new Uint8Array(rgb.buffer) }
}

/** The inverse of PS3.3 C.7.6.3.1.2's YBR_FULL (CCIR 601-2, full range), in place. */
function toRgb (samples: Uint8ClampedArray): void {
  for (let i = 0; i < samples.length; i += 3) {
    const [y, cb, cr] = [samples[i]!, samples[i + 1]! - 128, samples[i + 2]! - 128]
    samples[i] = y + 1.402 * cr
    samples[i + 1] = y - 0.344136 * cb - 0.714136 * cr
    samples[i + 2] = y + 1.772 * cb
  }
}
