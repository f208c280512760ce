import { inflateRawSync } from 'node:zlib'
import { AppError } from '../errors.ts'
import { asciiValue } from './ascii-value.ts'
import type { ElementTable } from './element.ts'
import { defaultParseLimits } from './parse-limits.ts'
import type { ParseLimits } from './parse-limits.ts'
import { parseDataSet } from './parse-data-set.ts'
import { transferSyntax } from './transfer-syntaxes.ts'

/** A Part 10 file, or a bare data set, taken apart (PS3.10 7). */
export interface Part10 {
  /** Group 0002; `undefined` for a bare data set. */
  readonly meta: ElementTable | undefined
  readonly table: ElementTable
  /** (0002,0010), or what the bytes look like where it is missing. */
  readonly transferSyntaxUid: string
  /** Where the encoded data set begins in the file. */
  readonly dataSetOffset: number
  /** Whether `table.bytes` is an inflated copy. */
  readonly inflated: boolean
  readonly warnings: readonly string[]
}

const implicitUid = '1.2.840.10008.1.2'
const explicitUid = '1.2.840.10008.1.2.1'
const transferSyntaxTag = 0x00020010
const preambleLength = 128
/** A deflated header compresses ten times, an empty image perhaps fifty; DEFLATE itself reaches 1,032 (a bomb). */
const inflation = { atLeast: 48 * 2 ** 20, times: 32 }

/** How much of a file is wanted. */
export interface Part10Extent {
  /** The first tag of the data set that is not: reading ends there. */
  readonly before?: number
  /** Bytes of the file, where only its beginning is at hand; the rest may only be part of the last value. */
  readonly size?: number
}

/**
 * Parses a file with or without preamble and File Meta Information.
 * @throws AppError `not-dicom`, `dicom-truncated`, `dicom-malformed`, `instance-too-large`
 */
export function parsePart10 (bytes: Uint8Array, limits: ParseLimits = defaultParseLimits, extent: Part10Extent = {}): Part10 {
  if (bytes.length === 0) throw new AppError('not-dicom', 'The file is empty')
  const { size = bytes.length } = extent
  if (size > limits.bytes) throw new AppError('instance-too-large', 'The file is too large', { bytes: size, limit: limits.bytes })
  const start = metaOffset(bytes)
  if (start === undefined) {
    const uid = sniff(bytes, 0)
    if (uid === undefined) throw new AppError('not-dicom', 'The file is not a DICOM file')
    return parseBody(bytes, undefined, 0, uid, ['The file has no File Meta Information'], limits, extent)
  }
  const meta = parseDataSet({ bytes, start, explicit: true, littleEndian: true, before: 0x00030000 }, limits)
  if (meta.table.elements.size === 0 && meta.end < bytes.length) throw new AppError('dicom-malformed', 'The file has no File Meta Information')
  if (meta.end >= bytes.length) throw new AppError('dicom-truncated', 'The file ends after its File Meta Information')
  const warnings = [...meta.warnings]
  if (start === 0) warnings.push('The file has no preamble')
  const declared = asciiValue(meta.table, transferSyntaxTag)
  const uid = declared ?? sniff(bytes, meta.end)
  if (uid === undefined) throw new AppError('dicom-malformed', 'TransferSyntaxUID is missing', { attribute: 'TransferSyntaxUID' })
  if (declared === undefined) warnings.push('TransferSyntaxUID is missing')
  return parseBody(bytes, meta.table, meta.end, uid, warnings, limits, extent)
}

function parseBody (
  bytes: Uint8Array, meta: ElementTable | undefined, offset: number, uid: string, warnings: string[], limits: ParseLimits,
  extent: Part10Extent,
): Part10 {
  const syntax = transferSyntax(uid)
  const inflated = syntax?.deflated === true
  const body = inflated ? inflate(bytes.subarray(offset), limits) : bytes
  const start = inflated ? 0 : offset
  const littleEndian = syntax?.littleEndian ?? true
  // every transfer syntax but one is explicit (PS3.5 10); some writers declare the other one than they use
  let explicit = syntax?.explicit ?? true
  const seen = littleEndian ? sniff(body, start) : undefined
  if (seen !== undefined && (seen === explicitUid) !== explicit) {
    explicit = !explicit
    warnings.push('TransferSyntaxUID does not agree with how the elements are encoded')
  }
  const parsed = parseDataSet({ bytes: body, start, explicit, littleEndian, ...extent }, limits)
  return {
    meta,
    table: parsed.table,
    transferSyntaxUid: uid,
    dataSetOffset: offset,
    inflated,
    warnings: [...warnings, ...parsed.warnings],
  }
}

/** Offset of group 0002: after the preamble (PS3.10 7.1), or at 0 where someone cut it off. */
function metaOffset (bytes: Uint8Array): number | undefined {
  const prefix = bytes.subarray(preambleLength, preambleLength + 4)
  if (prefix.length === 4 && Buffer.from(prefix).toString('latin1') === 'DICM') {
    if (bytes.length === preambleLength + 4) throw new AppError('dicom-truncated', 'The file ends after its preamble')
    return preambleLength + 4
  }
  return bytes[0] === 2 && bytes[1] === 0 && hasVr(bytes, 0) ? 0 : undefined
}

/** Explicit or implicit little endian, judged by the first element of a data set; `undefined` when it looks like neither. */
function sniff (bytes: Uint8Array, offset: number): string | undefined {
  if (offset + 8 > bytes.length) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, 8)
  const group = view.getUint16(0, true)
  if (group !== 0x0008 && group !== 0x0004) return undefined
  if (hasVr(bytes, offset)) return explicitUid
  const length = view.getUint32(4, true)
  return length % 2 === 0 && length <= bytes.length - offset - 8 && length < 0x10000 ? implicitUid : undefined
}

/** Whether bytes 4 and 5 of an element are a VR that group 0002, 0004 or 0008 may begin with. */
function hasVr (bytes: Uint8Array, offset: number): boolean {
  return /^(UL|CS|UI|OB|SH|AE|DA|TM|DT|LO|PN|SQ|ST|US|UR|UT|UC|LT|AT|IS|UN)$/.test(String.fromCharCode(bytes[offset + 4] ?? 0, bytes[offset + 5] ?? 0))
}

function inflate (deflated: Uint8Array, limits: ParseLimits): Uint8Array {
  const maxOutputLength = Math.min(limits.bytes, Math.max(inflation.atLeast, inflation.times * deflated.length))
  try {
    return inflateRawSync(deflated, { maxOutputLength })
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    if (code === 'ERR_BUFFER_TOO_LARGE') {
      throw new AppError('instance-too-large', 'The deflated data set is too large', { limit: maxOutputLength }, { cause })
    }
    if (code === 'Z_BUF_ERROR') throw new AppError('dicom-truncated', 'The file ends inside the deflated data set', {}, { cause })
    throw new AppError('dicom-malformed', 'The deflated data set cannot be inflated', {}, { cause })
  }
}
