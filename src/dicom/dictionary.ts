import { dictionaryEntries } from './dcmjs.ts'

interface Entry { readonly tag: number, readonly vr: string, readonly vm: string, readonly keyword: string }

/** VRs that PS3.6 leaves open, as dcmjs abbreviates them → the VR when nothing else decides (PS3.5 A.1, 8.1.1). */
const open: Readonly<Record<string, string>> = { ox: 'OW', xs: 'US', lt: 'US', up: 'UL', na: 'UN' }

let tables: { byKeyword: ReadonlyMap<string, Entry>, byTag: ReadonlyMap<number, Entry> } | undefined

/** Built at first use: the dictionary costs some milliseconds that `--help` need not pay. */
function load () {
  if (tables !== undefined) return tables
  const byKeyword = new Map<string, Entry>()
  const byTag = new Map<number, Entry>()
  for (const { tag, vr, vm, name } of dictionaryEntries()) {
    const digits = /^\(([0-9A-F]{4}),([0-9A-F]{4})\)$/i.exec(tag)
    if (digits === null) continue
    const keyword = name.replace(/^RETIRED_/, '')
    const entry = { tag: parseInt(`${digits[1] ?? ''}${digits[2] ?? ''}`, 16), vr, vm, keyword }
    byKeyword.set(keyword, entry)
    byTag.set(entry.tag, entry)
  }
  tables = { byKeyword, byTag }
  return tables
}

/** The tag of a keyword of PS3.6, or of eight hexadecimal digits, as group × 65536 + element. */
export function tagOf (name: string): number | undefined {
  const entry = load().byKeyword.get(name)
  if (entry !== undefined) return entry.tag
  return /^[0-9a-fA-F]{8}$/.test(name) ? parseInt(name, 16) : undefined
}

/** The keyword of a tag; `undefined` for private elements and such as PS3.6 does not list. */
export function keywordOf (tag: number): string | undefined {
  return load().byTag.get(tag)?.keyword
}

/**
 * The VR of a tag by PS3.6; `undefined` when not listed. Where the standard leaves a choice it is the one that suits an
 * unsigned 16-bit image: OW for pixel data, US for pixel values; `isSignDependent` tells the latter.
 */
export function vrOf (tag: number): string | undefined {
  const group = tag >>> 16
  const element = tag & 0xffff
  // PS3.5 7.2: group lengths; 7.8.1: private creators
  if (element === 0) return 'UL'
  if (group % 2 === 1) return element >= 0x10 && element <= 0xff ? 'LO' : undefined
  const vr = load().byTag.get(repeating(tag))?.vr
  return vr === undefined ? undefined : open[vr] ?? vr
}

/** Whether the VR is US or SS by PixelRepresentation (PS3.6: "US or SS"). */
export function isSignDependent (tag: number): boolean {
  return load().byTag.get(tag)?.vr === 'xs'
}

/** Value multiplicity as PS3.6 prints it: '1', '1-n', '3', '2-2n'. */
export function multiplicityOf (tag: number): string | undefined {
  return load().byTag.get(tag)?.vm
}

/** Eight lower-case hexadecimal digits. */
export function tagText (tag: number): string {
  return tag.toString(16).padStart(8, '0')
}

/** For messages: the keyword, or '(gggg,eeee)'. */
export function nameOf (tag: number): string {
  const hex = tagText(tag)
  return keywordOf(tag) ?? `(${hex.slice(0, 4)},${hex.slice(4)})`
}

/** Overlays and curves repeat in even groups from 6000 and 5000 (PS3.5 7.6); the dictionary lists the first one. */
function repeating (tag: number): number {
  const group = tag >>> 16
  return (group > 0x6000 && group <= 0x601e) || (group > 0x5000 && group <= 0x501e) ? (tag & 0xff00ffff) >>> 0 : tag
}
