import type { Slice } from '../dicom/slice.ts'
import { AppError } from '../errors.ts'
import { composeAffine } from './affine.ts'
import { toChannels } from './channels.ts'
import { orient, radiologicalOrientation } from './plane.ts'
import type { Preprocessing } from './preprocessing.ts'
import { quantize8bit } from './quantize.ts'
import type { Raster } from './raster.ts'
import { fitAffine, fitPad, fitStretch, resample } from './resample.ts'
import { resolveVoi } from './resolve-voi.ts'
import type { StoredPixels } from './stored-pixels.ts'
import { applyVoi } from './voi-lut.ts'
import { windowed } from './windowed.ts'

/** [between rows, between columns], in any unit: only the ratio counts. */
type Spacing = readonly [number, number]

/**
 * One frame → what the network sees, the steps in the order of the pipeline: modality, VOI, polarity, orientation, fit,
 * resampling, 8 bits, channels. The same input gives the same bytes.
 * @throws AppError `pixel-data-invalid`
 */
export function rasterize (slice: Slice, stored: StoredPixels, preprocessing: Preprocessing): Raster {
  const brightness = windowed(slice, stored, preprocessing.voi)
  const orientation = radiologicalOrientation(slice.plane)
  const oriented = orient(brightness, stored.width, stored.height, orientation)
  const [betweenRows, betweenColumns] = slice.plane?.spacing ?? headerSpacing(slice)
  const spacing: Spacing = orientation.transpose ? [betweenColumns, betweenRows] : [betweenRows, betweenColumns]
  const raster = fitRaster(oriented, spacing, preprocessing)
  return { ...raster, toSource: composeAffine(oriented.toStored, raster.toSource) }
}

/** A picture without DICOM around it: JPG, PNG, or a synthetic slice. Laid as radiologists look at it. */
export interface GrayInput {
  readonly width: number
  readonly height: number
  /** `windowed`: 0 black … 255 white. `modality`: any unit, and VOI is applied as to a DICOM image without a window. */
  readonly data: Uint8Array | Uint8ClampedArray | Float32Array
  readonly values?: 'windowed' | 'modality'
  /** mm [between rows, between columns]; square unless told. */
  readonly spacing?: Spacing
}

/** The same path as `rasterize`, from VOI on. @throws AppError `pixel-data-invalid` */
export function rasterizeGray (input: GrayInput, preprocessing: Preprocessing): Raster {
  const { width, height, data, values = 'windowed', spacing = [1, 1] } = input
  if (width < 1 || height < 1 || data.length !== width * height) {
    throw new AppError('pixel-data-invalid', 'The picture does not have width × height values', { width, height, length: data.length })
  }
  const brightness = values === 'windowed' ? unit(data) : ownVoi(width, height, data, preprocessing)
  return fitRaster({ width, height, data: brightness }, spacing, preprocessing)
}

function unit (data: GrayInput['data']): Float32Array {
  const output = new Float32Array(data.length)
  for (let i = 0; i < data.length; i++) output[i] = Math.min(Math.max(data[i]! / 255, 0), 1)
  return output
}

function ownVoi (width: number, height: number, data: GrayInput['data'], { voi }: Preprocessing): Float32Array {
  const values = new Float32Array(data)
  return applyVoi(values, resolveVoi(voi, [], { width, height, values, padding: undefined, monochrome1: false }))
}

interface Brightness { readonly width: number, readonly height: number, readonly data: Float32Array }

function fitRaster (image: Brightness, [betweenRows, betweenColumns]: Spacing, preprocessing: Preprocessing): Raster {
  const { width, height, fit: fitting, resample: method } = preprocessing
  const fit = fitting === 'stretch'
    ? fitStretch(image.width, image.height, width, height)
    : fitPad(image.width, image.height, width, height, [betweenColumns, betweenRows])
  const picture = resample(image.data, image.width, image.height, width, height, fit, method)
  if (preprocessing.quantize8bit) quantize8bit(picture)
  const data = toChannels(picture, width, height, preprocessing.channels, preprocessing.range)
  return { width, height, channels: 3, data, toSource: fitAffine(fit) }
}

/** Without a plane: PixelSpacing alone, or PixelAspectRatio (PS3.3 C.7.6.3.1.7, vertical\horizontal), or square. */
function headerSpacing ({ attributes }: Slice): Spacing {
  for (const name of ['PixelSpacing', 'PixelAspectRatio']) {
    const [rows, columns] = attributes.numbers(name)
    if (rows !== undefined && columns !== undefined && rows > 0 && columns > 0) return [rows, columns]
  }
  return [1, 1]
}
