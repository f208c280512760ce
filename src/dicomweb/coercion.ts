import { DataSet } from '../dicom/data-set.ts'
import type { Instance } from '../dicom/instance.ts'
import { parsePart10 } from '../dicom/part10.ts'
import { transferSyntax } from '../dicom/transfer-syntaxes.ts'
import { encodeElement, encodeEncapsulated, encodedItems, encodeExplicitLittleEndian, encodeSequence } from '../dicom/explicit-encoding.ts'
import { part10Head } from './part10-head.ts'

const pixelDataTag = 0x7fe00010
const issuerTag = 0x00100021
const originalAttributesTag = 0x04000561
const explicitLittleEndian = '1.2.840.10008.1.2.1'

/** ModifyingSystem (0400,0563). */
const modifyingSystem = 'tuberlens'

/** Whether an instance has a PatientID and does not say whose it is. */
export function lacksIssuer ({ attributes }: Instance): boolean {
  return attributes.string('PatientID') !== undefined && attributes.string('IssuerOfPatientID') === undefined
}

/**
 * A file with IssuerOfPatientID (0010,0021) set, and a note of it in OriginalAttributesSequence (PS3.3 C.12.1.1.9): the value was
 * absent or empty before, which a zero length says. Compressed frames stay as they are; all else becomes Explicit VR
 * Little Endian.
 * @param issuer ASCII, so that it means the same in every character set
 * @throws AppError as `parsePart10`
 */
export function withIssuer (bytes: Uint8Array, issuer: string, at: Date): Uint8Array[] {
  const file = parsePart10(bytes)
  const dataSet = new DataSet(file.table)
  const isEncapsulated = transferSyntax(file.transferSyntaxUid)?.encapsulated === true
  const replace = new Map([
    [issuerTag, whole(encodeElement(issuerTag, 'LO', Buffer.from(issuer)))],
    [originalAttributesTag, originalAttributes(dataSet, at)],
  ])
  const pixels = dataSet.element(pixelDataTag)
  if (isEncapsulated && pixels !== undefined) {
    const items = file.table.bytes.subarray(pixels.offset, pixels.offset + pixels.length)
    replace.set(pixelDataTag, whole(encodeEncapsulated([items])))
  }
  const head = part10Head({
    sopClassUid: dataSet.string('SOPClassUID'),
    sopInstanceUid: dataSet.string('SOPInstanceUID'),
    transferSyntaxUid: isEncapsulated ? file.transferSyntaxUid : explicitLittleEndian,
  })
  return [head, ...encodeExplicitLittleEndian(dataSet, replace)]
}

/** The sequence as it came, and one more item. */
function originalAttributes (dataSet: DataSet, at: Date): Uint8Array {
  const before = dataSet.element(originalAttributesTag)
  const item = [
    ...encodeSequence(0x04000550, [[...encodeElement(issuerTag, 'LO', new Uint8Array())]]),
    ...encodeElement(0x04000562, 'DT', Buffer.from(dateTime(at))),
    ...encodeElement(0x04000563, 'LO', Buffer.from(modifyingSystem)),
    ...encodeElement(0x04000564, 'LO', new Uint8Array()),
    ...encodeElement(0x04000565, 'CS', Buffer.from('COERCE')),
  ]
  return whole(encodeSequence(originalAttributesTag, [...(before === undefined ? [] : encodedItems(dataSet, before)), item]))
}

/** DT in UTC (PS3.5 6.2). */
function dateTime (at: Date): string {
  return `${at.toISOString().replace(/[-:TZ]/g, '')}+0000`
}

function whole (pieces: Iterable<Uint8Array>): Uint8Array {
  return Buffer.concat([...pieces])
}
