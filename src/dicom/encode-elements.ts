import type { ByteWriter } from './byte-writer.ts'

/** An element to be written: values that its VR can hold, text in UTF-8, an item as the elements in it, in ascending order of tags. */
export interface WrittenElement { readonly tag: number, readonly vr: string, readonly values: WrittenValues }
export type WrittenValues =
  readonly string[] | readonly number[] | readonly ArrayBuffer[] | readonly (readonly WrittenElement[])[]

/** How a transfer syntax puts elements: all of them are little endian. */
export interface Encoding { readonly explicitVr: boolean, readonly encapsulated: boolean }

const pixelDataTag = 0x7fe00010
const undefinedLength = 0xffffffff
/** VRs whose length has 32 bits, after two bytes that are reserved (PS3.5 7.1.2). */
const longForm = new Set(['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV'])
const longestHeader = 12

/** Items and what ends them have no VR (PS3.5 7.5). */
const itemTag = 0xfffee000
const itemEndTag = 0xfffee00d
const sequenceEndTag = 0xfffee0dd

/** How each binary number is put at an offset, and how many bytes it has (PS3.5 6.2). */
const numbers: Readonly<Record<string, readonly [size: number, put: (buffer: Buffer, at: number, value: number) => number]>> = {
  US: [2, (buffer, at, value) => buffer.writeUInt16LE(value, at)],
  SS: [2, (buffer, at, value) => buffer.writeInt16LE(value, at)],
  UL: [4, (buffer, at, value) => buffer.writeUInt32LE(value, at)],
  SL: [4, (buffer, at, value) => buffer.writeInt32LE(value, at)],
  FL: [4, (buffer, at, value) => buffer.writeFloatLE(value, at)],
  FD: [8, (buffer, at, value) => buffer.writeDoubleLE(value, at)],
  AT: [4, putTag],
}

/** Writes the elements of a data set (PS3.5 7). Sequences and items are without lengths: they end where their delimiter stands (7.5.1). */
export function encodeElements (elements: readonly WrittenElement[], encoding: Encoding, to: ByteWriter): void {
  for (const element of elements) {
    const { tag, vr, values } = element
    if (vr === 'SQ') {
      putHeader(to, tag, vr, undefinedLength, encoding)
      for (const inside of values as readonly (readonly WrittenElement[])[]) {
        putItem(to, itemTag, undefinedLength)
        encodeElements(inside, encoding, to)
        putItem(to, itemEndTag, 0)
      }
      putItem(to, sequenceEndTag, 0)
    } else if (tag === pixelDataTag && encoding.encapsulated) {
      putHeader(to, tag, vr, undefinedLength, encoding)
      putFragments(to, values as readonly ArrayBuffer[])
      putItem(to, sequenceEndTag, 0)
    } else if (vr.startsWith('O')) {
      const pieces = values as readonly ArrayBuffer[]
      putHeader(to, tag, vr, even(lengthOf(pieces)), encoding)
      putBytes(to, pieces)
    } else if (numbers[vr] !== undefined) {
      const [size, put] = numbers[vr]
      putHeader(to, tag, vr, values.length * size, encoding)
      for (const value of values as readonly number[]) to.put(size, (buffer, at) => put(buffer, at, value))
    } else {
      putText(to, element, encoding)
    }
  }
}

function putText (to: ByteWriter, { tag, vr, values }: WrittenElement, encoding: Encoding): void {
  const text = values.length === 1 ? values[0] as string : (values as readonly string[]).join('\\')
  // three bytes for a code unit at most
  to.put(longestHeader + text.length * 3 + 1, (buffer, at) => {
    const start = at + headerLength(vr, encoding)
    let end = start + buffer.write(text, start)
    // PS3.5 6.2: a UID is padded with a null, all other text with a blank
    if ((end - start) % 2 === 1) end = buffer.writeUInt8(vr === 'UI' ? 0 : 0x20, end)
    writeHeader(buffer, at, tag, vr, end - start, encoding)
    return end
  })
}

/** PS3.5 A.4: the basic offset table, then each frame as one fragment, which RLE demands and every other syntax allows. */
function putFragments (to: ByteWriter, frames: readonly ArrayBuffer[]): void {
  putItem(to, itemTag, 4 * frames.length)
  let offset = 0
  for (const frame of frames) {
    const here = offset
    to.put(4, (buffer, at) => buffer.writeUInt32LE(here, at))
    offset += 8 + even(frame.byteLength)
  }
  for (const frame of frames) {
    putItem(to, itemTag, even(frame.byteLength))
    putBytes(to, [frame])
  }
}

/** To an even length (PS3.5 7.1.1). */
function putBytes (to: ByteWriter, pieces: readonly ArrayBuffer[]): void {
  for (const piece of pieces) to.append(new Uint8Array(piece))
  if (lengthOf(pieces) % 2 === 1) to.put(1, (buffer, at) => buffer.writeUInt8(0, at))
}

function putHeader (to: ByteWriter, tag: number, vr: string, length: number, encoding: Encoding): void {
  to.put(longestHeader, (buffer, at) => writeHeader(buffer, at, tag, vr, length, encoding))
}

function putItem (to: ByteWriter, tag: number, length: number): void {
  to.put(8, (buffer, at) => buffer.writeUInt32LE(length, putTag(buffer, at, tag)))
}

function headerLength (vr: string, { explicitVr }: Encoding): number {
  return explicitVr && longForm.has(vr) ? longestHeader : 8
}

function writeHeader (buffer: Buffer, at: number, tag: number, vr: string, length: number, encoding: Encoding): number {
  const next = putTag(buffer, at, tag)
  if (!encoding.explicitVr) return buffer.writeUInt32LE(length, next)
  buffer[next] = vr.charCodeAt(0)
  buffer[next + 1] = vr.charCodeAt(1)
  if (headerLength(vr, encoding) === 8) return buffer.writeUInt16LE(length, next + 2)
  return buffer.writeUInt32LE(length, buffer.writeUInt16LE(0, next + 2))
}

function putTag (buffer: Buffer, at: number, tag: number): number {
  return buffer.writeUInt16LE(tag & 0xffff, buffer.writeUInt16LE(tag >>> 16, at))
}

function lengthOf (pieces: readonly ArrayBuffer[]): number {
  return pieces.reduce((sum, { byteLength }) => sum + byteLength, 0)
}

function even (length: number): number {
  return length + length % 2
}
