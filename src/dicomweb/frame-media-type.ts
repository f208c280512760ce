import { transferSyntax } from '../dicom/transfer-syntaxes.ts'

/** Media types of encoded frames by codec (PS3.18 table 8.7.3-5). */
const byCodec: Readonly<Record<string, string>> = {
  jpeg: 'image/jpeg',
  'jpeg-lossless': 'image/jpeg',
  'jpeg-ls': 'image/jls',
  'jpeg-2000': 'image/jp2',
  htj2k: 'image/jphc',
  rle: 'image/dicom-rle',
}

/** The media type of a frame as it is stored; `undefined` for native pixels. */
export function frameMediaType (transferSyntaxUid: string): string | undefined {
  const syntax = transferSyntax(transferSyntaxUid)
  return syntax?.encapsulated === true ? byCodec[syntax.codec] : undefined
}

/**
 * A list of frame numbers of a path, `1,3,2` (PS3.18 10.4.1.1.5), in its order. `undefined` when it is none: empty, not
 * whole numbers from 1, or more than 10,000 of them.
 */
export function parseFrameList (text: string): number[] | undefined {
  const parts = text.split(',')
  return parts.length <= 10_000 && parts.every(part => /^[1-9]\d{0,8}$/.test(part)) ? parts.map(Number) : undefined
}
