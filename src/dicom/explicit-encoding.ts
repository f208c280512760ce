import { DataSet } from './data-set.ts'
import type { Element } from './element.ts'

/** VRs with two reserved bytes and a 32-bit length (PS3.5 7.1.2). */
const longVrs = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV'])
/** Bytes that change places between big and little endian (PS3.5 7.3). */
const cellBytes: Readonly<Record<string, number>> = {
  US: 2, SS: 2, OW: 2, AT: 2, UL: 4, SL: 4, FL: 4, OF: 4, OL: 4, FD: 8, OD: 8, SV: 8, UV: 8, OV: 8,
}

const endOfItem = delimiter(0xfffee00d)
const endOfSequence = delimiter(0xfffee0dd)

/**
 * Encodes a data set as Explicit VR Little Endian (PS3.5 A.2), element by element as it is: values, padding and order
 * stay, byte order and VRs change where they must. Sequences get undefined lengths; group lengths (retired) are left out.
 * @param replace values written instead of those of the data set, by tag; encoded elements as `encodeElement` gives them
 */
export function * encodeExplicitLittleEndian (
  dataSet: DataSet, replace: ReadonlyMap<number, Uint8Array> = new Map(),
): Generator<Uint8Array> {
  const tags = [...new Set([...dataSet.tags, ...replace.keys()])].sort((a, b) => a - b)
  for (const tag of tags) {
    const replacement = replace.get(tag)
    const element = dataSet.element(tag)
    if (replacement !== undefined) yield replacement
    else if (element !== undefined && (tag & 0xffff) !== 0) yield * encodeAsIs(dataSet, element)
  }
}

function * encodeAsIs (dataSet: DataSet, element: Element): Generator<Uint8Array> {
  if (element.items !== undefined) {
    yield * encodeSequence(element.tag, encodedItems(dataSet, element))
    return
  }
  yield * encodeElement(element.tag, dataSet.vr(element), littleEndianValue(dataSet, element))
}

/** The items of a sequence, each encoded. */
export function encodedItems (dataSet: DataSet, element: Element): Iterable<Uint8Array>[] {
  return (element.items ?? []).map(item => encodeExplicitLittleEndian(new DataSet(item, dataSet)))
}

/** A sequence of undefined length, with items of undefined length (PS3.5 7.5). */
export function * encodeSequence<T = Uint8Array> (
  tag: number, items: Iterable<Iterable<T | Uint8Array>>,
): Generator<T | Uint8Array> {
  yield header(tag, 'SQ', 0xffffffff)
  for (const item of items) {
    yield itemStart
    yield * item
    yield endOfItem
  }
  yield endOfSequence
}

/** Encapsulated pixel data around its items, Basic Offset Table first (PS3.5 A.4). */
export function * encodeEncapsulated<T = Uint8Array> (items: Iterable<T>): Generator<T | Uint8Array> {
  yield header(0x7fe00010, 'OB', 0xffffffff)
  yield * items
  yield endOfSequence
}

/** What stands before a fragment, or before the Basic Offset Table, of so many bytes. */
export function fragmentHeader (length: number): Uint8Array {
  const bytes = delimiter(0xfffee000)
  bytes.writeUInt32LE(length, 4)
  return bytes
}

/** What stands before and after the value of an element whose value is written by the caller. */
export function encodeAround (tag: number, vr: string, length: number): { before: Uint8Array, after: Uint8Array } {
  const padding = length % 2
  const fitting = length + padding > 0xfffe && !longVrs.has(vr) ? 'UN' : vr
  return { before: header(tag, fitting, length + padding), after: paddingOf(vr, padding) }
}

/** The value bytes of an element, in little endian whatever the data set has. */
export function littleEndianValue (dataSet: DataSet, element: Element): Uint8Array {
  const { bytes, littleEndian } = dataSet.table
  const value = bytes.subarray(element.offset, element.offset + element.length)
  return littleEndian ? value : swapped(value, cellBytes[dataSet.vr(element)] ?? 1)
}

const itemStart = (() => {
  const bytes = delimiter(0xfffee000)
  bytes.writeUInt32LE(0xffffffff, 4)
  return bytes
})()

/** One element in explicit little endian, padded to even length; too long for its VR it becomes UN (PS3.5 6.2.2). */
export function * encodeElement (tag: number, vr: string, value: Uint8Array): Generator<Uint8Array> {
  const { before, after } = encodeAround(tag, vr, value.length)
  yield before
  yield value
  if (after.length > 0) yield after
}

/** PS3.5 6.2: NUL after UIDs and bytes, a blank after text. */
function paddingOf (vr: string, bytes: number): Uint8Array {
  return Buffer.alloc(bytes, vr === 'UI' || vr === 'OB' || vr === 'OW' || vr === 'UN' ? 0 : 0x20)
}

function header (tag: number, vr: string, length: number): Buffer {
  const long = longVrs.has(vr)
  const bytes = Buffer.alloc(long ? 12 : 8)
  bytes.writeUInt16LE(tag >>> 16, 0)
  bytes.writeUInt16LE(tag & 0xffff, 2)
  bytes.write(vr, 4, 'latin1')
  if (long) bytes.writeUInt32LE(length, 8)
  else bytes.writeUInt16LE(length, 6)
  return bytes
}

function delimiter (tag: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeUInt16LE(tag >>> 16, 0)
  bytes.writeUInt16LE(tag & 0xffff, 2)
  return bytes
}

function swapped (value: Uint8Array, cell: number): Uint8Array {
  if (cell === 1 || value.length % cell !== 0) return value
  const copy = Buffer.from(value)
  return cell === 2 ? copy.swap16() : cell === 4 ? copy.swap32() : copy.swap64()
}
