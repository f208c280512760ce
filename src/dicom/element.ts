/** One data element as it lies in the encoded bytes; nothing of its value is read yet. */
export interface Element {
  /** group × 65536 + element */
  readonly tag: number
  /** As encoded, or by PS3.6 where the encoding has none; 'UN' when unknown. */
  readonly vr: string
  /** Of the value, in the bytes of the table. */
  readonly offset: number
  /** Of the value in bytes; for encapsulated pixel data of everything up to the sequence delimiter. */
  readonly length: number
  /** SQ: one table an item. */
  readonly items?: readonly ElementTable[]
  /** Encapsulated pixel data: item 0 is the Basic Offset Table (PS3.5 A.4). */
  readonly fragments?: readonly ByteRange[]
}

/** Where something lies in the bytes. */
export interface ByteRange { readonly offset: number, readonly length: number }

/** The elements of one data set or item, by tag. */
export interface ElementTable {
  readonly elements: ReadonlyMap<number, Element>
  /** The bytes that the offsets refer to: those of the file, or the inflated ones. */
  readonly bytes: Uint8Array
  readonly littleEndian: boolean
}
