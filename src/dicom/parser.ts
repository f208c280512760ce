import { createRequire } from 'node:module'
import { AppError } from '../errors.ts'

// dicom-parser is CommonJS behind a bundle whose names Node cannot see; its types declare the whole of it
const dicomParser = createRequire(import.meta.url)('dicom-parser') as typeof import('dicom-parser')

/** Tag, VR, length and place of one element; `length` is `undefined` for an undefined length (PS3.5 7.1). */
export interface ElementHeader {
  readonly tag: number
  readonly vr: string | undefined
  readonly length: number | undefined
  readonly valueOffset: number
}

/** VRs with two reserved bytes and a 32-bit length that dicom-parser 1.8.21 does not know (PS3.5 7.1.2). */
const longVrsUnknownToParser = new Set(['OV', 'SV', 'UV'])
const undefinedLength = 0xffffffff

export const itemTag = 0xfffee000
export const itemDelimitationTag = 0xfffee00d
export const sequenceDelimitationTag = 0xfffee0dd

/**
 * Element headers read one at a time by dicom-parser. Its own loops are not used: they recurse without a limit
 * (20,000 nested sequences end in RangeError) and skip over a missing end, so the walk is `parse-data-set`'s.
 */
export class ElementReader {
  readonly #stream: InstanceType<typeof dicomParser.ByteStream>
  readonly #warnings: string[] = []

  constructor (bytes: Uint8Array, littleEndian: boolean) {
    const order = littleEndian ? dicomParser.littleEndianByteArrayParser : dicomParser.bigEndianByteArrayParser
    this.#stream = guarded(0, () => new dicomParser.ByteStream(order, bytes, 0))
  }

  /**
   * The header at an offset, without its value.
   * @throws AppError `dicom-truncated` when the bytes end inside it
   */
  read (offset: number, explicit: boolean): ElementHeader {
    return guarded(offset, () => {
      const stream = this.#stream
      stream.position = offset
      const tag = stream.readUint16() * 0x10000 + stream.readUint16()
      // items and delimiters have no VR, whatever the transfer syntax (PS3.5 7.5)
      if (tag === itemTag || tag === itemDelimitationTag || tag === sequenceDelimitationTag) {
        return { tag, vr: undefined, length: lengthOf(stream.readUint32()), valueOffset: offset + 8 }
      }
      const vr = explicit ? stream.readFixedString(2) : undefined
      if (vr !== undefined && longVrsUnknownToParser.has(vr)) {
        stream.position = offset + 8
        return { tag, vr, length: lengthOf(stream.readUint32()), valueOffset: offset + 12 }
      }
      stream.position = offset
      // told to stop at this very tag, dicom-parser returns the header and leaves the value alone
      const text = `x${tag.toString(16).padStart(8, '0')}`
      const element = explicit
        ? dicomParser.readDicomElementExplicit(stream, this.#warnings, text)
        : dicomParser.readDicomElementImplicit(stream, text)
      return { tag, vr, length: lengthOf(element.length), valueOffset: element.dataOffset }
    })
  }
}

function lengthOf (raw: number): number | undefined {
  return raw === undefinedLength ? undefined : raw
}

/** dicom-parser throws strings, some of them objects that hold the data set: neither may leave this file. */
function guarded<T> (offset: number, read: () => T): T {
  try {
    return read()
  } catch (thrown) {
    const reason = typeof thrown === 'string' ? thrown.slice(0, 120) : thrown instanceof Error ? thrown.message : typeof thrown
    throw new AppError('dicom-truncated', 'The file ends inside an element', { offset, reason })
  }
}
