import { AppError } from '../errors.ts'
import { ByteWriter } from './byte-writer.ts'
import { checkedElements } from './checked-elements.ts'
import type { Dataset } from './dataset.ts'
import { encodeElements } from './encode-elements.ts'
import type { WrittenElement } from './encode-elements.ts'
import { transferSyntax } from './transfer-syntaxes.ts'
import { isUid, uidFromName } from './uid.ts'

/** Who encoded the file (0002,0012): the writer, not the program's version, so that it does not change with each release. */
export const implementationClassUid = uidFromName('tuberlens implementation class')
/** (0002,0013), at most 16 characters. */
export const implementationVersionName = 'TUBERLENS'

const explicitLittleEndian = '1.2.840.10008.1.2.1'
const implicitLittleEndian = '1.2.840.10008.1.2'
const utf8 = 'ISO_IR 192'
/** PS3.10 7.1: the group is always explicit little endian. */
const groupLengthTag = 0x00020000
const metaEncoding = { explicitVr: true, encapsulated: false }
const preamble = Buffer.concat([Buffer.alloc(128), Buffer.from('DICM')])

/**
 * Encodes a data set as a Part 10 file (PS3.10 7): zero preamble, File Meta Information of our own, text in UTF-8. The
 * same data set gives the same bytes. PixelData may be one ArrayBuffer a frame; for an encapsulated transfer syntax it has to be.
 * @throws AppError `value-not-encodable` naming the keyword; `transfer-syntax-unsupported` for big endian and deflated
 */
export function encodePart10 (dataset: Dataset, options: { readonly transferSyntaxUid?: string } = {}): Uint8Array {
  const transferSyntaxUid = options.transferSyntaxUid ?? explicitLittleEndian
  const syntax = transferSyntax(transferSyntaxUid)
  if (syntax?.littleEndian !== true || syntax.deflated) {
    throw new AppError('transfer-syntax-unsupported', 'Files are not written in this transfer syntax', { transferSyntaxUid })
  }
  const given = dataset['SpecificCharacterSet']
  if (given !== undefined && given !== null && given !== utf8) {
    throw new AppError('value-not-encodable', `SpecificCharacterSet is not ${utf8}`, { attribute: 'SpecificCharacterSet' })
  }
  const meta = new ByteWriter()
  encodeElements(fileMeta(uidOf(dataset, 'SOPClassUID'), uidOf(dataset, 'SOPInstanceUID'), transferSyntaxUid), metaEncoding, meta)
  const elements = checkedElements({ ...dataset, SpecificCharacterSet: utf8 }, syntax.encapsulated)
  const file = new ByteWriter()
  file.append(preamble)
  encodeElements([{ tag: groupLengthTag, vr: 'UL', values: [meta.length] }], metaEncoding, file)
  file.append(meta.joined())
  encodeElements(elements, { explicitVr: transferSyntaxUid !== implicitLittleEndian, encapsulated: syntax.encapsulated }, file)
  return file.joined()
}

/** PS3.10 table 7.1-1, without the group length. */
function fileMeta (sopClassUid: string, sopInstanceUid: string, transferSyntaxUid: string): WrittenElement[] {
  return [
    { tag: 0x00020001, vr: 'OB', values: [Uint8Array.of(0, 1).buffer] },
    { tag: 0x00020002, vr: 'UI', values: [sopClassUid] },
    { tag: 0x00020003, vr: 'UI', values: [sopInstanceUid] },
    { tag: 0x00020010, vr: 'UI', values: [transferSyntaxUid] },
    { tag: 0x00020012, vr: 'UI', values: [implementationClassUid] },
    { tag: 0x00020013, vr: 'SH', values: [implementationVersionName] },
  ]
}

function uidOf (dataset: Dataset, keyword: 'SOPClassUID' | 'SOPInstanceUID'): string {
  const value = dataset[keyword]
  if (typeof value === 'string' && isUid(value)) return value
  throw new AppError('value-not-encodable', `${keyword} is not a valid UID`, { attribute: keyword })
}
