/** A message being written: pieces that are joined once, at the end, so that weights are copied once. */
export type Pieces = readonly Uint8Array[]

const text = new TextEncoder()
const wire = { varint: 0, lengthDelimited: 2 } as const

/** Base 128, low groups first; a negative number as its 64-bit two's complement. */
function varint (value: number | bigint): Uint8Array {
  const groups: number[] = []
  let rest = BigInt.asUintN(64, BigInt(value))
  while (rest > 0x7fn) {
    groups.push(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  }
  groups.push(Number(rest))
  return Uint8Array.from(groups)
}

function key (field: number, type: number): Uint8Array {
  return varint(field << 3 | type)
}

function lengthOf (pieces: Pieces): number {
  return pieces.reduce((sum, piece) => sum + piece.length, 0)
}

/** An int32, int64, bool or enum field. */
export function integerField (field: number, value: number | bigint): Pieces {
  return [key(field, wire.varint), varint(value)]
}

export function bytesField (field: number, bytes: Uint8Array): Pieces {
  return [key(field, wire.lengthDelimited), varint(bytes.length), bytes]
}

export function stringField (field: number, value: string): Pieces {
  return bytesField(field, text.encode(value))
}

/** A field that holds another message. */
export function messageField (field: number, message: Pieces): Pieces {
  return [key(field, wire.lengthDelimited), varint(lengthOf(message)), ...message]
}

/** The bytes of a whole message. */
export function encode (message: Pieces): Uint8Array {
  const bytes = new Uint8Array(lengthOf(message))
  let offset = 0
  for (const piece of message) {
    bytes.set(piece, offset)
    offset += piece.length
  }
  return bytes
}
