import type { Slice } from '../dicom/slice.ts'
import { AppError } from '../errors.ts'
import { invertMonochrome1 } from './photometric.ts'
import type { VoiChoice } from './preprocessing.ts'
import { applyModality, paddingMask } from './rescale.ts'
import { resolveVoi } from './resolve-voi.ts'
import type { StoredPixels } from './stored-pixels.ts'
import { applyVoi } from './voi-lut.ts'

/**
 * Stored values → brightness 0..1 at the source's matrix and orientation: Modality LUT, VOI, MONOCHROME1 (PS3.4 N.2.1's order). Padding
 * is black.
 * @throws AppError `pixel-data-invalid` when the frame is not one grey sample per pixel of the slice's size
 */
export function windowed (slice: Slice, stored: StoredPixels, choice: VoiChoice): Float32Array {
  const { photometricInterpretation, padding: range, rows, columns } = slice.pixel
  if (stored.samplesPerPixel !== 1 || !/^MONOCHROME[12]$/.test(photometricInterpretation)) {
    throw new AppError('pixel-data-invalid', `PhotometricInterpretation ${photometricInterpretation} is not greyscale`,
      { samplesPerPixel: stored.samplesPerPixel })
  }
  if (stored.width !== columns || stored.height !== rows || stored.data.length !== rows * columns) {
    throw new AppError('pixel-data-invalid', 'The decoded frame does not have Rows × Columns', { rows, columns })
  }
  const padding = paddingMask(stored, range)
  const values = applyModality(stored, slice.modality)
  const monochrome1 = photometricInterpretation === 'MONOCHROME1'
  const voi = resolveVoi(choice, slice.voi, { width: columns, height: rows, values, padding, monochrome1 })
  const brightness = voi.kind === 'flat' ? new Float32Array(values.length) : applyVoi(values, voi)
  if (voi.kind !== 'flat') invertMonochrome1(brightness, photometricInterpretation)
  if (padding !== undefined) for (let i = 0; i < padding.length; i++) if (padding[i] === 1) brightness[i] = 0
  return brightness
}
