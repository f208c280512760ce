/** A 0/1 mask of `size`×`size` as bits: bit `x` mod 32 of a row's word ⌊x / 32⌋ is pixel `x`. */
export type BitMask = Int32Array

/** Grows a 0/1 mask by a square of ±`radius` pixels. */
export function dilate (mask: Uint8Array, size: number, radius: number): Uint8Array {
  return fromBits(grow(bitsWhere(mask, size, 1), size, radius), size)
}

/** Where a plane has a value. */
export function bitsWhere (plane: Uint8Array, size: number, value: number): BitMask {
  const width = Math.ceil(size / 32)
  const rows = new Int32Array(size * width)
  for (let y = 0, i = 0; y < size; y++) {
    for (let word = y * width, x = 0; x < size; word++) {
      let bits = 0
      for (const end = Math.min(size, x + 32); x < end; x++, i++) if (plane[i] === value) bits |= 1 << (x & 31)
      rows[word] = bits
    }
  }
  return rows
}

/** Grows by a square of ±`radius` pixels, 32 pixels at a time. */
export function grow (mask: BitMask, size: number, radius: number): BitMask {
  const width = Math.ceil(size / 32)
  const rows = mask.slice()
  for (let y = 0; y < size; y++) widen(rows, y * width, width, radius)
  const out = new Int32Array(rows.length)
  for (let y = 0; y < size; y++) {
    const last = Math.min(size - 1, y + radius)
    for (let from = Math.max(0, y - radius); from <= last; from++) {
      for (let word = 0; word < width; word++) out[y * width + word]! |= rows[from * width + word]!
    }
  }
  return out
}

/** Bits → 0 and 1. */
export function fromBits (mask: BitMask, size: number): Uint8Array {
  const width = Math.ceil(size / 32)
  const out = new Uint8Array(size * size)
  for (let y = 0; y < size; y++) {
    const start = y * size
    for (let word = y * width, x = 0; x < size; word++) {
      const bits = mask[word]!
      const end = Math.min(size, x + 32)
      if (bits === 0) x = end
      for (; x < end; x++) out[start + x] = (bits >>> (x & 31)) & 1
    }
  }
  return out
}

/** One pixel to both sides, `times` over. */
function widen (rows: Int32Array, start: number, width: number, times: number): void {
  for (let step = 0; step < times; step++) {
    let before = 0
    for (let word = start; word < start + width; word++) {
      const bits = rows[word]!
      const after = word + 1 < start + width ? rows[word + 1]! : 0
      rows[word] = bits | (bits << 1) | (bits >>> 1) | (before >>> 31) | (after << 31)
      before = bits
    }
  }
}
