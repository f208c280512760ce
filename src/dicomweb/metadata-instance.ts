import { transferSyntax } from '../dicom/transfer-syntaxes.ts'
import { AppError } from '../errors.ts'
import { encodeEncapsulated, fragmentHeader } from '../dicom/explicit-encoding.ts'
import { type Elsewhere, type EncodedPiece, encodeJson } from './json-encoding.ts'
import { type JsonDataset, jsonString } from './json-model.ts'
import { type MediaType, parseMediaType } from './media-type.ts'
import { type FileMeta, part10Head } from './part10-head.ts'

/** Bulk data that came with the metadata (PS3.18 8.7.3.3), kept by `O`. */
export interface BulkData<O> extends Elsewhere<O> {
  readonly mediaType: MediaType
  /** The first bytes, as far as they tell what a JPEG is. */
  readonly start: Uint8Array
}

const pixelDataTag = 0x7fe00010
const explicitLittleEndian = '1.2.840.10008.1.2.1'
const native: readonly string[] = ['1.2.840.10008.1.2', explicitLittleEndian]

/** Transfer syntaxes of compressed bulk data by media type, the default one first (PS3.18 table 8.7.3-5). */
const compressed: Readonly<Record<string, readonly string[]>> = {
  'image/jpeg': ['1.2.840.10008.1.2.4.70', '1.2.840.10008.1.2.4.50', '1.2.840.10008.1.2.4.51', '1.2.840.10008.1.2.4.57'],
  'image/dicom-rle': ['1.2.840.10008.1.2.5'],
  'image/jls': ['1.2.840.10008.1.2.4.80', '1.2.840.10008.1.2.4.81'],
  'image/jp2': ['1.2.840.10008.1.2.4.90', '1.2.840.10008.1.2.4.91'],
  'image/jphc': ['1.2.840.10008.1.2.4.201', '1.2.840.10008.1.2.4.202', '1.2.840.10008.1.2.4.203'],
}

/** The SOP UIDs that the metadata gives, as they stand there. */
export function metadataUids (dataset: JsonDataset): Pick<FileMeta, 'sopClassUid' | 'sopInstanceUid'> {
  return { sopClassUid: jsonString(dataset, '00080016')?.trim(), sopInstanceUid: jsonString(dataset, '00080018')?.trim() }
}

/**
 * The file of an instance that came as metadata and bulk data (PS3.18 10.5.2), with what is to be written from elsewhere. Frames
 * of compressed pixel data are bulk data of the same URI, in their order. Other values have one.
 * @param bulkData what came under a URI; empty when nothing did
 * @throws AppError `dicom-malformed`; `pixel-data-missing` when bulk data did not come; `transfer-syntax-unsupported`
 */
export function * instanceOfMetadata<O> (
  dataset: JsonDataset, bulkData: (uri: string) => readonly BulkData<O>[],
): Generator<EncodedPiece<O>> {
  const uri = dataset['7FE00010']?.BulkDataURI
  const frames = typeof uri === 'string' ? came(bulkData(uri)) : []
  const transferSyntaxUid = frames.length === 0 ? explicitLittleEndian : syntaxOf(frames, dataset)
  const isCompressed = transferSyntax(transferSyntaxUid)?.encapsulated === true
  yield part10Head({ ...metadataUids(dataset), transferSyntaxUid })
  yield * encodeJson<O>(dataset, {
    bulkData: other => {
      const [only, ...more] = came(bulkData(other))
      if (only === undefined || more.length > 0) throw new AppError('dicom-malformed', 'The message has bulk data of one URI twice')
      return only
    },
    // what a server says of its own copy is no part of the instance (PS3.18 table 10.6.3-5)
    replace: new Map([[0x00083002, undefined], ...(isCompressed ? [[pixelDataTag, encapsulated(frames)] as const] : [])]),
  })
}

function came<O> (bulkData: readonly BulkData<O>[]): readonly BulkData<O>[] {
  if (bulkData.length > 0) return bulkData
  throw new AppError('pixel-data-missing', 'Bulk data is not in the message')
}

/** One fragment a frame, behind an empty Basic Offset Table (PS3.5 A.4). */
function encapsulated<O> (frames: readonly BulkData<O>[]): Iterable<EncodedPiece<O>> {
  const items = frames.flatMap((frame): EncodedPiece<O>[] =>
    [fragmentHeader(frame.bytes + frame.bytes % 2), frame, new Uint8Array(frame.bytes % 2)])
  return encodeEncapsulated<EncodedPiece<O>>([fragmentHeader(0), ...items])
}

/** By the parameter of the part, what the metadata says, or the media type alone. */
function syntaxOf<O> (frames: readonly BulkData<O>[], dataset: JsonDataset): string {
  const [first] = frames
  const { type, parameters } = first!.mediaType
  if (frames.some(({ mediaType }) => mediaType.type !== type)) throw new AppError('dicom-malformed', 'Frames have different media types')
  const named = parameters.get('transfer-syntax')
  if (type === 'application/octet-stream') {
    if (named === undefined || native.includes(named)) return explicitLittleEndian
    throw unsupported()
  }
  const possible = compressed[type]
  if (possible === undefined) throw unsupported()
  const told = named ?? [jsonString(dataset, '00020010'), jsonString(dataset, '00083002')].find(uid => uid !== undefined && possible.includes(uid))
  if (told !== undefined && !possible.includes(told)) throw unsupported()
  return told ?? (type === 'image/jpeg' ? jpegSyntax(first!.start) : undefined) ?? possible[0]!
}

/** Browsers' JPEGs come without a parameter and are not what the default says: the frame header tells (ITU-T T.81 B.1.1.3). */
function jpegSyntax (start: Uint8Array): string | undefined {
  for (let at = 2; at + 4 <= start.length && start[at] === 0xff;) {
    const marker = start[at + 1]!
    if (marker === 0xc0) return '1.2.840.10008.1.2.4.50'
    if (marker === 0xc1) return '1.2.840.10008.1.2.4.51'
    if (marker === 0xc3 || marker === 0xda) return undefined
    at += 2 + start[at + 2]! * 256 + start[at + 3]!
  }
  return undefined
}

function unsupported (): AppError {
  return new AppError('transfer-syntax-unsupported', 'The media type of the pixel data is not supported')
}

/** The media type of a part; bytes when it names none (RFC 9110 8.3). */
export function bulkMediaType (contentType: string | undefined): MediaType {
  return parseMediaType(contentType) ?? { type: 'application/octet-stream', parameters: new Map() }
}
