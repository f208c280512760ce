/** Grows a 0/1 mask of `size`×`size` by a square of ±`radius` pixels; 32 pixels at a time, as the bits of a word. */
export function dilate (mask: Uint8Array, size: number, radius: number): Uint8Array {
  const width = Math.ceil(size / 32)
  const rows = pack(mask, size, width)
  for (let y = 0; y < size; y++) widen(rows, y * width, width, radius)
  const out = new Uint8Array(size * size)
  const line = new Int32Array(width)
  for (let y = 0; y < size; y++) {
    line.fill(0)
    const last = Math.min(size - 1, y + radius)
    for (let from = Math.max(0, y - radius); from <= last; from++) {
      for (let word = 0; word < width; word++) line[word]! |= rows[from * width + word]!
    }
    unpack(line, out, y * size, size)
  }
  return out
}

/** Bit `x` mod 32 of a row's word ⌊x / 32⌋ is pixel `x`. */
function pack (mask: Uint8Array, size: number, width: number): Int32Array {
  const rows = new Int32Array(size * width)
  for (let y = 0, i = 0; y < size; y++) {
    for (let word = y * width, x = 0; x < size; word++) {
      let bits = 0
      for (const end = Math.min(size, x + 32); x < end; x++, i++) if (mask[i] !== 0) bits |= 1 << (x & 31)
      rows[word] = bits
    }
  }
  return rows
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

function unpack (line: Int32Array, out: Uint8Array, start: number, size: number): void {
  for (let word = 0, x = 0; x < size; word++) {
    const bits = line[word]!
    const end = Math.min(size, x + 32)
    if (bits === 0) x = end
    for (; x < end; x++) out[start + x] = (bits >>> (x & 31)) & 1
  }
}
