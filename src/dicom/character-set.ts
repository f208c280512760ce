import iconv from 'iconv-lite'
import { decodeIso2022 } from './iso-2022.ts'

/** Turns the bytes of a text value into a string, by the SpecificCharacterSet of its data set (PS3.3 C.12.1.1.2). */
export interface CharacterSet {
  /** The defined terms in force, as they stand in the data set. */
  readonly terms: readonly string[]
  /** Terms that the standard does not define. */
  readonly unknown: readonly string[]
  /**
   * @param delimiters ASCII characters that return code extensions to their start (PS3.5 6.1.2.5.3)
   */
  decode (bytes: Uint8Array, delimiters: string): string
}

/** Single-byte sets and sets without code extensions: defined term without prefix → name for iconv-lite. */
const encodings: Readonly<Record<string, string>> = {
  6: 'ascii',
  13: 'shift_jis', // JIS X 0201: its single bytes are those of Shift JIS
  100: 'iso-8859-1',
  101: 'iso-8859-2',
  109: 'iso-8859-3',
  110: 'iso-8859-4',
  144: 'iso-8859-5',
  127: 'iso-8859-6',
  126: 'iso-8859-7',
  138: 'iso-8859-8',
  148: 'iso-8859-9',
  203: 'iso-8859-15',
  166: 'tis-620',
  192: 'utf-8',
  GB18030: 'gb18030',
  GBK: 'gbk',
}
/** Sets that only code extensions reach. */
const extensionsOnly = new Set(['58', '87', '149', '159'])
/** Sets that stand alone: other values beside them are not in the standard and say nothing. */
const standAlone = new Set(['192', 'GB18030', 'GBK'])

/** The defined terms that are read (PS3.3 tables C.12-2 to C.12-5): as the only value, and among several with code extensions. */
export const characterSetTerms = {
  single: Object.keys(encodings).map(set => /^\d+$/.test(set) ? `ISO_IR ${set}` : set),
  extensions: [...Object.keys(encodings).filter(set => !standAlone.has(set)), ...extensionsOnly].map(set => `ISO 2022 IR ${set}`),
} as const

/**
 * The decoder for the values of (0008,0005). Absent or empty is the default repertoire, ISO_IR 6; bytes that do not fit
 * it are read as UTF-8 where they are valid UTF-8, else as Latin-1, as most readers do. Spellings with `-` or `_` for
 * blanks, and `ISO 2022 IR 100` for `ISO_IR 100`, are accepted.
 */
export function characterSet (terms: readonly string[]): CharacterSet {
  const numbers = terms.map(normalize)
  const unknown = terms.filter((_, i) => numbers[i] !== '' && !isKnown(numbers[i] ?? ''))
  const known = numbers.map(number => isKnown(number) ? number : '6')
  const alone = known.find(number => standAlone.has(number))
  if (alone !== undefined) return { terms, unknown, decode: bytes => iconv.decode(Buffer.from(bytes), encodings[alone] ?? 'utf-8') }
  const first = known[0] ?? '6'
  const encoding = encodings[first] ?? 'ascii'
  if (known.length > 1 || extensionsOnly.has(first)) {
    return { terms, unknown, decode: (bytes, delimiters) => decodeIso2022(bytes, encoding, delimiters) }
  }
  if (encoding === 'ascii') return { terms, unknown, decode: decodeLoosely }
  // the standard allows no escapes here, yet files with one term and escapes exist
  return {
    terms,
    unknown,
    decode: (bytes, delimiters) =>
      bytes.includes(0x1b) ? decodeIso2022(bytes, encoding, delimiters) : iconv.decode(Buffer.from(bytes), encoding),
  }
}

/** `ISO_IR 100`, `ISO 2022 IR 100`, `ISO-IR-100` → `100`; `` stands for the default repertoire in a first empty value. */
function normalize (term: string): string {
  const plain = term.trim().toUpperCase().replace(/[ _-]+/g, ' ')
  if (/^UTF ?8$/.test(plain)) return '192'
  return /^ISO (?:2022 )?IR (\d+)$/.exec(plain)?.[1] ?? plain
}

function isKnown (number: string): boolean {
  return number in encodings || extensionsOnly.has(number)
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decodeLoosely (bytes: Uint8Array, delimiters: string): string {
  if (bytes.includes(0x1b)) return decodeIso2022(bytes, 'iso-8859-1', delimiters)
  if (bytes.every(byte => byte < 0x80)) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
  try {
    return utf8.decode(bytes)
  } catch {
    return iconv.decode(Buffer.from(bytes), 'iso-8859-1')
  }
}
