import { implementationClassUid, implementationVersionName } from '../dicom/write-part10.ts'
import { encodeElement } from '../dicom/explicit-encoding.ts'

/** What File Meta Information says of the data set after it; an absent UID is left for the reader to miss. */
export interface FileMeta {
  readonly sopClassUid: string | undefined
  readonly sopInstanceUid: string | undefined
  readonly transferSyntaxUid: string
}

/** Preamble, prefix and File Meta Information (PS3.10 7.1) of a file that we write, up to its data set. */
export function part10Head ({ sopClassUid, sopInstanceUid, transferSyntaxUid }: FileMeta): Uint8Array {
  const values: readonly (readonly [tag: number, vr: string, value: string | Uint8Array | undefined])[] = [
    [0x00020001, 'OB', Uint8Array.of(0, 1)],
    [0x00020002, 'UI', sopClassUid],
    [0x00020003, 'UI', sopInstanceUid],
    [0x00020010, 'UI', transferSyntaxUid],
    [0x00020012, 'UI', implementationClassUid],
    [0x00020013, 'SH', implementationVersionName],
  ]
  const elements = Buffer.concat(values.flatMap(([tag, vr, value]) =>
    value === undefined ? [] : [...encodeElement(tag, vr, Buffer.from(value))]))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(elements.length)
  return Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), ...encodeElement(0x00020000, 'UL', length), elements])
}
