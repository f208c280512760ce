import { encodeAround, encodeEncapsulated, fragmentHeader } from './explicit-encoding.ts'
import type { WrittenElement } from './written-element.ts'

interface Encoding { readonly explicitVr: boolean, readonly encapsulated: boolean }

/**
 * PixelData or FloatPixelData in little endian, in pieces: what was drawn is not copied here. dcmjs copies each value several times,
 * which for a heatmap of 1 MB costs as much as to draw it.
 */
export function encodeBulk ({ tag, vr, values }: WrittenElement, { explicitVr, encapsulated }: Encoding): Uint8Array[] {
  const pieces = (values as readonly ArrayBuffer[]).map(value => new Uint8Array(value))
  if (encapsulated) return [...encodeEncapsulated(fragments(pieces))]
  const { before, after } = encodeAround(tag, vr, lengthOf(pieces))
  return [explicitVr ? before : implicitHeader(tag, lengthOf(pieces) + after.length), ...pieces, after]
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
  const table = Buffer.alloc(4 * frames.length)
  const items: Uint8Array[] = []
  let offset = 0
  for (const [i, frame] of frames.entries()) {
    const padding = frame.length % 2
    table.writeUInt32LE(offset, 4 * i)
    offset += 8 + frame.length + padding
    items.push(fragmentHeader(frame.length + padding), frame, new Uint8Array(padding))
  }
  return [fragmentHeader(table.length), table, ...items]
}

/** Without a VR (PS3.5 7.1.3). */
function implicitHeader (tag: number, length: number): Uint8Array {
  const bytes = Buffer.alloc(8)
  bytes.writeUInt16LE(tag >>> 16, 0)
  bytes.writeUInt16LE(tag & 0xffff, 2)
  bytes.writeUInt32LE(length, 4)
  return bytes
}

function lengthOf (pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0)
}
