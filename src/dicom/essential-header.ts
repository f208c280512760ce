import { keywordOf } from './dictionary.ts'
import type { Element, ElementTable } from './element.ts'

/** No header that anyone judges by is longer; a hostile one is a hundred times that. */
const defaultBytes = 256 * 1024
/** Group 7FE0 holds pixels. */
const pixelGroup = 0x7fe0
/** Tag and length, at least (PS3.5 7.1). */
const elementHeaderLength = 8

/**
 * A small copy of a header, to be handed to another thread: the elements that PS3.6 names, sequences among them, shortest
 * first, as far as they fit. What is left out are private elements, pixels, and what is long: functional groups of many
 * frames, look-up tables.
 */
export function essentialHeader (table: ElementTable, bytes = defaultBytes): ElementTable {
  const named = [...table.elements.values()].filter(({ tag }) => tag >>> 16 !== pixelGroup && keywordOf(tag) !== undefined)
  const kept: Element[] = []
  let room = bytes
  for (const element of named.sort((a, b) => a.length - b.length)) {
    room -= elementHeaderLength + element.length
    if (room < 0) break
    kept.push(element)
  }
  kept.sort((a, b) => a.tag - b.tag)
  const copy = new Uint8Array(kept.reduce((sum, { length }) => sum + length, 0))
  const { littleEndian } = table
  const moveTable = ({ elements }: ElementTable, by: number): ElementTable =>
    ({ elements: new Map([...elements].map(([tag, element]) => [tag, move(element, by)])), bytes: copy, littleEndian })
  const move = ({ tag, vr, offset, length, items }: Element, by: number): Element =>
    ({ tag, vr, offset: offset + by, length, ...(items === undefined ? {} : { items: items.map(item => moveTable(item, by)) }) })
  const elements = new Map<number, Element>()
  let at = 0
  for (const element of kept) {
    copy.set(table.bytes.subarray(element.offset, element.offset + element.length), at)
    elements.set(element.tag, move(element, at - element.offset))
    at += element.length
  }
  return { elements, bytes: copy, littleEndian }
}
