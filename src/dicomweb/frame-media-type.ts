import { transferSyntax } from '../dicom/transfer-syntaxes.ts'

/**
 * Media types of encoded frames by codec (PS3.18 table 8.7.3-5), then older names of theirs
 * that the JavaScript dicomweb-client 0.11.3 asks for.
 */
const byCodec: Readonly<Record<string, readonly string[]>> = {
  jpeg: ['image/jpeg'],
  'jpeg-lossless': ['image/jpeg'],
  'jpeg-ls': ['image/jls', 'image/x-jls'],
  'jpeg-2000': ['image/jp2'],
  htj2k: ['image/jphc'],
  rle: ['image/dicom-rle', 'image/x-dicom-rle'],
}

/** The media types that a frame can be called as it is stored, today's name first; none for native pixels. */
export function frameMediaTypes (transferSyntaxUid: string): readonly string[] {
  const syntax = transferSyntax(transferSyntaxUid)
  return syntax?.encapsulated === true ? byCodec[syntax.codec] ?? [] : []
}

/**
 * A list of frame numbers of a path, `1,3,2` (PS3.18 10.4.1.1.5), in its order. `undefined` when it is none: empty, not
 * whole numbers from 1, or more than 10,000 of them.
 */
export function parseFrameList (text: string): number[] | undefined {
  const parts = text.split(',')
  return parts.length <= 10_000 && parts.every(part => /^[1-9]\d{0,8}$/.test(part)) ? parts.map(Number) : undefined
}
