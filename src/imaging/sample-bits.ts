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
 * (old overlays, padding) are dropped. Where the cells are the values already, as in most files, the result is a view of them.
 */
export function unpackSamples (bytes: Uint8Array, layout: SampleLayout): SampleArray {
  const { bitsAllocated } = layout
  const swapped = layout.bigEndian && bitsAllocated > 8
  if (!swapped && bytes.byteOffset % (bitsAllocated / 8) === 0) {
    const cells = cellsOf(bytes, bitsAllocated)
    if (areValues(cells, layout)) return layout.signed ? asSigned(cells) : cells
  }
  // a copy of its own: the frame may be an unaligned view of a whole file (and slice() of a Buffer is but a view)
  const copy = new Uint8Array(bytes)
  if (swapped) swap(copy, bitsAllocated)
  return unpackInPlace(copy, layout)
}

/**
 * The same of little endian cells, in their own memory, which must begin where a cell may.
 * @param used the bits that a cell may have, where they are known: there is no need to look at each
 */
export function unpackInPlace (bytes: Uint8Array, layout: Omit<SampleLayout, 'bigEndian'>, used?: number): SampleArray {
  const { bitsAllocated, bitsStored, highBit, signed } = layout
  const cells = cellsOf(bytes, bitsAllocated)
  if (!areValues(cells, layout, used)) {
    const left = 31 - highBit
    const drop = 32 - bitsStored
    // shifting left, then right, drops the bits above HighBit and extends the sign in one go
    if (signed) for (let i = 0; i < cells.length; i++) cells[i] = (cells[i]! << left) >> drop
    else for (let i = 0; i < cells.length; i++) cells[i] = (cells[i]! << left) >>> drop
  }
  return signed ? asSigned(cells) : cells
}

type Cells = Uint8Array | Uint16Array | Uint32Array

function cellsOf ({ buffer, byteOffset, byteLength }: Uint8Array, bits: 8 | 16 | 32): Cells {
  if (bits === 8) return new Uint8Array(buffer, byteOffset, byteLength)
  return bits === 16 ? new Uint16Array(buffer, byteOffset, byteLength >> 1) : new Uint32Array(buffer, byteOffset, byteLength >> 2)
}

/** Whether nothing is to be dropped: the value fills its cell, or is unsigned and no cell has a bit above it. */
function areValues (cells: Cells, { bitsAllocated, bitsStored, highBit, signed }: Omit<SampleLayout, 'bigEndian'>, used?: number): boolean {
  if (bitsStored === bitsAllocated) return true
  return !signed && highBit === bitsStored - 1 && (used ?? usedBits(cells)) >>> bitsStored === 0
}

/** The bits that any cell has. */
function usedBits (cells: Cells): number {
  if (!(cells instanceof Uint16Array) || cells.length < 2) {
    let bits = 0
    for (let i = 0; i < cells.length; i++) bits |= cells[i]!
    return bits
  }
  // two at a time, from where a pair may begin
  const first = cells.byteOffset % 4 / 2
  const pairs = new Uint32Array(cells.buffer, cells.byteOffset + 2 * first, (cells.length - first) >> 1)
  let both = cells[0]! | cells[cells.length - 1]!
  // and four of these in a turn: the loop costs more than what it does
  const turns = pairs.length - pairs.length % 4
  for (let i = 0; i < turns; i += 4) both |= pairs[i]! | pairs[i + 1]! | pairs[i + 2]! | pairs[i + 3]!
  for (let i = turns; i < pairs.length; i++) both |= pairs[i]!
  return (both | both >>> 16) & 0xffff
}

function swap (bytes: Uint8Array<ArrayBuffer>, bits: 8 | 16 | 32): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bits === 16) buffer.swap16()
  else buffer.swap32()
}

function asSigned (cells: Cells): SampleArray {
  if (cells instanceof Uint8Array) return new Int8Array(cells.buffer, cells.byteOffset, cells.length)
  if (cells instanceof Uint16Array) return new Int16Array(cells.buffer, cells.byteOffset, cells.length)
  return new Int32Array(cells.buffer, cells.byteOffset, cells.length)
}
