import { AppError } from '../errors.ts'
import { nameOf, tagText, vrOf } from './dictionary.ts'
import type { ByteRange, Element, ElementTable } from './element.ts'
import type { ParseLimits } from './parse-limits.ts'
import { asciiValue } from './ascii-value.ts'
import { ElementReader, itemDelimitationTag, itemTag, sequenceDelimitationTag } from './parser.ts'
import type { ElementHeader } from './parser.ts'
import { privateVr } from './private-dictionary.ts'

/** How a data set is encoded and where it lies. */
export interface DataSetEncoding {
  readonly bytes: Uint8Array
  /** Of the first element. */
  readonly start: number
  readonly explicit: boolean
  readonly littleEndian: boolean
  /** The first tag that no longer belongs to it: File Meta Information ends so. */
  readonly before?: number
  /** Bytes of the whole, where `bytes` are its beginning and the rest may only be part of the last value. */
  readonly size?: number
}

export interface ParsedDataSet {
  readonly table: ElementTable
  /** The first byte after the data set. */
  readonly end: number
  readonly warnings: readonly string[]
}

interface Extent { readonly end: number | undefined, readonly explicit: boolean }
interface OpenDataSet extends Extent { readonly kind: 'data-set', readonly elements: Map<number, Element>, last: number }
interface OpenSequence extends Extent { readonly kind: 'sequence', readonly items: ElementTable[], close: (end: number) => void }
type Open = OpenDataSet | OpenSequence

const pixelDataTag = 0x7fe00010
/** PS3.5 table 6.2-1. */
const valueRepresentations = new Set(('AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OL OV OW PN SH SL SQ SS ST SV TM UC UI UL ' +
  'UN UR US UT UV').split(' '))

/**
 * Walks the elements of a data set without recursion, by PS3.5 7. Lengths are checked against what encloses them, so
 * that a file which ends early is always noticed, except between two elements of its outermost level.
 * @throws AppError `dicom-truncated`, `dicom-malformed`
 */
export function parseDataSet (encoding: DataSetEncoding, limits: ParseLimits): ParsedDataSet {
  return new Walk(encoding, limits).run()
}

class Walk {
  readonly #encoding: DataSetEncoding
  readonly #limits: ParseLimits
  readonly #reader: ElementReader
  /** By kind: the first one is enough, and a hostile file could fill the memory with them. */
  readonly #warnings = new Map<string, string>()
  readonly #root: OpenDataSet
  readonly #stack: Open[]
  /** Where the zeros at the end of the bytes begin. */
  readonly #zerosFrom: number
  /** The nearest enclosing thing of defined length; the outermost data set has one. */
  #container: Open
  #position: number
  #count = 0

  constructor (encoding: DataSetEncoding, limits: ParseLimits) {
    this.#encoding = encoding
    this.#limits = limits
    this.#position = encoding.start
    this.#reader = new ElementReader(encoding.bytes, encoding.littleEndian)
    this.#root = { kind: 'data-set', elements: new Map(), end: encoding.size ?? encoding.bytes.length, explicit: encoding.explicit, last: 0 }
    this.#stack = [this.#root]
    this.#container = this.#root
    this.#zerosFrom = encoding.size ?? endOfContent(encoding.bytes)
  }

  run (): ParsedDataSet {
    for (let top = this.#stack.at(-1); top !== undefined; top = this.#stack.at(-1)) {
      if (this.#position === top.end) this.#close(top)
      else if (top.end !== undefined && this.#position > top.end) throw malformed('A delimiter lies outside its sequence', this.#position)
      else if (this.#atTrailingZeros(top)) this.#position = this.#encoding.bytes.length
      else if (!this.#step(top)) break
    }
    return { table: this.#tableOf(this.#root.elements), end: this.#position, warnings: [...this.#warnings.values()] }
  }

  /** Reads one element or item; false when the first tag beyond the data set is met. */
  #step (top: Open): boolean {
    const start = this.#position
    this.#container = top.end === undefined ? this.#stack.findLast(open => open.end !== undefined) ?? this.#root : top
    const header = this.#reader.read(start, top.kind === 'data-set' && top.explicit)
    if (header.valueOffset > this.#limit()) throw this.#overrun(header.tag, start)
    if (top === this.#root && this.#encoding.before !== undefined && header.tag >= this.#encoding.before) return false
    if (++this.#count > this.#limits.elements) {
      throw new AppError('dicom-malformed', `The data set has more than ${this.#limits.elements} elements`, { elements: this.#limits.elements })
    }
    this.#position = header.valueOffset
    if (top.kind === 'sequence') this.#item(top, header, start)
    else this.#element(top, header, start)
    return true
  }

  #item (sequence: OpenSequence, header: ElementHeader, start: number): void {
    if (header.tag === sequenceDelimitationTag) {
      if (sequence.end === undefined) this.#close(sequence, start)
      else this.#warn('A sequence of defined length holds a sequence delimiter')
      return
    }
    if (header.tag !== itemTag) throw malformed(`${nameOf(header.tag)} stands where an item of a sequence belongs`, start)
    const elements = new Map<number, Element>()
    sequence.items.push(this.#tableOf(elements))
    this.#open({ kind: 'data-set', elements, end: this.#endOf(header, start), explicit: sequence.explicit, last: 0 }, start)
  }

  #element (dataSet: OpenDataSet, header: ElementHeader, start: number): void {
    const { tag, valueOffset } = header
    if (tag === itemDelimitationTag) {
      if (dataSet.end === undefined) this.#close(dataSet)
      else this.#warn('An item of defined length holds an item delimiter')
      return
    }
    if (tag === itemTag || tag === sequenceDelimitationTag) throw malformed('An item delimiter stands where an element belongs', start)
    if (header.vr !== undefined && !valueRepresentations.has(header.vr)) throw malformed(`${nameOf(tag)} has no valid VR`, start)
    if (tag <= dataSet.last) this.#warn('is out of order or repeated', tag)
    dataSet.last = tag
    const vr = this.#valueRepresentation(header, dataSet)
    const end = this.#endOf(header, start)
    if (tag === pixelDataTag && end === undefined) {
      this.#fragments(dataSet, vr)
    } else if (vr === 'SQ' || end === undefined) {
      // PS3.5 6.2.2 note 2: what UN hides is encoded as implicit VR little endian
      if (end === undefined && vr !== 'SQ' && vr !== 'UN') throw malformed(`${nameOf(tag)} of VR ${vr} has an undefined length`, start)
      const explicit = dataSet.explicit && header.vr !== 'UN'
      const items: ElementTable[] = []
      const close = (valueEnd: number) => {
        dataSet.elements.set(tag, { tag, vr: 'SQ', offset: valueOffset, length: valueEnd - valueOffset, items })
      }
      this.#open({ kind: 'sequence', items, end, explicit, close }, start)
    } else {
      if ((end - valueOffset) % 2 === 1) this.#warn('has an odd length', tag)
      dataSet.elements.set(tag, { tag, vr, offset: valueOffset, length: end - valueOffset })
      this.#position = end
    }
  }

  /** PS3.5 A.4: items of defined length up to a sequence delimiter; the first one is the Basic Offset Table. */
  #fragments (dataSet: OpenDataSet, vr: string): void {
    const fragments: ByteRange[] = []
    const offset = this.#position
    for (;;) {
      const start = this.#position
      const header = this.#reader.read(start, false)
      if (header.valueOffset > this.#limit()) throw this.#overrun(pixelDataTag, start)
      this.#position = header.valueOffset
      if (header.tag === sequenceDelimitationTag) {
        dataSet.elements.set(pixelDataTag, { tag: pixelDataTag, vr, offset, length: start - offset, fragments })
        return
      }
      const end = header.tag === itemTag ? this.#endOf(header, start) : undefined
      if (end === undefined) throw malformed('PixelData is not a sequence of fragments', start)
      if (++this.#count > this.#limits.elements) throw malformed('PixelData has too many fragments', start)
      fragments.push({ offset: header.valueOffset, length: end - header.valueOffset })
      this.#position = end
    }
  }

  #open (open: Open, start: number): void {
    if (this.#stack.length > 2 * this.#limits.depth) {
      throw new AppError('dicom-malformed', `Sequences are nested deeper than ${this.#limits.depth}`, { depth: this.#limits.depth, offset: start })
    }
    this.#stack.push(open)
  }

  #close (open: Open, end = this.#position): void {
    this.#stack.pop()
    if (open.kind === 'sequence') open.close(end)
  }

  /** Where the value ends by its length; `undefined` for an undefined length. */
  #endOf (header: ElementHeader, start: number): number | undefined {
    if (header.length === undefined) return undefined
    const end = header.valueOffset + header.length
    if (end > this.#limit()) throw this.#overrun(header.tag, start)
    return end
  }

  #limit (): number {
    return this.#container.end ?? this.#encoding.bytes.length
  }

  #overrun (tag: number, offset: number): AppError {
    return this.#container === this.#root
      ? new AppError('dicom-truncated', `The file ends inside ${nameOf(tag)}`, { tag: tagText(tag), offset })
      : malformed(`${nameOf(tag)} is longer than what encloses it`, offset)
  }

  /** Some archives fill files up with zeros; no element has tag (0000,0000) after the first one. */
  #atTrailingZeros (top: Open): boolean {
    if (top !== this.#root || this.#root.last === 0 || this.#position < this.#zerosFrom) return false
    if (!this.#encoding.littleEndian) return false
    this.#warn('Zero bytes follow the data set')
    return true
  }

  /** UN and implicit elements get the VR that PS3.6, or the private creator, gives them (PS3.5 6.2.2 note 2). */
  #valueRepresentation ({ vr, tag, length }: ElementHeader, dataSet: OpenDataSet): string {
    if (vr !== undefined && vr !== 'UN') return vr
    if (length === undefined && tag !== pixelDataTag) return 'SQ'
    return vrOf(tag) ?? privateVr(tag, creator => asciiValue(this.#tableOf(dataSet.elements), creator)) ?? 'UN'
  }

  #tableOf (elements: ReadonlyMap<number, Element>): ElementTable {
    return { elements, bytes: this.#encoding.bytes, littleEndian: this.#encoding.littleEndian }
  }

  #warn (text: string, tag?: number): void {
    if (!this.#warnings.has(text)) this.#warnings.set(text, tag === undefined ? text : `${nameOf(tag)} ${text}`)
  }
}

function malformed (message: string, offset: number): AppError {
  return new AppError('dicom-malformed', message, { offset })
}

const zeros = new Uint8Array(65_536)

/** Where the zeros at the end begin; by blocks, as there may be hundreds of megabytes of them. */
function endOfContent (bytes: Uint8Array): number {
  let end = bytes.length
  while (end >= zeros.length && Buffer.compare(bytes.subarray(end - zeros.length, end), zeros) === 0) end -= zeros.length
  while (end > 0 && bytes[end - 1] === 0) end--
  return end
}
