import { AppError, toAppError } from '../errors.ts'
import { checkedElements } from './checked-elements.ts'
import type { Dataset } from './dataset.ts'
import { writeElements } from './dcmjs.ts'
import { encodeBulk, joined } from './encode-bulk.ts'
import { transferSyntax } from './transfer-syntaxes.ts'
import { isUid, uidFromName } from './uid.ts'
import type { WrittenElement } from './written-element.ts'

/** Who encoded the file (0002,0012): the writer, not the program's version, so that it does not change with each release. */
export const implementationClassUid = uidFromName('tuberlens implementation class')
/** (0002,0013), at most 16 characters. */
export const implementationVersionName = 'TUBERLENS'

const explicitLittleEndian = '1.2.840.10008.1.2.1'
const implicitLittleEndian = '1.2.840.10008.1.2'
const utf8 = 'ISO_IR 192'
/** The group of the pixels, in which the large values are. */
const pixelGroup = 0x7fe0

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
  const meta = fileMeta(uidOf(dataset, 'SOPClassUID'), uidOf(dataset, 'SOPInstanceUID'), transferSyntaxUid)
  const elements = checkedElements({ ...dataset, SpecificCharacterSet: utf8 }, syntax.encapsulated)
  const pixels = elements.findIndex(({ tag }) => tag >>> 16 === pixelGroup)
  const [head, bulk] = pixels === -1 ? [elements, []] : [elements.slice(0, pixels), elements.slice(pixels)]
  const encoding = { explicitVr: transferSyntaxUid !== implicitLittleEndian, encapsulated: syntax.encapsulated }
  try {
    return joined([writeElements(meta, head), ...bulk.flatMap(element => encodeBulk(element, encoding))])
  } catch (thrown) {
    throw toAppError(thrown, 'value-not-encodable', 'The data set cannot be written')
  }
}

/** PS3.10 table 7.1-1, without the group length, which dcmjs adds. */
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
