import type { SampleArray } from './stored-pixels.ts'

/** Where the value sits in each allocated cell (PS3.5 8.1.1). */
export interface SampleLayout {
  readonly bitsAllocated: 8 | 16 | 32
  readonly bitsStored: number
  readonly highBit: number
  readonly signed: boolean
  readonly bigEndian: boolean
}

/**
 * Cells → stored values: byte order, then the bits between HighBit and HighBit − BitsStored + 1, then the sign. Bits outside
 * (old overlays, padding) are dropped.
 */
export function unpackSamples (bytes: Uint8Array, layout: SampleLayout): SampleArray {
  const cells = unsignedCells(bytes, layout.bitsAllocated, layout.bigEndian)
  const { bitsAllocated, bitsStored, highBit, signed } = layout
  const right = highBit + 1 - bitsStored
  if (right !== 0 || bitsStored !== bitsAllocated) {
    const left = 31 - highBit
    const drop = 32 - bitsStored
    // shifting left, then right, drops the bits above HighBit and extends the sign in one go
    if (signed) for (let i = 0; i < cells.length; i++) cells[i] = (cells[i]! << left) >> drop
    else for (let i = 0; i < cells.length; i++) cells[i] = (cells[i]! << left) >>> drop
  }
  return signed ? asSigned(cells) : cells
}

function unsignedCells (bytes: Uint8Array, bits: 8 | 16 | 32, bigEndian: boolean): Uint8Array | Uint16Array | Uint32Array {
  // a copy of its own: the frame may be an unaligned view of a whole file (and slice() of a Buffer is but a view)
  const copy = new Uint8Array(bytes)
  if (bits === 8) return copy
  if (bigEndian) {
    const buffer = Buffer.from(copy.buffer, copy.byteOffset, copy.byteLength)
    if (bits === 16) buffer.swap16()
    else buffer.swap32()
  }
  return bits === 16
    ? new Uint16Array(copy.buffer, copy.byteOffset, copy.byteLength >> 1)
    : new Uint32Array(copy.buffer, copy.byteOffset, copy.byteLength >> 2)
}

function asSigned (cells: Uint8Array | Uint16Array | Uint32Array): SampleArray {
  if (cells instanceof Uint8Array) return new Int8Array(cells.buffer, cells.byteOffset, cells.length)
  if (cells instanceof Uint16Array) return new Int16Array(cells.buffer, cells.byteOffset, cells.length)
  return new Int32Array(cells.buffer, cells.byteOffset, cells.length)
}
