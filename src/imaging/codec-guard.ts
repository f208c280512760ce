import type { ImagePixel } from '../dicom/slice.ts'
import type { Codec } from '../dicom/transfer-syntaxes.ts'
import { AppError } from '../errors.ts'
import { checkTileParts, readJpeg2000Header, readJpegHeader } from './codestream-header.ts'
import type { CodestreamHeader } from './codestream-header.ts'

/** The decoders of codestreams, by the family that each reads. */
export type CodecFamily = Exclude<Codec, 'native' | 'rle'>

/** Pixels per frame beyond which nothing is decoded. */
export const maximumPixels = 64 * 1024 * 1024

export interface GuardedFrame {
  /** The codestream alone, without padding or wrapper. */
  readonly codestream: Uint8Array
  /** Bits per sample that the codestream states. */
  readonly precision: number
  readonly warnings: readonly string[]
}

const stream2000 = (family: CodecFamily): boolean => family === 'jpeg-2000' || family === 'htj2k'
const invalid = (message: string, facts: Record<string, string | number>) => new AppError('pixel-data-invalid', message, facts)

/**
 * The header's claims about one frame, before any decoder or allocation.
 * @throws AppError `pixel-data-invalid`, `instance-too-large`
 */
export function checkImagePixel (pixel: ImagePixel): asserts pixel is ImagePixel & { bitsAllocated: 8 | 16 | 32 } {
  const { rows, columns, bitsAllocated, bitsStored, highBit, samplesPerPixel } = pixel
  if (!(rows >= 1 && columns >= 1)) throw invalid('Rows or Columns is zero or missing', { rows, columns })
  if (rows * columns > maximumPixels) {
    throw new AppError('instance-too-large', `A frame of ${columns} × ${rows} pixels is beyond the limit`, { rows, columns, maximumPixels })
  }
  if (samplesPerPixel !== 1 && samplesPerPixel !== 3) {
    throw invalid(`SamplesPerPixel ${samplesPerPixel} is not supported`, { samplesPerPixel })
  }
  if (bitsAllocated !== 8 && bitsAllocated !== 16 && bitsAllocated !== 32) {
    throw invalid(`BitsAllocated ${bitsAllocated} is not supported`, { bitsAllocated })
  }
  if (!(bitsStored >= 1 && bitsStored <= bitsAllocated)) {
    throw invalid(`BitsStored ${bitsStored} does not fit BitsAllocated ${bitsAllocated}`, { bitsStored, bitsAllocated })
  }
  if (!(highBit >= bitsStored - 1 && highBit < bitsAllocated)) {
    throw invalid(`HighBit ${highBit} does not fit BitsStored ${bitsStored}`, { highBit, bitsStored })
  }
}

/** The same of a compressed frame. @throws AppError `pixel-data-invalid`, `instance-too-large` */
export function checkCompressed (pixel: ImagePixel): asserts pixel is ImagePixel & { bitsAllocated: 8 | 16 } {
  checkImagePixel(pixel)
  if (pixel.bitsAllocated === 32) throw invalid('A compressed frame cannot have BitsAllocated 32', { bitsAllocated: 32 })
}

/**
 * Refuses a compressed frame whose codestream contradicts the header, is cut off, or would unpack to more than it says.
 * @throws AppError `pixel-data-invalid`, `instance-too-large`
 */
export function guardFrame (encoded: Uint8Array, pixel: ImagePixel, family: CodecFamily): GuardedFrame {
  checkCompressed(pixel)
  const warnings: string[] = []
  let stream = encoded
  if (stream2000(family)) {
    stream = withoutJp2Boxes(encoded)
    if (stream !== encoded) warnings.push('a JP2 file header around the codestream was skipped')
  }
  const codestream = untilEndMarker(stream)
  const header = stream2000(family) ? readJpeg2000Header(codestream) : readJpegHeader(codestream)
  compare(header, pixel)
  if (stream2000(family)) checkTileParts(codestream)
  if (header.precision !== pixel.bitsStored) {
    warnings.push(`the codestream has ${header.precision} bits per sample, BitsStored is ${pixel.bitsStored}`)
  }
  return { codestream, precision: header.precision, warnings }
}

function compare (header: CodestreamHeader, pixel: ImagePixel): void {
  const { width, height, components, precision } = header
  if (width !== pixel.columns || height !== pixel.rows) {
    throw invalid(`The codestream is ${width} × ${height}, Columns × Rows is ${pixel.columns} × ${pixel.rows}`,
      { width, height, columns: pixel.columns, rows: pixel.rows })
  }
  if (components !== pixel.samplesPerPixel) {
    throw invalid(`The codestream has ${components} components, SamplesPerPixel is ${pixel.samplesPerPixel}`,
      { components, samplesPerPixel: pixel.samplesPerPixel })
  }
  // encoders write BitsStored or BitsAllocated; 8-bit samples under a longer BitsStored would be dark, not just odd
  if (precision < 1 || precision > pixel.bitsAllocated || (precision <= 8 && pixel.bitsStored > 8)) {
    throw invalid(`The codestream has ${precision} bits per sample, BitsStored is ${pixel.bitsStored} of ${pixel.bitsAllocated}`,
      { precision, bitsStored: pixel.bitsStored, bitsAllocated: pixel.bitsAllocated })
  }
}

/** Up to and with EOI or EOC (both FFD9). PS3.5 A.4 pads with one 00; real files also pad with FF, or with more. */
function untilEndMarker (stream: Uint8Array): Uint8Array {
  let end = stream.length
  while (end > 0 && (stream[end - 1] === 0 || stream[end - 1] === 0xff)) end--
  if (end < 2 || stream[end - 1] !== 0xd9 || stream[end - 2] !== 0xff) {
    throw invalid('The codestream does not end with its end marker: it is cut off', { length: stream.length })
  }
  return stream.subarray(0, end)
}

/** PS3.5 8.2.4 wants the bare codestream; some writers leave the JP2 boxes around it (ISO 15444-1 I.4). */
function withoutJp2Boxes (stream: Uint8Array): Uint8Array {
  const view = new DataView(stream.buffer, stream.byteOffset, stream.byteLength)
  if (stream.length < 12 || view.getUint32(4) !== 0x6a502020) return stream
  for (let at = 0; at + 8 <= stream.length;) {
    const length = view.getUint32(at)
    if (view.getUint32(at + 4) === 0x6a703263) return stream.subarray(at + 8, length === 0 ? stream.length : at + length)
    if (length < 8) break
    at += length
  }
  throw invalid('The JP2 file holds no codestream', { length: stream.length })
}
