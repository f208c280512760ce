import type { ByteRange, Element, ElementTable } from './element.ts'

const pixelDataTag = 0x7fe00010

/**
 * A copy of a table whose bytes are the header alone, so that the file's buffer can go. PixelData stays listed with its
 * length; its bytes are not there.
 */
export function compactHeader (table: ElementTable): ElementTable {
  const pixels = table.elements.get(pixelDataTag)
  const header = [...table.elements.values()].filter(element => element !== pixels)
  const from = header.reduce((least, { offset }) => Math.min(least, offset), table.bytes.length)
  const to = header.reduce((most, { offset, length }) => Math.max(most, offset + length), from)
  const gap: ByteRange = pixels !== undefined && pixels.offset >= from && pixels.offset < to
    ? { offset: pixels.offset, length: pixels.length }
    : { offset: to, length: 0 }
  const gapEnd = gap.offset + gap.length
  const bytes = new Uint8Array(to - from - gap.length)
  bytes.set(table.bytes.subarray(from, gap.offset))
  bytes.set(table.bytes.subarray(gapEnd, to), gap.offset - from)
  const move = (offset: number) => offset - from - (offset >= gapEnd ? gap.length : 0)

  const moveTable = ({ elements, littleEndian }: ElementTable): ElementTable =>
    ({ elements: new Map([...elements].map(([tag, element]) => [tag, moveElement(element)])), bytes, littleEndian })
  const moveRange = ({ offset, length }: ByteRange): ByteRange => ({ offset: move(offset), length })
  const moveElement = (element: Element): Element => {
    if (element === pixels) return { tag: element.tag, vr: element.vr, offset: bytes.length, length: element.length }
    const moved = { tag: element.tag, vr: element.vr, offset: move(element.offset), length: element.length }
    return {
      ...moved,
      ...(element.items === undefined ? {} : { items: element.items.map(moveTable) }),
      ...(element.fragments === undefined ? {} : { fragments: element.fragments.map(moveRange) }),
    }
  }
  return moveTable(table)
}
