import { AppError } from '../errors.ts'
import type { Attributes } from './attributes.ts'
import { DataSet } from './data-set.ts'
import { tagText } from './dictionary.ts'
import type { Element } from './element.ts'
import { personName } from './person-name.ts'

/** One attribute of the DICOM JSON Model (PS3.18 F.2.2). */
export interface DicomJsonAttribute {
  vr: string
  Value?: readonly DicomJsonValue[]
  InlineBinary?: string
  BulkDataURI?: string
}
export type DicomJsonValue = null | string | number | DicomJsonName | DicomJsonObject
export interface DicomJsonName { Alphabetic?: string, Ideographic?: string, Phonetic?: string }
/** Eight upper-case hexadecimal digits → attribute. */
export interface DicomJsonObject { [tag: string]: DicomJsonAttribute }

export interface DicomJsonOptions {
  /**
   * Where binary values longer than `inlineBytes` are to be had; `undefined` leaves the value out.
   * @param path tag and, inside sequences, item index and tag: `7FE00010`, `54000100/0/54001010`
   */
  readonly bulkDataUri?: (path: string) => string | undefined
  /** Up to this length binary values are given inline (default 1,024). */
  readonly inlineBytes?: number
}

const pixelDataTags = new Set([0x7fe00008, 0x7fe00009, 0x7fe00010])
const binary = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'UN'])
const numeric = new Set(['DS', 'FD', 'FL', 'IS', 'SL', 'SS', 'SV', 'UL', 'US', 'UV'])
const specificCharacterSetTag = 0x00080005

/**
 * The DICOM JSON Model of a data set (PS3.18 F): numbers where the standard has numbers, all text in UTF-8, tags
 * ascending, group lengths left out. Pixel data is never inline. For the attributes of an instance that was read from
 * bytes or from a file.
 */
export function toDicomJson (attributes: Attributes, options: DicomJsonOptions = {}): DicomJsonObject {
  if (attributes instanceof DataSet) return objectOf(attributes, options, '')
  throw new AppError('internal', 'Only parsed data sets have a DICOM JSON Model')
}

function objectOf (dataSet: DataSet, options: DicomJsonOptions, path: string): DicomJsonObject {
  const tags = [...dataSet.tags].filter(tag => (tag & 0xffff) !== 0).sort((a, b) => a - b)
  return Object.fromEntries(tags.flatMap(tag => {
    const element = dataSet.element(tag)
    const key = tagText(tag).toUpperCase()
    return element === undefined ? [] : [[key, attributeOf(dataSet, element, options, path + key)]]
  }))
}

function attributeOf (dataSet: DataSet, element: Element, options: DicomJsonOptions, path: string): DicomJsonAttribute {
  const vr = dataSet.vr(element)
  if (element.items !== undefined) {
    const items = dataSet.items(tagText(element.tag)).map((item, i) => objectOf(item, options, `${path}/${i}/`))
    return items.length === 0 ? { vr } : { vr, Value: items }
  }
  if (element.length === 0) return { vr }
  if (binary.has(vr) || pixelDataTags.has(element.tag)) return binaryOf(dataSet, element, vr, options, path)
  const values = element.tag === specificCharacterSetTag ? ['ISO_IR 192'] : valuesOf(dataSet, element, vr)
  return values.length === 0 ? { vr } : { vr, Value: values }
}

function binaryOf (dataSet: DataSet, element: Element, vr: string, options: DicomJsonOptions, path: string): DicomJsonAttribute {
  const isPixels = pixelDataTags.has(element.tag)
  if (!isPixels && element.length <= (options.inlineBytes ?? 1024)) return { vr, InlineBinary: base64(dataSet, element, vr) }
  const uri = options.bulkDataUri?.(path)
  return uri === undefined ? { vr } : { vr, BulkDataURI: uri }
}

/** PS3.18 F.2.7: words in little endian, whatever the file had. */
function base64 (dataSet: DataSet, element: Element, vr: string): string {
  const bytes = Buffer.from(dataSet.bytes(tagText(element.tag)) ?? [])
  const size = { OW: 2, OL: 4, OF: 4, OD: 8, OV: 8 }[vr]
  if (!dataSet.table.littleEndian && size !== undefined && bytes.length % size === 0) {
    if (size === 2) bytes.swap16()
    else if (size === 4) bytes.swap32()
    else bytes.swap64()
  }
  return bytes.toString('base64')
}

/** Values by PS3.18 table F.2.3-1; an empty value among others is null. */
function valuesOf (dataSet: DataSet, element: Element, vr: string): readonly DicomJsonValue[] {
  if (vr === 'AT') return tagsOf(dataSet, element)
  if (!numeric.has(vr)) {
    return dataSet.texts(element.tag).map(text => text === '' ? null : vr === 'PN' ? nameOfText(text) : text)
  }
  // a decimal that breaks its VR stays as it is: PS3.18 F.2.3.1 allows text for DS and IS
  const texts = vr === 'DS' || vr === 'IS' ? dataSet.texts(element.tag) : []
  return dataSet.rawNumbers(element).map((number, i) => {
    if (Number.isFinite(number)) return number
    const text = texts[i] ?? notFinite(number)
    return text === '' ? null : text
  })
}

/** PS3.18 F.2.3.1: JSON has no such numbers. */
function notFinite (number: number): string {
  return Number.isNaN(number) ? 'NaN' : number > 0 ? 'inf' : '-inf'
}

function nameOfText (text: string): DicomJsonName {
  const { alphabetic, ideographic, phonetic } = personName(text)
  return {
    ...(alphabetic === '' ? {} : { Alphabetic: alphabetic }),
    ...(ideographic === '' ? {} : { Ideographic: ideographic }),
    ...(phonetic === '' ? {} : { Phonetic: phonetic }),
  }
}

function tagsOf (dataSet: DataSet, element: Element): readonly string[] {
  const bytes = dataSet.bytes(tagText(element.tag)) ?? new Uint8Array()
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const le = dataSet.table.littleEndian
  return Array.from({ length: Math.floor(bytes.length / 4) }, (_, i) =>
    tagText(view.getUint16(i * 4, le) * 0x10000 + view.getUint16(i * 4 + 2, le)).toUpperCase())
}
