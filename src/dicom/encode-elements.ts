/** An element to be written: values that its VR can hold, text in UTF-8, an item as the elements in it, in ascending order of tags. */
export interface WrittenElement { readonly tag: number, readonly vr: string, readonly values: WrittenValues }
export type WrittenValues =
  readonly string[] | readonly number[] | readonly ArrayBuffer[] | readonly (readonly WrittenElement[])[]

/** How a transfer syntax puts elements: all of them are little endian. */
export interface Encoding { readonly explicitVr: boolean, readonly encapsulated: boolean }

const pixelDataTag = 0x7fe00010
const undefinedLength = 0xffffffff
/** VRs whose length has 32 bits, after two that are reserved (PS3.5 7.1.2). */
const longForm = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV'])

const item = 0xfffee000
const itemEnd = delimiter(0xfffee00d, 0)
const sequenceEnd = delimiter(0xfffee0dd, 0)
/** Sequences and items have no lengths: they end where their delimiter stands (PS3.5 7.5.1). */
const openItem = delimiter(item, undefinedLength)

/** How each binary number is put at an offset, and how many bytes it has (PS3.5 6.2). */
const numbers: Readonly<Record<string, readonly [size: number, put: (view: DataView, at: number, value: number) => void]>> = {
  US: [2, (view, at, value) => view.setUint16(at, value, true)],
  SS: [2, (view, at, value) => view.setInt16(at, value, true)],
  UL: [4, (view, at, value) => view.setUint32(at, value, true)],
  SL: [4, (view, at, value) => view.setInt32(at, value, true)],
  FL: [4, (view, at, value) => view.setFloat32(at, value, true)],
  FD: [8, (view, at, value) => view.setFloat64(at, value, true)],
  AT: [4, putTag],
}

/** The encoding of a data set (PS3.5 7), in pieces to be joined: large values are not copied here. */
export function encodeElements (elements: readonly WrittenElement[], encoding: Encoding): Uint8Array[] {
  return elements.flatMap(element => {
    const { tag, vr } = element
    if (vr === 'SQ') {
      const items = (element.values as readonly (readonly WrittenElement[])[])
        .flatMap(inside => [openItem, ...encodeElements(inside, encoding), itemEnd])
      return [header(tag, vr, undefinedLength, encoding), ...items, sequenceEnd]
    }
    if (tag === pixelDataTag && encoding.encapsulated) {
      return [header(tag, vr, undefinedLength, encoding), ...fragments(element.values as readonly ArrayBuffer[]), sequenceEnd]
    }
    const value = valuePieces(element)
    return [header(tag, vr, lengthOf(value), encoding), ...value]
  })
}

/** One piece of memory that holds nothing else. */
export function joined (pieces: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(lengthOf(pieces))
  let at = 0
  for (const piece of pieces) {
    bytes.set(piece, at)
    at += piece.length
  }
  return bytes
}

export function lengthOf (pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0)
}

function header (tag: number, vr: string, length: number, { explicitVr }: Encoding): Uint8Array {
  const long = explicitVr && longForm.has(vr)
  const view = new DataView(new ArrayBuffer(long ? 12 : 8))
  putTag(view, 0, tag)
  if (explicitVr) {
    view.setUint8(4, vr.charCodeAt(0))
    view.setUint8(5, vr.charCodeAt(1))
  }
  if (explicitVr && !long) view.setUint16(6, length, true)
  else view.setUint32(long ? 8 : 4, length, true)
  return new Uint8Array(view.buffer)
}

function valuePieces ({ vr, values }: WrittenElement): Uint8Array[] {
  if (values.length === 0) return []
  if (vr.startsWith('O')) return padded((values as readonly ArrayBuffer[]).map(value => new Uint8Array(value)))
  const number = numbers[vr]
  if (number === undefined) {
    const text = Buffer.from((values as readonly string[]).join('\\'))
    // PS3.5 6.2: a UID is padded with a null, all other text with a blank
    return text.length % 2 === 0 ? [text] : [text, vr === 'UI' ? Uint8Array.of(0) : Uint8Array.of(0x20)]
  }
  const [size, put] = number
  const view = new DataView(new ArrayBuffer(values.length * size))
  for (const [i, value] of (values as readonly number[]).entries()) put(view, i * size, value)
  return [new Uint8Array(view.buffer)]
}

/** PS3.5 A.4: the basic offset table, then each frame as one fragment, which RLE demands and every other syntax allows. */
function fragments (frames: readonly ArrayBuffer[]): Uint8Array[] {
  const items = frames.map(frame => {
    const value = padded([new Uint8Array(frame)])
    return [delimiter(item, lengthOf(value)), ...value]
  })
  const offsets = new DataView(new ArrayBuffer(4 * frames.length))
  let offset = 0
  for (const [i, pieces] of items.entries()) {
    offsets.setUint32(4 * i, offset, true)
    offset += lengthOf(pieces)
  }
  return [delimiter(item, offsets.byteLength), new Uint8Array(offsets.buffer), ...items.flat()]
}

/** To an even length (PS3.5 7.1.1). */
function padded (pieces: readonly Uint8Array[]): Uint8Array[] {
  return lengthOf(pieces) % 2 === 0 ? [...pieces] : [...pieces, Uint8Array.of(0)]
}

/** A tag of items with its length: these have no VR (PS3.5 7.5). */
function delimiter (tag: number, length: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(8))
  putTag(view, 0, tag)
  view.setUint32(4, length, true)
  return new Uint8Array(view.buffer)
}

function putTag (view: DataView, at: number, tag: number): void {
  view.setUint16(at, tag >>> 16, true)
  view.setUint16(at + 2, tag & 0xffff, true)
}
