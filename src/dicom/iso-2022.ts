import iconv from 'iconv-lite'

/** How a run of bytes of a designated set becomes text. */
interface CodeElement {
  /** 0: bytes below 0x80 (G0); 1: bytes from 0x80 (G1). */
  readonly half: 0 | 1
  readonly bytesPerCharacter: 1 | 2
  readonly decode: (bytes: readonly number[]) => string
}

const from = (encoding: string) => (bytes: readonly number[]) => iconv.decode(Buffer.from(bytes), encoding)
const single = (half: 0 | 1, encoding: string): CodeElement => ({ half, bytesPerCharacter: 1, decode: from(encoding) })
const high = (bytes: readonly number[]) => bytes.map(byte => byte | 0x80)

const ascii = single(0, 'ascii')
const jisX0208: CodeElement = { half: 0, bytesPerCharacter: 2, decode: bytes => from('euc-jp')(high(bytes)) }
/** EUC-JP announces each character of JIS X 0212 with 8F. */
const jisX0212: CodeElement = {
  half: 0,
  bytesPerCharacter: 2,
  decode: bytes => from('euc-jp')(high(bytes).flatMap((byte, i) => i % 2 === 0 ? [0x8f, byte] : [byte])),
}

/** The escape sequences of PS3.3 tables C.12-3 and C.12-4, without ESC. */
const escapes: readonly (readonly [sequence: string, set: CodeElement])[] = [
  ['(B', ascii],
  ['(J', ascii], // JIS X 0201 romaji: 5C and 7E stay what DICOM needs them to be
  [')I', single(1, 'shift_jis')], // JIS X 0201 katakana
  ['-A', single(1, 'iso-8859-1')],
  ['-B', single(1, 'iso-8859-2')],
  ['-C', single(1, 'iso-8859-3')],
  ['-D', single(1, 'iso-8859-4')],
  ['-L', single(1, 'iso-8859-5')],
  ['-G', single(1, 'iso-8859-6')],
  ['-F', single(1, 'iso-8859-7')],
  ['-H', single(1, 'iso-8859-8')],
  ['-M', single(1, 'iso-8859-9')],
  ['-b', single(1, 'iso-8859-15')],
  ['-T', single(1, 'tis-620')],
  ['$B', jisX0208],
  ['$@', jisX0208], // the 1978 edition, still met
  ['$(D', jisX0212],
  ['$)C', { half: 1, bytesPerCharacter: 2, decode: from('euc-kr') }],
  ['$)A', { half: 1, bytesPerCharacter: 2, decode: from('gb2312') }],
]

const escape = 0x1b
/** Control characters that end a line or page return to the start as well (PS3.5 6.1.2.5.3). */
const lineEnds = new Set([0x09, 0x0a, 0x0c, 0x0d])

/**
 * Text with code extensions (ISO 2022 as profiled by PS3.5 6.1.2.5). An escape sequence that the standard does not
 * define is left out and changes nothing.
 * @param initial encoding of the first value of SpecificCharacterSet: G1 at the start of each value
 * @param delimiters ASCII characters after which the start is in force again
 */
export function decodeIso2022 (bytes: Uint8Array, initial: string, delimiters: string): string {
  const start = { g0: ascii, g1: single(1, initial) }
  let { g0, g1 } = start
  let text = ''
  let position = 0
  while (position < bytes.length) {
    const byte = bytes[position] ?? 0
    if (byte === escape) {
      const found = escapes.find(([sequence]) => matches(bytes, position + 1, sequence))
      if (found === undefined) {
        position += unknownEscapeLength(bytes, position)
        continue
      }
      const [sequence, set] = found
      if (set.half === 0) g0 = set
      else g1 = set
      position += 1 + sequence.length
      continue
    }
    const set = byte < 0x80 ? g0 : g1
    const isControl = byte < 0x20
    if (set.bytesPerCharacter === 1 || isControl) {
      const end = isControl ? position + 1 : runEnd(bytes, position, delimiters)
      text += (isControl ? ascii : set).decode([...bytes.subarray(position, end)])
      const last = bytes[end - 1] ?? 0
      if (lineEnds.has(last) || delimiters.includes(String.fromCharCode(last))) ({ g0, g1 } = start)
      position = end
    } else {
      text += set.decode([...bytes.subarray(position, position + 2)])
      position += 2
    }
  }
  return text
}

/** The end of a run in the same half; a delimiter is a run of its own, so that the return to the start is seen. */
function runEnd (bytes: Uint8Array, start: number, delimiters: string): number {
  const upper = (bytes[start] ?? 0) >= 0x80
  let end = start
  while (end < bytes.length) {
    const byte = bytes[end] ?? 0
    if (byte < 0x20 || (byte >= 0x80) !== upper) break
    end++
    if (delimiters.includes(String.fromCharCode(byte))) break
  }
  return end
}

function matches (bytes: Uint8Array, offset: number, sequence: string): boolean {
  return Buffer.from(sequence, 'latin1').every((code, i) => bytes[offset + i] === code)
}

/** ESC, intermediate bytes 20–2F, one final byte (ISO 2022 13). */
function unknownEscapeLength (bytes: Uint8Array, start: number): number {
  let end = start + 1
  while (end < bytes.length && (bytes[end] ?? 0) >= 0x20 && (bytes[end] ?? 0) <= 0x2f) end++
  return end - start + 1
}
