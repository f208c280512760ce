import type { ElementTable } from './element.ts'

/** The values of an element of ASCII text, padding removed: UI, CS, private creators. Empty when absent or a sequence. */
export function asciiValues (table: ElementTable, tag: number): readonly string[] {
  const element = table.elements.get(tag)
  if (element === undefined || element.items !== undefined) return []
  const text = Buffer.from(table.bytes.buffer, table.bytes.byteOffset + element.offset, element.length).toString('latin1')
  return text.replace(/[\0 ]+$/, '').split('\\').map(value => value.trim())
}

/** The first of `asciiValues`; `undefined` when absent or empty. */
export function asciiValue (table: ElementTable, tag: number): string | undefined {
  const [first] = asciiValues(table, tag)
  return first === '' ? undefined : first
}
