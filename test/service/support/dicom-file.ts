/** Writes small DICOM files byte by byte (PS3.10 7, PS3.5 7.1.2): an encoder that shares no code with the sources. */

type Value = string | Buffer | readonly number[]
type ElementText = readonly [tag: string, vr: string, value: Value]

function encode ([tag, vr, value]: ElementText): Buffer {
  let bytes = typeof value === 'string' ? Buffer.from(value, 'latin1') : Buffer.isBuffer(value) ? value : shorts(value)
  if (bytes.length % 2 === 1) bytes = Buffer.concat([bytes, Buffer.from(vr === 'UI' || vr === 'OB' ? '\0' : ' ')])
  const long = ['OB', 'OW', 'SQ', 'UN', 'UT'].includes(vr)
  const head = Buffer.alloc(long ? 12 : 8)
  head.writeUInt16LE(parseInt(tag.slice(0, 4), 16), 0)
  head.writeUInt16LE(parseInt(tag.slice(4), 16), 2)
  head.write(vr, 4, 'latin1')
  if (long) head.writeUInt32LE(bytes.length, 8)
  else head.writeUInt16LE(bytes.length, 6)
  return Buffer.concat([head, bytes])
}

function shorts (values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2)
  values.forEach((value, i) => bytes.writeUInt16LE(value, i * 2))
  return bytes
}

export interface FileOptions {
  readonly sop?: string
  readonly series?: string
  readonly study?: string
  readonly sopClass?: string
  readonly transferSyntax?: string
  readonly patientName?: string
  readonly pixels?: Buffer
  /** Replaces elements by tag; `undefined` leaves one out. */
  readonly change?: Readonly<Record<string, ElementText | undefined>>
  readonly metaSop?: string
  readonly metaClass?: string
  readonly preamble?: Buffer
}

/** An axial FLAIR slice of 4×4 pixels. */
export function dicomFile (options: FileOptions = {}): Buffer {
  const sop = options.sop ?? '1.2.3.4.1'
  const sopClass = options.sopClass ?? '1.2.840.10008.5.1.4.1.1.4'
  const elements: Record<string, ElementText | undefined> = Object.fromEntries(([
    ['00080005', 'CS', 'ISO_IR 100'],
    ['00080008', 'CS', 'ORIGINAL\\PRIMARY\\M\\SE'],
    ['00080016', 'UI', sopClass],
    ['00080018', 'UI', sop],
    ['00080020', 'DA', '20200102'],
    ['00080030', 'TM', '101112'],
    ['00080050', 'SH', 'ACC1'],
    ['00080060', 'CS', 'MR'],
    ['00081030', 'LO', 'Brain'],
    ['0008103E', 'LO', 'FLAIR'],
    ['00100010', 'PN', options.patientName ?? 'Doe^Jane'],
    ['00100020', 'LO', 'PID1'],
    ['00180020', 'CS', 'SE\\IR'],
    ['00180050', 'DS', '5'],
    ['00180080', 'DS', '9000'],
    ['00180081', 'DS', '100'],
    ['00180082', 'DS', '2500'],
    ['0020000D', 'UI', options.study ?? '1.2.3'],
    ['0020000E', 'UI', options.series ?? '1.2.3.4'],
    ['00200011', 'IS', '3'],
    ['00200013', 'IS', '1'],
    ['00200032', 'DS', '0\\0\\0'],
    ['00200037', 'DS', '1\\0\\0\\0\\1\\0'],
    ['00280002', 'US', [1]],
    ['00280004', 'CS', 'MONOCHROME2'],
    ['00280010', 'US', [4]],
    ['00280011', 'US', [4]],
    ['00280030', 'DS', '1\\1'],
    ['00280100', 'US', [16]],
    ['00280101', 'US', [12]],
    ['00280102', 'US', [11]],
    ['00280103', 'US', [0]],
    ['7FE00010', 'OW', options.pixels ?? shorts(Array.from({ length: 16 }, (_, i) => i * 100))],
  ] satisfies ElementText[]).map(element => [element[0], element]))
  Object.assign(elements, options.change)
  const dataSet = Object.keys(elements).sort().flatMap(tag => elements[tag] === undefined ? [] : [encode(elements[tag])])
  const meta = Buffer.concat(([
    ['00020001', 'OB', Buffer.from([0, 1])],
    ['00020002', 'UI', options.metaClass ?? sopClass],
    ['00020003', 'UI', options.metaSop ?? sop],
    ['00020010', 'UI', options.transferSyntax ?? '1.2.840.10008.1.2.1'],
    ['00020012', 'UI', '1.2.3.9'],
  ] satisfies ElementText[]).map(encode))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(meta.length)
  return Buffer.concat([
    options.preamble ?? Buffer.alloc(128), Buffer.from('DICM'), encode(['00020000', 'UL', length]), meta, ...dataSet,
  ])
}

/** The slice in RLE Lossless, its frame cut off after the header (PS3.5 G.5): it is taken in and cannot be decoded. */
export function brokenRle (sop = '1.2.3.4.1'): Buffer {
  const item = (tag: number, value: Buffer): Buffer => {
    const head = Buffer.alloc(8)
    head.writeUInt16LE(0xfffe, 0)
    head.writeUInt16LE(tag, 2)
    head.writeUInt32LE(value.length, 4)
    return Buffer.concat([head, value])
  }
  const frame = Buffer.alloc(66)
  frame.writeUInt32LE(2, 0)
  frame.writeUInt32LE(64, 4)
  frame.writeUInt32LE(4000, 8)
  const start = Buffer.from('e07f10004f420000ffffffff', 'hex')
  const file = dicomFile({ sop, transferSyntax: '1.2.840.10008.1.2.5', change: { '7FE00010': undefined } })
  return Buffer.concat([file, start, item(0xe000, Buffer.alloc(0)), item(0xe000, frame), item(0xe0dd, Buffer.alloc(0))])
}

/** A multipart/related message as simple senders write it. */
export function multipart (
  files: readonly Buffer[], options: { readonly boundary?: string, readonly headers?: string } = {},
): Buffer {
  const { boundary = 'b', headers = 'Content-Type: application/dicom\r\n' } = options
  return Buffer.concat([
    ...files.flatMap(file => [Buffer.from(`--${boundary}\r\n${headers}\r\n`), file, Buffer.from('\r\n')]),
    Buffer.from(`--${boundary}--\r\n`),
  ])
}

export const multipartType = 'multipart/related; type="application/dicom"; boundary=b'
