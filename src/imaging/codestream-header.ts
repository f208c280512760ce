import { AppError } from '../errors.ts'

/** What a codestream says of itself. */
export interface CodestreamHeader {
  readonly width: number
  readonly height: number
  readonly components: number
  /** Bits per sample. */
  readonly precision: number
}

const invalid = (message: string, facts: Record<string, string | number> = {}) => new AppError('pixel-data-invalid', message, facts)

/**
 * The frame header of a JPEG (SOF0–SOF3, ISO 10918-1 B.2.2) or JPEG-LS (SOF55, ISO 14495-1 C.2.2) stream.
 * @throws AppError `pixel-data-invalid` when there is none, or more than one, before the first scan
 */
export function readJpegHeader (stream: Uint8Array): CodestreamHeader {
  if (stream[0] !== 0xff || stream[1] !== 0xd8) throw invalid('The JPEG stream does not begin with SOI')
  const view = new DataView(stream.buffer, stream.byteOffset, stream.byteLength)
  let found: CodestreamHeader | undefined
  for (let at = 2; at + 4 <= stream.length;) {
    if (stream[at] !== 0xff) throw invalid('The JPEG stream has bytes outside its segments', { offset: at })
    const marker = stream[at + 1]!
    if (marker === 0xff) { // a fill byte, B.1.1.2
      at += 1
      continue
    }
    const length = view.getUint16(at + 2)
    if (length < 2 || at + 2 + length > stream.length) throw invalid('A JPEG segment passes the end of the stream', { offset: at })
    if (marker === 0xda) break
    if ((marker >= 0xc0 && marker <= 0xc3) || marker === 0xf7) {
      if (found !== undefined) throw invalid('The JPEG stream has two frame headers')
      if (length < 8) throw invalid('The JPEG frame header is too short')
      const [height, width] = [view.getUint16(at + 5), view.getUint16(at + 7)]
      found = { width, height, components: stream[at + 9]!, precision: stream[at + 4]! }
    }
    at += 2 + length
  }
  if (found === undefined) throw invalid('The JPEG stream has no frame header before its first scan')
  return found
}

/**
 * The SIZ segment of a JPEG 2000 or HTJ2K codestream (ISO 15444-1 A.5.1).
 * @throws AppError `pixel-data-invalid`, also for subsampled components, offsets and more than 65535 tiles
 */
export function readJpeg2000Header (stream: Uint8Array): CodestreamHeader {
  const view = new DataView(stream.buffer, stream.byteOffset, stream.byteLength)
  if (stream.length < 45 || view.getUint32(0) !== 0xff4fff51) throw invalid('The JPEG 2000 codestream does not begin with SOC and SIZ')
  const components = view.getUint16(40)
  if (view.getUint16(4) !== 38 + 3 * components || stream.length < 42 + 3 * components) throw invalid('The SIZ segment has a wrong length')
  const [right, bottom, left, top] = [view.getUint32(8), view.getUint32(12), view.getUint32(16), view.getUint32(20)]
  const [tileWidth, tileHeight] = [view.getUint32(24), view.getUint32(28)]
  if (right <= left || bottom <= top || tileWidth === 0 || tileHeight === 0) throw invalid('The SIZ segment describes no area')
  const tiles = Math.ceil(right / tileWidth) * Math.ceil(bottom / tileHeight)
  if (tiles > 65535) throw invalid('The JPEG 2000 codestream has too many tiles', { tiles })
  let precision = 0
  for (let i = 0; i < components; i++) {
    if (stream[43 + 3 * i] !== 1 || stream[44 + 3 * i] !== 1) throw invalid('The JPEG 2000 components are subsampled')
    const depth = (stream[42 + 3 * i]! & 0x7f) + 1
    if (i > 0 && depth !== precision) throw invalid('The JPEG 2000 components differ in precision')
    precision = depth
  }
  return { width: right - left, height: bottom - top, components, precision }
}

/** Whether COD (ISO 15444-1 A.6.1) names the reversible 5-3 wavelet for all components, as lossless streams do. */
export function isReversible (stream: Uint8Array): boolean {
  const view = new DataView(stream.buffer, stream.byteOffset, stream.byteLength)
  let reversible = false
  for (let at = 2; at + 14 <= stream.length && view.getUint16(at) !== 0xff90; at += 2 + view.getUint16(at + 2)) {
    const marker = view.getUint16(at)
    if (marker === 0xff52) reversible = stream[at + 13] === 1
    // COC speaks for one component
    if (marker === 0xff53) return false
  }
  return reversible
}

/**
 * Follows the tile-part lengths (Psot, ISO 15444-1 A.4.2) from the first SOT to the end marker: JPEG 2000 decoders fill what a cut-off
 * stream lacks and call it decoded.
 * @param stream up to and with EOC
 * @throws AppError `pixel-data-invalid` when a tile-part is cut off or does not end where the next begins
 */
export function checkTileParts (stream: Uint8Array): void {
  const view = new DataView(stream.buffer, stream.byteOffset, stream.byteLength)
  const end = stream.length - 2
  let at = 2
  // marker segments of the main header (A.2)
  while (at + 4 <= end && view.getUint16(at) !== 0xff90) at += 2 + view.getUint16(at + 2)
  if (at + 12 > end) throw invalid('The JPEG 2000 codestream has no tile-part')
  while (at < end) {
    if (at + 12 > end || view.getUint16(at) !== 0xff90) throw invalid('A JPEG 2000 tile-part does not end where the next begins', { offset: at })
    const length = view.getUint32(at + 6)
    if (length === 0) return // the last tile-part, up to EOC
    if (length < 14 || at + length > end) throw invalid('A JPEG 2000 tile-part is cut off', { offset: at })
    at += length
  }
}
