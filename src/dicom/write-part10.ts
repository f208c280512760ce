import { AppError, toAppError } from '../errors.ts'
import type { Dataset } from './dataset.ts'
import { writeRaw } from './dcmjs.ts'
import type { RawDictionary } from './dcmjs.ts'
import { rawDictionary } from './raw-dictionary.ts'
import { transferSyntax } from './transfer-syntaxes.ts'
import { isUid, uidFromName } from './uid.ts'

/** Who encoded the file (0002,0012): the writer, not the program's version, so that it does not change with each release. */
export const implementationClassUid = uidFromName('tuberlens implementation class')
/** (0002,0013), at most 16 characters. */
export const implementationVersionName = 'TUBERLENS'

const explicitLittleEndian = '1.2.840.10008.1.2.1'
const utf8 = 'ISO_IR 192'

/**
 * Encodes a data set as a Part 10 file (PS3.10 7): zero preamble, File Meta Information of our own, text in UTF-8. The
 * same data set gives the same bytes. For an encapsulated transfer syntax PixelData is one ArrayBuffer a frame.
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
  const raw = rawDictionary({ ...dataset, SpecificCharacterSet: utf8 }, syntax.encapsulated)
  try {
    return new Uint8Array(writeRaw(meta, raw))
  } catch (thrown) {
    throw toAppError(thrown, 'value-not-encodable', 'The data set cannot be written')
  }
}

/** PS3.10 table 7.1-1, without the group length, which dcmjs adds. */
function fileMeta (sopClassUid: string, sopInstanceUid: string, transferSyntaxUid: string): RawDictionary {
  return {
    '00020001': { vr: 'OB', Value: [Uint8Array.of(0, 1).buffer] },
    '00020002': { vr: 'UI', Value: [sopClassUid] },
    '00020003': { vr: 'UI', Value: [sopInstanceUid] },
    '00020010': { vr: 'UI', Value: [transferSyntaxUid] },
    '00020012': { vr: 'UI', Value: [implementationClassUid] },
    '00020013': { vr: 'SH', Value: [implementationVersionName] },
  }
}

function uidOf (dataset: Dataset, keyword: 'SOPClassUID' | 'SOPInstanceUID'): string {
  const value = dataset[keyword]
  if (typeof value === 'string' && isUid(value)) return value
  throw new AppError('value-not-encodable', `${keyword} is not a valid UID`, { attribute: keyword })
}
