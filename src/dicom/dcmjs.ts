import { createRequire } from 'node:module'

/** One line of the data dictionary as dcmjs holds it: `tag` is '(GGGG,EEEE)', `vr` may be ox, xs, lt, up or na. */
export interface DictionaryEntry { readonly tag: string, readonly vr: string, readonly vm: string, readonly name: string }

interface Dcmjs {
  readonly log: { readonly setLevel?: (level: string) => void }
  readonly data: {
    readonly DicomMetaDictionary: { readonly nameMap: Readonly<Record<string, DictionaryEntry>> }
  }
}

// the ES build of 0.50.3 does not load under test loaders: the CommonJS one it is
const dcmjs = createRequire(import.meta.url)('dcmjs') as Dcmjs
dcmjs.log.setLevel?.('silent')

/** Every entry of PS3.6 that dcmjs knows, by keyword. */
export function dictionaryEntries (): readonly DictionaryEntry[] {
  return Object.values(dcmjs.data.DicomMetaDictionary.nameMap)
}
