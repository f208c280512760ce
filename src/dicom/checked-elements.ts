import { z } from 'zod'
import { AppError } from '../errors.ts'
import type { Dataset, DatasetValue } from './dataset.ts'
import { isSignDependent, multiplicityOf, tagOf, vrOf } from './dictionary.ts'
import { formatDs } from './format-ds.ts'
import { integerSchemas, nameGroupSchema, valueSchemas } from './value-schemas.ts'
import type { WrittenElement, WrittenValues } from './written-element.ts'

/** What the writer has to know of the data set around an element. */
interface Surroundings {
  /** For messages: `ContentSequence[2].`. */
  readonly path: string
  /** PixelRepresentation 1. */
  readonly signed: boolean
  readonly bitsAllocated: number
  readonly encapsulated: boolean
}

interface Place extends Surroundings { readonly keyword: string, readonly tag: number, readonly vr: string }

const pixelDataTag = 0x7fe00010
const lutDataTag = 0x00283006
/** VRs whose length field has 32 bits (PS3.5 7.1.2): dcmjs turns longer values of others into UN. */
const longLength = new Set(['OB', 'OD', 'OF', 'OW', 'SQ', 'UC', 'UR', 'UT', 'UN'])
const nameSchema = z.strictObject({
  Alphabetic: nameGroupSchema,
  Ideographic: nameGroupSchema.optional(),
  Phonetic: nameGroupSchema.optional(),
})
/** Backslash separates no values here (PS3.5 6.2). */
const singleText = new Set(['LT', 'ST', 'UR', 'UT'])

/**
 * The elements of a data set of keywords, in ascending order of tags, every value checked against its VR and multiplicity.
 * @throws AppError `value-not-encodable`, naming the keyword, never the value
 */
export function checkedElements (dataset: Dataset, encapsulated: boolean): WrittenElement[] {
  const bits = dataset['BitsAllocated']
  return elements(dataset, { path: '', signed: false, bitsAllocated: typeof bits === 'number' ? bits : 16, encapsulated })
}

function elements (dataset: Dataset, around: Surroundings): WrittenElement[] {
  const representation = dataset['PixelRepresentation']
  const signed = typeof representation === 'number' ? representation === 1 : around.signed
  return Object.entries(dataset).map(([name, value]): WrittenElement => {
    const tag = tagOf(name)
    const keyword = around.path + name
    if (tag === undefined || (tag >>> 16) % 2 === 1) throw refusal(keyword, 'is not an attribute of PS3.6')
    if (tag >>> 16 < 8) throw refusal(keyword, 'belongs to no data set')
    const { path, bitsAllocated, encapsulated } = around
    const vr = valueRepresentation(tag, value, { path, signed, bitsAllocated, encapsulated })
    return { tag, vr, values: encoded(value, { path, signed, bitsAllocated, encapsulated, keyword, tag, vr }) }
  }).sort((a, b) => a.tag - b.tag)
}

/** Decides "OB or OW" and "US or SS" (PS3.5 A.2, PS3.5 8.1.2). */
function valueRepresentation (tag: number, value: DatasetValue, around: Surroundings): string {
  const listed = vrOf(tag) ?? 'UN'
  if (tag === pixelDataTag) return around.encapsulated || around.bitsAllocated <= 8 ? 'OB' : 'OW'
  if (tag === lutDataTag) return value instanceof ArrayBuffer ? 'OW' : 'US'
  if (!isSignDependent(tag)) return listed
  const numbers = (Array.isArray(value) ? value : [value]).filter(one => typeof one === 'number')
  const least = Math.min(0, ...numbers)
  const most = Math.max(0, ...numbers)
  return least < 0 || (around.signed && most <= 0x7fff) ? 'SS' : 'US'
}

function encoded (value: DatasetValue, place: Place): WrittenValues {
  const values: readonly unknown[] = value === null ? [] : Array.isArray(value) ? value : [value]
  if (values.some(one => one === undefined || one === null)) throw refusal(place.keyword, 'holds an undefined or null value')
  if (values.length === 0) return []
  if (place.vr === 'SQ') return values.map((item, i) => elements(asItem(item, place), { ...place, path: `${place.keyword}[${i}].` }))
  if (place.vr.startsWith('O')) return binary(values, place)
  checkMultiplicity(values.length, place)
  if (place.vr === 'PN') return checkLength(values.map(name => personName(name, place)), place)
  if (place.vr === 'FL' || place.vr === 'FD') return checkLength(values.map(number => finite(number, place)), place)
  if (place.vr in integerSchemas) return checkLength(values.map(number => integer(number, place)), place)
  if (place.vr in valueSchemas) return checkLength(values.map(one => text(one, place)), place)
  throw refusal(place.keyword, `has the VR ${place.vr}, which is not written`)
}

function asItem (item: unknown, place: Place): Dataset {
  if (typeof item === 'object' && item !== null && !Array.isArray(item) && !(item instanceof ArrayBuffer)) return item as Dataset
  throw refusal(place.keyword, 'is a sequence and holds something other than items')
}

/** Of a view exactly the bytes that are meant, not the memory that it lies in. */
function binary (values: readonly unknown[], place: Place): readonly ArrayBuffer[] {
  if (place.vr === 'OL' || place.vr === 'OV') throw refusal(place.keyword, `has the VR ${place.vr}, which is not written`)
  if (place.tag !== pixelDataTag && values.length > 1) throw refusal(place.keyword, 'has more than one value')
  return values.map(value => {
    if (value instanceof ArrayBuffer) return value
    if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength).slice().buffer
    throw refusal(place.keyword, 'is binary and holds something other than bytes')
  })
}

function text (value: unknown, place: Place): string {
  const given = typeof value === 'number' ? numeral(value, place) : value
  if (given === '') return ''
  const schema = valueSchemas[place.vr as keyof typeof valueSchemas]
  return checked(schema, given, place)
}

function numeral (value: number, place: Place): string {
  if (!Number.isFinite(value)) throw refusal(place.keyword, 'is not a finite number')
  if (place.vr === 'DS') return formatDs(value)
  if (place.vr === 'IS' && Number.isInteger(value)) return String(value)
  throw refusal(place.keyword, `is of VR ${place.vr} and holds the wrong kind of number`)
}

function integer (value: unknown, place: Place): number {
  return checked(integerSchemas[place.vr as keyof typeof integerSchemas], value, place)
}

function finite (value: unknown, place: Place): number {
  const number = checked(z.number(), value, place)
  if (place.vr === 'FL' && !Number.isFinite(Math.fround(number))) throw refusal(place.keyword, 'is too large for its VR')
  return number
}

/** The groups of a name, without empty ones at its end (PS3.5 6.2.1.1). */
function personName (value: unknown, place: Place): string {
  const [Alphabetic = '', ...others] = typeof value === 'string' ? value.split('=') : []
  const [Ideographic = '', Phonetic = '', ...more] = others
  if (more.length > 0) throw refusal(place.keyword, 'has more than three groups')
  const given: unknown = typeof value === 'string' ? { Alphabetic, Ideographic, Phonetic } : value
  const name = checked(nameSchema, given, place)
  return [name.Alphabetic, name.Ideographic ?? '', name.Phonetic ?? ''].join('=').replace(/=+$/, '')
}

function checked<T> (schema: z.ZodType<T>, value: unknown, place: Place): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  // only messages of our own reach the user: zod's may come to repeat the value
  const reason = issue?.code === 'custom' || issue?.code === 'invalid_format' ? issue.message : `is not a valid ${place.vr}`
  throw refusal(place.keyword, reason)
}

/** PS3.6's multiplicity: '1', '3', '1-3', '1-n', '2-2n'. */
function checkMultiplicity (count: number, place: Place): void {
  const allowed = multiplicityOf(place.tag) ?? '1-n'
  // what nearly all are
  if (allowed === '1-n' || (allowed === '1' && count === 1)) return
  const [, least, most = least, factor] = /^(\d+)(?:-(\d*)(n?))?$/.exec(allowed) ?? []
  const step = factor === 'n' && most !== '' ? Number(most) : 1
  const upper = factor === 'n' ? Infinity : Number(most)
  if (count >= Number(least) && count <= upper && count % step === 0) return
  throw refusal(place.keyword, `has ${count} values, PS3.6 allows ${allowed}`)
}

function checkLength<T extends string | number> (values: readonly T[], place: Place): readonly T[] {
  if (longLength.has(place.vr)) return values
  const size = { US: 2, SS: 2, UL: 4, SL: 4, AT: 4, FL: 4, FD: 8 }[place.vr]
  const length = size === undefined ? Buffer.byteLength(values.join('\\')) : values.length * size
  if (length > 0xfffe) throw refusal(place.keyword, 'is longer than 65,534 bytes')
  if (values.length > 1 && singleText.has(place.vr)) throw refusal(place.keyword, 'has more than one value')
  return values
}

function refusal (keyword: string, reason: string): AppError {
  return new AppError('value-not-encodable', `${keyword} ${reason}`, { attribute: keyword })
}
