import type { Attributes } from './attributes.ts'
import type { ImagePixel } from './slice.ts'

/**
 * Image Pixel (PS3.3 C.7.6.3) of a data set whose sizes `pixelLayout` has checked. Where a value is absent the usual one
 * is taken, and the warning says so.
 */
export function imagePixel (attributes: Attributes, warn: (text: string) => void): ImagePixel {
  const bitsAllocated = attributes.number('BitsAllocated') ?? 16
  const bitsStored = attributes.number('BitsStored') ?? missing('BitsStored', bitsAllocated, warn)
  const highBit = attributes.number('HighBit') ?? missing('HighBit', bitsStored - 1, warn)
  const signed = attributes.number('PixelRepresentation') === 1
  return {
    rows: attributes.number('Rows') ?? 0,
    columns: attributes.number('Columns') ?? 0,
    samplesPerPixel: attributes.number('SamplesPerPixel') ?? 1,
    photometricInterpretation: attributes.string('PhotometricInterpretation') ?? missing('PhotometricInterpretation', 'MONOCHROME2', warn),
    bitsAllocated,
    bitsStored,
    highBit,
    signed,
    planarConfiguration: attributes.number('PlanarConfiguration') ?? 0,
    padding: padding(attributes, signed),
  }
}

/** PS3.3 C.7.5.1.1.2: one value, or all values between it and the limit, whichever of the two is lower. */
function padding (attributes: Attributes, signed: boolean): readonly [number, number] | undefined {
  const value = stored(attributes.number('PixelPaddingValue'), signed)
  if (value === undefined) return undefined
  const limit = stored(attributes.number('PixelPaddingRangeLimit'), signed) ?? value
  return [Math.min(value, limit), Math.max(value, limit)]
}

/** Writers that fix the VR at US store a negative value as its two's complement. */
function stored (value: number | undefined, signed: boolean): number | undefined {
  return value !== undefined && signed && value > 0x7fff && value <= 0xffff ? value - 0x10000 : value
}

function missing<T> (name: string, otherwise: T, warn: (text: string) => void): T {
  warn(`${name} is missing`)
  return otherwise
}
