import type { Attributes, PersonName } from './attributes.ts'
import { asciiValue, asciiValues } from './ascii-value.ts'
import { characterSet } from './character-set.ts'
import type { CharacterSet } from './character-set.ts'
import { isSignDependent, tagOf } from './dictionary.ts'
import type { Element, ElementTable } from './element.ts'
import { readNumbers } from './numeric-value.ts'
import { parseDecimal } from './parse-decimal.ts'
import { personName } from './person-name.ts'
import { privateVr } from './private-dictionary.ts'

const specificCharacterSetTag = 0x00080005
const pixelRepresentationTag = 0x00280103

/** VRs whose text is in SpecificCharacterSet (PS3.5 6.1.2.3); all other text is ASCII. */
const localized = new Set(['LO', 'LT', 'PN', 'SH', 'ST', 'UC', 'UT'])
/** VRs whose text is one value: a backslash is a character, leading blanks are not padding (PS3.5 6.2). */
const singleText = new Set(['LT', 'ST', 'UT', 'UR'])
const binaryNumbers = new Set(['US', 'SS', 'UL', 'SL', 'FL', 'FD', 'UV', 'SV', 'OW', 'OF', 'OD', 'OL', 'OV'])

/** What an item takes over from the data set around it. */
interface Inherited { readonly characterSet: CharacterSet, readonly signed: boolean }

/** A parsed data set or item. Values are decoded when asked for. */
export class DataSet implements Attributes {
  readonly table: ElementTable
  readonly characterSet: CharacterSet
  /** PixelRepresentation 1, here or in the data set around: "US or SS" is SS (PS3.5 A.1). */
  readonly signed: boolean
  readonly #items = new Map<number, readonly DataSet[]>()

  constructor (table: ElementTable, inherited?: Inherited) {
    this.table = table
    const terms = table.elements.has(specificCharacterSetTag) ? asciiValues(table, specificCharacterSetTag) : undefined
    this.characterSet = terms === undefined ? inherited?.characterSet ?? characterSet([]) : characterSet(terms)
    const representation = this.#element(pixelRepresentationTag)
    this.signed = representation === undefined ? inherited?.signed ?? false : readNumbers(this.#bytes(representation), 'US', table.littleEndian)[0] === 1
  }

  /** All tags in the order of the encoding. */
  get tags (): readonly number[] {
    return [...this.table.elements.keys()]
  }

  has (name: string): boolean {
    return this.#named(name) !== undefined
  }

  string (name: string): string | undefined {
    const value = this.strings(name)[0]
    return value === '' ? undefined : value
  }

  strings (name: string): readonly string[] {
    const element = this.#named(name)
    if (element === undefined) return []
    const vr = this.vr(element)
    if (vr === 'PN') return this.#texts(element, vr).map(text => personName(text).alphabetic)
    if (binaryNumbers.has(vr)) return this.#binary(element, vr).map(String)
    return this.#texts(element, vr)
  }

  /** The first value of a PN, all groups; `undefined` when absent or empty. */
  personName (name: string): PersonName | undefined {
    const element = this.#named(name)
    const text = element === undefined ? undefined : this.#texts(element, 'PN')[0]
    return text === undefined || text === '' ? undefined : personName(text)
  }

  number (name: string): number | undefined {
    const element = this.#named(name)
    if (element === undefined) return undefined
    const first = this.rawNumbers(element)[0]
    return first !== undefined && Number.isFinite(first) ? first : undefined
  }

  numbers (name: string): readonly number[] {
    const element = this.#named(name)
    if (element === undefined) return []
    const values = this.rawNumbers(element)
    return values.every(value => Number.isFinite(value)) ? values : []
  }

  items (name: string): readonly DataSet[] {
    const element = this.#named(name)
    if (element?.items === undefined) return []
    const known = this.#items.get(element.tag)
    if (known !== undefined) return known
    const items = element.items.map(table => new DataSet(table, this))
    this.#items.set(element.tag, items)
    return items
  }

  bytes (name: string): Uint8Array | undefined {
    const element = this.#named(name)
    return element === undefined || element.items !== undefined ? undefined : this.#bytes(element)
  }

  /** The element behind a keyword or tag, for those who need its VR or place. */
  element (name: string | number): Element | undefined {
    return typeof name === 'number' ? this.#element(name) : this.#named(name)
  }

  /** The VR to read an element by: as encoded, "US or SS" decided, private ones by their creator where known. */
  vr (element: Element): string {
    if (element.vr === 'UN') return privateVr(element.tag, tag => asciiValue(this.table, tag)) ?? 'UN'
    if (element.vr === 'US' && this.signed && isSignDependent(element.tag)) return 'SS'
    return element.vr
  }

  /** The values of a text element, decoded, padding removed; empty when the element is. */
  texts (name: string | number): readonly string[] {
    const element = this.element(name)
    return element === undefined ? [] : this.#texts(element, this.vr(element))
  }

  #named (name: string): Element | undefined {
    const tag = tagOf(name)
    return tag === undefined ? undefined : this.#element(tag)
  }

  #element (tag: number): Element | undefined {
    return this.table.elements.get(tag)
  }

  #bytes (element: Element): Uint8Array {
    return this.table.bytes.subarray(element.offset, element.offset + element.length)
  }

  #texts (element: Element, vr: string): readonly string[] {
    if (element.length === 0 || element.items !== undefined) return []
    const bytes = this.#bytes(element)
    const isSingle = singleText.has(vr)
    const text = localized.has(vr)
      ? this.characterSet.decode(bytes, (isSingle ? '' : '\\') + (vr === 'PN' ? '^=' : ''))
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
    const values = isSingle ? [text] : text.split('\\')
    const trimmed = values.map(value => isSingle ? value.replace(/[\0 ]+$/, '') : value.replace(/^ +|[\0 ]+$/g, ''))
    return trimmed.length === 1 && trimmed[0] === '' ? [] : trimmed
  }

  /** The values of a numeric element; those that break its VR are NaN. */
  rawNumbers (element: Element): readonly number[] {
    const vr = this.vr(element)
    if (binaryNumbers.has(vr)) return this.#binary(element, vr)
    return this.#texts(element, vr).map(parseDecimal)
  }

  #binary (element: Element, vr: string): readonly number[] {
    return readNumbers(this.#bytes(element), vr, this.table.littleEndian)
  }
}
