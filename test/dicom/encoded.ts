/** Hand-made encodings, so that the parser is not tested with its own writer. */
const longVrs = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV'])

export const undefinedLength = 0xffffffff

function words (littleEndian: boolean, ...values: readonly (readonly [value: number, bytes: 2 | 4])[]): Buffer {
  return Buffer.concat(values.map(([value, bytes]) => {
    const buffer = Buffer.alloc(bytes)
    if (littleEndian) buffer.writeUIntLE(value, 0, bytes)
    else buffer.writeUIntBE(value, 0, bytes)
    return buffer
  }))
}

export interface Encoding { readonly explicit?: boolean, readonly littleEndian?: boolean, readonly length?: number }

/** One element; text is padded to even length with a blank, `length` overrides the true one. */
export function element (tag: number, vr: string, value: string | Uint8Array = '', encoding: Encoding = {}): Buffer {
  const { explicit = true, littleEndian = true } = encoding
  const raw = typeof value === 'string' ? Buffer.from(value.length % 2 === 1 ? `${value}${vr === 'UI' ? '\0' : ' '}` : value, 'latin1') : Buffer.from(value)
  const length = encoding.length ?? raw.length
  const head = words(littleEndian, [tag >>> 16, 2], [tag & 0xffff, 2])
  if (!explicit) return Buffer.concat([head, words(littleEndian, [length, 4]), raw])
  const size = longVrs.has(vr) ? Buffer.concat([Buffer.alloc(2), words(littleEndian, [length, 4])]) : words(littleEndian, [length, 2])
  return Buffer.concat([head, Buffer.from(vr), size, raw])
}

/** An item of a sequence or a fragment. */
export function item (content: Uint8Array, length = content.length): Buffer {
  return Buffer.concat([words(true, [0xfffe, 2], [0xe000, 2], [length, 4]), content])
}

export const itemDelimiter = words(true, [0xfffe, 2], [0xe00d, 2], [0, 4])
export const sequenceDelimiter = words(true, [0xfffe, 2], [0xe0dd, 2], [0, 4])

export function uint16 (...values: readonly number[]): Buffer {
  return words(true, ...values.map(value => [value, 2] as const))
}

export function uint32 (...values: readonly number[]): Buffer {
  return words(true, ...values.map(value => [value, 4] as const))
}

/** Preamble, prefix and File Meta Information before a data set. */
export function part10 (dataSet: Uint8Array, transferSyntaxUid = '1.2.840.10008.1.2.1'): Buffer {
  const meta = element(0x00020010, 'UI', transferSyntaxUid)
  return Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), element(0x00020000, 'UL', uint32(meta.length)), meta, dataSet])
}

/** UIDs that every instance needs. */
export function identity (encoding: Encoding = {}, sopClassUid = '1.2.840.10008.5.1.4.1.1.4'): Buffer {
  return Buffer.concat([
    element(0x00080016, 'UI', sopClassUid, encoding),
    element(0x00080018, 'UI', '1.2.3.4', encoding),
    element(0x0020000d, 'UI', '1.2.3', encoding),
    element(0x0020000e, 'UI', '1.2.3.1', encoding),
  ])
}

/** Image Pixel of a small unsigned image, without its pixels. */
export function imagePixel (rows: number, columns: number, bits: number, frames = 1): Buffer {
  return Buffer.concat([
    element(0x00280002, 'US', uint16(1)),
    element(0x00280004, 'CS', 'MONOCHROME2'),
    element(0x00280008, 'IS', String(frames)),
    element(0x00280010, 'US', uint16(rows)),
    element(0x00280011, 'US', uint16(columns)),
    element(0x00280100, 'US', uint16(bits)),
    element(0x00280101, 'US', uint16(bits)),
    element(0x00280102, 'US', uint16(bits - 1)),
    element(0x00280103, 'US', uint16(0)),
  ])
}

/** Encapsulated PixelData (PS3.5 A.4) from its offset table and fragments. */
export function encapsulated (offsets: readonly number[], fragments: readonly Uint8Array[]): Buffer {
  const content = [item(uint32(...offsets)), ...fragments.map(fragment => item(fragment)), sequenceDelimiter]
  return element(0x7fe00010, 'OB', Buffer.concat(content), { length: undefinedLength })
}
