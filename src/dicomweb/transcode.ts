import { readFile } from 'node:fs/promises'
import { DataSet } from '../dicom/data-set.ts'
import { imagePixel } from '../dicom/image-pixel.ts'
import type { Instance } from '../dicom/instance.ts'
import { parsePart10 } from '../dicom/part10.ts'
import { readInstance } from '../dicom/read-instance.ts'
import { transferSyntax } from '../dicom/transfer-syntaxes.ts'
import type { Decoder } from '../imaging/decoder-pool.ts'
import { AppError } from '../errors.ts'
import { encodeElement, encodeExplicitLittleEndian } from '../dicom/explicit-encoding.ts'

export const implicitLittleEndian = '1.2.840.10008.1.2'
export const explicitLittleEndian = '1.2.840.10008.1.2.1'
export const explicitBigEndian = '1.2.840.10008.1.2.2'

/**
 * The transfer syntax that an instance is sent in (PS3.18 8.7.3.5.2): none asked for is Explicit VR Little Endian, `*` is
 * as stored. Implicit and big endian are never sent (8.7.3.4). `undefined`: cannot be given as asked.
 */
export function sendingSyntax (stored: string, requested: string | undefined): string | undefined {
  const forbidden = stored === implicitLittleEndian || stored === explicitBigEndian
  if (requested === '*') return forbidden ? explicitLittleEndian : stored
  if (requested === stored && !forbidden) return stored
  if (requested !== undefined && requested !== explicitLittleEndian) return undefined
  return transferSyntax(stored) === undefined ? undefined : explicitLittleEndian
}

/**
 * A stored file in Explicit VR Little Endian: the data set re-encoded, compressed frames decoded.
 * @throws AppError as reading and decoding do, before the first byte
 */
export async function explicitLittleEndianFile (path: string, decoder: Decoder): Promise<Uint8Array[]> {
  const bytes = await readFile(path)
  const file = parsePart10(bytes)
  const dataSet = new DataSet(file.table)
  const syntax = transferSyntax(file.transferSyntaxUid)
  if (syntax === undefined) throw new AppError('transfer-syntax-unsupported', 'The transfer syntax of the instance cannot be converted')
  const replace = syntax.encapsulated && dataSet.has('PixelData') ? await decoded(readInstance(bytes), decoder) : new Map<number, Uint8Array>()
  const meta = file.meta === undefined ? [] : metaElements(new DataSet(file.meta))
  return [Buffer.alloc(128), Buffer.from('DICM'), ...groupOf(meta), ...encodeExplicitLittleEndian(dataSet, replace)]
}

/** One frame as native little endian cells (PS3.5 8.1), for the octet-stream of a frame or of bulk data. */
export async function nativeFrame (instance: Instance, frameNumber: number, decoder: Decoder): Promise<Uint8Array> {
  const { transferSyntaxUid, attributes, pixelData } = instance
  const encoded = await pixelData.frame(frameNumber)
  const syntax = transferSyntax(transferSyntaxUid)
  if (syntax?.codec === 'native' && syntax.littleEndian) return encoded
  const pixel = imagePixel(attributes, () => undefined)
  if (syntax?.codec === 'native') {
    const copy = Buffer.from(encoded)
    // 8-bit cells stand in swapped words too (PS3.5 8.1.1, VR OW)
    return copy.length % 2 !== 0 ? copy : pixel.bitsAllocated === 32 ? copy.swap32() : copy.swap16()
  }
  // a copy: the decoder hands the memory of a frame over to its thread, and a frame may be a view of the whole file
  const { data } = await decoder.decode(new Uint8Array(encoded), pixel, transferSyntaxUid)
  return cells(data, pixel.bitsAllocated)
}

/** Stored values in cells of BitsAllocated, two's complement, little endian. */
function cells (data: ArrayLike<number>, bitsAllocated: number): Uint8Array {
  const size = bitsAllocated / 8
  const bytes = Buffer.alloc(data.length * size)
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!
    if (size === 1) bytes[i] = value & 0xff
    else if (size === 2) bytes.writeUInt16LE(value & 0xffff, i * 2)
    else bytes.writeUInt32LE(value >>> 0, i * 4)
  }
  return bytes
}

/** What photometric interpretation the decoders deliver (PS3.5 8.2): subsampling and the transforms of JPEG 2000 are undone. */
const decodedPhotometric: Readonly<Record<string, string>> = { YBR_FULL_422: 'YBR_FULL', YBR_RCT: 'RGB', YBR_ICT: 'RGB' }

async function decoded (instance: Instance, decoder: Decoder): Promise<Map<number, Uint8Array>> {
  const frames: Uint8Array[] = []
  for (let frame = 1; frame <= instance.frameCount; frame++) frames.push(await nativeFrame(instance, frame, decoder))
  const { attributes, transferSyntaxUid } = instance
  const wide = (attributes.number('BitsAllocated') ?? 16) > 8
  const replace = new Map([[0x7fe00010, whole(0x7fe00010, wide ? 'OW' : 'OB', Buffer.concat(frames))]])
  if ((attributes.number('SamplesPerPixel') ?? 1) > 1) replace.set(0x00280006, whole(0x00280006, 'US', Buffer.alloc(2)))
  const photometric = decodedPhotometric[attributes.string('PhotometricInterpretation') ?? '']
  if (photometric !== undefined) replace.set(0x00280004, whole(0x00280004, 'CS', Buffer.from(photometric)))
  if (transferSyntax(transferSyntaxUid)?.lossy === true) replace.set(0x00282110, whole(0x00282110, 'CS', Buffer.from('01')))
  return replace
}

function whole (tag: number, vr: string, value: Uint8Array): Uint8Array {
  return Buffer.concat([...encodeElement(tag, vr, value)])
}

/** File Meta Information with the new transfer syntax, without its group length. */
function metaElements (meta: DataSet): Uint8Array[] {
  return [...encodeExplicitLittleEndian(meta, new Map([[0x00020010, whole(0x00020010, 'UI', Buffer.from(explicitLittleEndian))]]))]
}

function groupOf (meta: readonly Uint8Array[]): Uint8Array[] {
  const length = Buffer.alloc(4)
  length.writeUInt32LE(meta.reduce((sum, bytes) => sum + bytes.length, 0))
  return [...encodeElement(0x00020000, 'UL', length), ...meta]
}
