import { decode as decodePng } from 'fast-png'
import { AppError, toAppError } from '../errors.ts'
import type { Decoder } from './decoder-pool.ts'
import { maximumPixels } from './codec-guard.ts'
import { readJpegHeader } from './codestream-header.ts'
import type { GrayImage } from './raster.ts'

/** JPEG Baseline: also the table's row for Extended and Progressive streams of 8 bits (PS3.5 A.4.1). */
const jpegBaseline = '1.2.840.10008.1.2.4.50'

/**
 * A picture file, JPG or PNG, as grey: 0 black … 255 white. Colours become their mean, transparency is ignored, 16 bits become 8.
 * @throws AppError `training-data-invalid` for other files, `instance-too-large`, and what the decoder throws
 */
export async function decodePicture (bytes: Uint8Array, decoder: Pick<Decoder, 'decode'>): Promise<GrayImage> {
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return await decodeJpeg(bytes, decoder)
  if (bytes[0] === 0x89 && bytes[1] === 0x50) return decodePngPicture(bytes)
  throw new AppError('training-data-invalid', 'a picture is neither JPG nor PNG')
}

async function decodeJpeg (bytes: Uint8Array, decoder: Pick<Decoder, 'decode'>): Promise<GrayImage> {
  const { width, height, components, precision } = readJpegHeader(bytes)
  if (precision !== 8 || (components !== 1 && components !== 3)) {
    throw new AppError('training-data-invalid', `a JPG has ${components} components of ${precision} bits; grey and colour of 8 bits are read`)
  }
  const { data } = await decoder.decode(withoutTail(bytes), {
    rows: height,
    columns: width,
    samplesPerPixel: components,
    photometricInterpretation: components === 1 ? 'MONOCHROME2' : 'YBR_FULL_422',
    bitsAllocated: 8,
    bitsStored: 8,
    highBit: 7,
    signed: false,
    planarConfiguration: 0,
    padding: undefined,
  }, jpegBaseline)
  if (components === 1) return { width, height, data: Uint8Array.from(data) }
  return meanOfColours(width, height, 3, 3, isRgb(bytes) ? data : meansOfYcc(data), 255)
}

/** An Adobe segment (APP14) whose transform is 0 says RGB; every other colour JPG is YCbCr (ITU-T T.872 6.5.3). */
function isRgb (bytes: Uint8Array): boolean {
  const at = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf(Buffer.from('Adobe\0', 'latin1'))
  return at !== -1 && bytes[at - 4] === 0xff && bytes[at - 3] === 0xee && bytes[at + 11] === 0
}

/** (R + G + B) / 3 in each of three samples, from JFIF's YCbCr (ITU-T T.871 7). */
function meansOfYcc (data: ArrayLike<number>): Float32Array {
  const out = new Float32Array(data.length)
  for (let i = 0; i < out.length; i += 3) {
    const blue = data[i + 1]! - 128
    const red = data[i + 2]! - 128
    out.fill(Math.min(255, Math.max(0, data[i]! + (0.687864 * red + 1.427864 * blue) / 3)), i, i + 3)
  }
  return out
}

/** Cameras and editors append to the stream what no decoder wants. */
function withoutTail (bytes: Uint8Array): Uint8Array {
  const end = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).lastIndexOf(Buffer.of(0xff, 0xd9))
  return end === -1 ? bytes : bytes.subarray(0, end + 2)
}

function decodePngPicture (bytes: Uint8Array): GrayImage {
  const size = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  // IHDR comes first: width and height, before anything is unpacked (PNG 11.2.1)
  if (bytes.length < 33 || size.getUint32(16) * size.getUint32(20) > maximumPixels) {
    throw new AppError('instance-too-large', 'a PNG is cut off or has too many pixels')
  }
  let image
  try {
    image = decodePng(bytes)
  } catch (thrown) {
    throw toAppError(thrown, 'training-data-invalid', 'a picture is not a PNG that can be read')
  }
  const { width, height, channels, depth, palette } = image
  const data = depth < 8 ? unpacked(image.data, width, height, depth) : image.data
  if (palette === undefined) return meanOfColours(width, height, channels, channels > 2 ? 3 : 1, data, 2 ** depth - 1)
  return meanOfColours(width, height, 3, 3, Array.from(data).flatMap(index => (palette[index] ?? [0, 0, 0]).slice(0, 3)), 255)
}

/** Samples of 1, 2 or 4 bits: rows begin at a byte, the leftmost pixel in the high bits (PNG 7.2). */
function unpacked (packed: ArrayLike<number>, width: number, height: number, depth: number): Uint8Array {
  const rowBytes = Math.ceil(width * depth / 8)
  const out = new Uint8Array(width * height)
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const bit = x * depth
      out[i] = packed[y * rowBytes + (bit >> 3)]! >> (8 - depth - (bit & 7)) & (2 ** depth - 1)
    }
  }
  return out
}

function meanOfColours (
  width: number, height: number, channels: number, colours: number, samples: ArrayLike<number>, full: number,
): GrayImage {
  const data = new Uint8Array(width * height)
  for (let i = 0; i < data.length; i++) {
    let sum = 0
    for (let c = 0; c < colours; c++) sum += samples[i * channels + c]!
    data[i] = Math.round(255 * sum / colours / full)
  }
  return { width, height, data }
}
