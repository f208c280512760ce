import { formatDs } from '../dicom/format-ds.ts'
import { nameOf, vrOf } from '../dicom/dictionary.ts'
import { AppError } from '../errors.ts'
import { encodeAround, encodeElement, encodeSequence } from '../dicom/explicit-encoding.ts'
import type { JsonDataset, JsonElement } from './json-model.ts'

/** Bytes that are not in memory; `O` is whoever has them. */
export interface Elsewhere<O> { readonly owner: O, readonly bytes: number }

/** A run of encoded bytes, or a value that is written from elsewhere. */
export type EncodedPiece<O> = Uint8Array | Elsewhere<O>

export interface JsonEncoding<O> {
  /** The value that a BulkDataURI stands for. @throws AppError when there is none */
  readonly bulkData: (uri: string) => Elsewhere<O>
  /** Elements written in place of those of the metadata, encoded; `undefined` leaves one out. */
  readonly replace: ReadonlyMap<number, Iterable<EncodedPiece<O>> | undefined>
}

/** Sequences within sequences. */
const deepest = 64
const specificCharacterSetTag = 0x00080005
/** Bytes and limits of the integers (PS3.5 6.2). */
const integers: Readonly<Record<string, { readonly bytes: 2 | 4 | 8, readonly signed: boolean }>> = {
  US: { bytes: 2, signed: false },
  SS: { bytes: 2, signed: true },
  UL: { bytes: 4, signed: false },
  SL: { bytes: 4, signed: true },
  UV: { bytes: 8, signed: false },
  SV: { bytes: 8, signed: true },
}
const texts = new Set(['AE', 'AS', 'CS', 'DA', 'DS', 'DT', 'IS', 'LO', 'LT', 'PN', 'SH', 'ST', 'TM', 'UC', 'UI', 'UR', 'UT'])
const binary = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'UN'])
const known = new Set([...Object.keys(integers), ...texts, ...binary, 'AT', 'FD', 'FL', 'SQ'])

/**
 * Encodes a data set of the DICOM JSON Model (PS3.18 F) as Explicit VR Little Endian. Text becomes UTF-8, which
 * SpecificCharacterSet then says; groups below 0008 and group lengths are left out. Values are written as they are given
 * where their VR can hold them: what they are worth is judged when the result is read.
 * @throws AppError `dicom-malformed`, naming the attribute; what `bulkData` throws
 */
export function * encodeJson<O> (dataset: JsonDataset, encoding: JsonEncoding<O>): Generator<EncodedPiece<O>> {
  const utf8 = encodeElement(specificCharacterSetTag, 'CS', Buffer.from('ISO_IR 192'))
  yield * encodeDataset(dataset, { ...encoding, replace: new Map([[specificCharacterSetTag, utf8], ...encoding.replace]) }, 0)
}

function * encodeDataset<O> (
  dataset: JsonDataset, { bulkData, replace }: JsonEncoding<O>, depth: number,
): Generator<EncodedPiece<O>> {
  const elements = new Map<number, JsonElement>()
  for (const [key, element] of Object.entries(dataset)) {
    if (!/^[0-9a-f]{8}$/i.test(key)) throw new AppError('dicom-malformed', 'An attribute of the metadata has no tag')
    const tag = parseInt(key, 16)
    if (tag >>> 16 >= 8 && (tag & 0xffff) !== 0 && tag !== specificCharacterSetTag) elements.set(tag, element)
  }
  for (const tag of [...new Set([...elements.keys(), ...replace.keys()])].sort((a, b) => a - b)) {
    if (replace.has(tag)) yield * replace.get(tag) ?? []
    else yield * encodeOne(tag, elements.get(tag)!, { bulkData, replace: new Map() }, depth)
  }
}

function * encodeOne<O> (
  tag: number, element: JsonElement, encoding: JsonEncoding<O>, depth: number,
): Generator<EncodedPiece<O>> {
  const vr = vrOfElement(tag, element)
  const { Value: values = [], InlineBinary: inline, BulkDataURI: uri } = element
  if (!Array.isArray(values) || [inline, uri].some(given => given !== undefined && typeof given !== 'string')) throw malformed(tag)
  if (vr === 'SQ') {
    if (depth === deepest) throw new AppError('dicom-malformed', 'The metadata nests too deep', { limit: deepest })
    yield * encodeSequence<EncodedPiece<O>>(tag, values.map(item => encodeDataset(itemOf(item, tag), encoding, depth + 1)))
  } else if (uri !== undefined) {
    const value = encoding.bulkData(uri)
    const { before, after } = encodeAround(tag, vr, value.bytes)
    yield before
    yield value
    yield after
  } else {
    yield * encodeElement(tag, vr, inline === undefined ? encodedValues(tag, vr, values) : Buffer.from(inline, 'base64'))
  }
}

/** PS3.18 F.2.2 demands it; where it is missing PS3.6 tells. */
function vrOfElement (tag: number, element: JsonElement): string {
  const { vr = vrOf(tag) ?? 'UN' } = element as Partial<JsonElement>
  if (known.has(vr)) return vr
  throw malformed(tag)
}

/** An empty item may be null. */
function itemOf (item: unknown, tag: number): JsonDataset {
  if (item === null) return {}
  if (typeof item === 'object' && !Array.isArray(item) && Object.values(item).every(isObject)) return item as JsonDataset
  throw malformed(tag)
}

function isObject (value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function encodedValues (tag: number, vr: string, values: readonly unknown[]): Uint8Array {
  if (texts.has(vr)) return Buffer.from(values.map(value => textOf(tag, vr, value)).join('\\'))
  if (binary.has(vr)) {
    if (values.length > 0) throw malformed(tag)
    return new Uint8Array()
  }
  return Buffer.concat(values.map(value => cellOf(tag, vr, value)))
}

/** PS3.18 F.2.3; a null among the values is an empty one. */
function textOf (tag: number, vr: string, value: unknown): string {
  if (value === null) return ''
  if (vr === 'PN' && isObject(value)) return nameOfGroups(tag, value as Record<string, unknown>)
  if (typeof value === 'string') return value
  if (typeof value !== 'number' || !Number.isFinite(value)) throw malformed(tag)
  return vr === 'DS' ? formatDs(value) : String(value)
}

function nameOfGroups (tag: number, { Alphabetic: a = '', Ideographic: i = '', Phonetic: p = '' }: Record<string, unknown>): string {
  const groups = [a, i, p]
  if (groups.every(group => typeof group === 'string')) return groups.join('=').replace(/=+$/, '')
  throw malformed(tag)
}

/** One value of a binary VR, little endian. Text is accepted for numbers, as some servers write it. */
function cellOf (tag: number, vr: string, value: unknown): Uint8Array {
  if (vr === 'AT') return tagCell(tag, value)
  const cell = Buffer.alloc(8)
  if (vr === 'FL' || vr === 'FD') {
    const number = floatOf(tag, value)
    return vr === 'FL' ? cell.subarray(0, cell.writeFloatLE(number)) : cell.subarray(0, cell.writeDoubleLE(number))
  }
  const { bytes, signed } = integers[vr]!
  const bits = bytes * 8
  const integer = integerOf(tag, value)
  const least = signed ? -(2n ** BigInt(bits - 1)) : 0n
  if (integer < least || integer >= least + 2n ** BigInt(bits)) throw malformed(tag)
  cell.writeBigUInt64LE(BigInt.asUintN(64, integer))
  return cell.subarray(0, bytes)
}

function tagCell (tag: number, value: unknown): Uint8Array {
  if (typeof value !== 'string' || !/^[0-9a-f]{8}$/i.test(value)) throw malformed(tag)
  const cell = Buffer.alloc(4)
  cell.writeUInt16LE(parseInt(value.slice(0, 4), 16))
  cell.writeUInt16LE(parseInt(value.slice(4), 16), 2)
  return cell
}

/** PS3.18 F.2.3.1: what JSON has no numbers for. */
const notNumbers: Readonly<Record<string, number>> = { NaN, inf: Infinity, '-inf': -Infinity }

function floatOf (tag: number, value: unknown): number {
  if (typeof value === 'number') return value
  const number = typeof value === 'string' && value.trim() !== '' ? notNumbers[value] ?? Number(value) : undefined
  if (number === undefined || (Number.isNaN(number) && value !== 'NaN')) throw malformed(tag)
  return number
}

function integerOf (tag: number, value: unknown): bigint {
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value)
  if (typeof value === 'string' && /^-?\d{1,20}$/.test(value)) return BigInt(value)
  throw malformed(tag)
}

function malformed (tag: number): AppError {
  return new AppError('dicom-malformed', `${nameOf(tag)} breaks the DICOM JSON Model`, { attribute: nameOf(tag) })
}
