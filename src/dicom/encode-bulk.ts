import type { WrittenElement } from './written-element.ts'

/** Item, and what ends a sequence of them, as they stand in little endian (PS3.5 7.5). */
const itemTag = Buffer.from([0xfe, 0xff, 0x00, 0xe0])
const sequenceEnd = Buffer.from([0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0])
const undefinedLength = 0xffffffff

interface Encoding { readonly explicitVr: boolean, readonly encapsulated: boolean }

/**
 * PixelData or FloatPixelData in little endian, in pieces: what was drawn is not copied here. dcmjs copies each value several times,
 * which for a heatmap of 1 MB costs as much as to draw it.
 */
export function encodeBulk ({ tag, vr, values }: WrittenElement, { explicitVr, encapsulated }: Encoding): Uint8Array[] {
  const pieces = (values as readonly ArrayBuffer[]).map(value => new Uint8Array(value))
  const header = (length: number): Uint8Array => {
    const name = Buffer.from([tag >>> 16 & 0xff, tag >>> 24, tag & 0xff, tag >>> 8 & 0xff])
    // PS3.5 7.1.2: two bytes behind these VRs are reserved
    return Buffer.concat(explicitVr ? [name, Buffer.from(vr), Buffer.alloc(2), uint32(length)] : [name, uint32(length)])
  }
  if (encapsulated) return [header(undefinedLength), ...fragments(pieces), sequenceEnd]
  return [header(even(lengthOf(pieces))), ...padded(pieces)]
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

/** PS3.5 A.4: the basic offset table, then each frame as one fragment, which RLE demands and every other syntax allows. */
function fragments (frames: readonly Uint8Array[]): Uint8Array[] {
  const offsets: Uint8Array[] = []
  let offset = 0
  for (const frame of frames) {
    offsets.push(uint32(offset))
    offset += 8 + even(frame.length)
  }
  return [
    itemTag, uint32(4 * frames.length), ...offsets,
    ...frames.flatMap(frame => [itemTag, uint32(even(frame.length)), ...padded([frame])]),
  ]
}

function uint32 (value: number): Uint8Array {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

/** To an even length (PS3.5 7.1.1). */
function padded (pieces: readonly Uint8Array[]): Uint8Array[] {
  return lengthOf(pieces) % 2 === 0 ? [...pieces] : [...pieces, Uint8Array.of(0)]
}

function lengthOf (pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0)
}

function even (length: number): number {
  return length + length % 2
}
