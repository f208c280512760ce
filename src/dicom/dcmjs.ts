import { createRequire } from 'node:module'
import type { WrittenElement } from './written-element.ts'

/** One line of the data dictionary as dcmjs holds it: `tag` is '(GGGG,EEEE)', `vr` may be ox, xs, lt, up or na. */
export interface DictionaryEntry { readonly tag: string, readonly vr: string, readonly vm: string, readonly name: string }

/** What `DicomDict.write` takes, much like DICOM JSON: eight hex digits → VR and values. */
type RawDictionary = Record<string, { vr: string, Value: readonly unknown[] }>

interface DicomDict {
  dict: RawDictionary
  write (options: { allowInvalidVRLength: boolean, fragmentMultiframe: boolean }): ArrayBuffer
}

interface Dcmjs {
  readonly log: { readonly setLevel?: (level: string) => void }
  readonly data: {
    readonly DicomDict: new (meta: RawDictionary) => DicomDict
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

/**
 * Writes File Meta Information and data set as a Part 10 file, explicit little endian unless the meta says implicit.
 * @throws whatever dcmjs throws; `write-part10` checks every value before it comes here
 */
export function writeElements (meta: readonly WrittenElement[], dataset: readonly WrittenElement[]): Uint8Array {
  const file = new dcmjs.data.DicomDict(rawDictionary(meta))
  file.dict = rawDictionary(dataset)
  return new Uint8Array(file.write({ allowInvalidVRLength: false, fragmentMultiframe: false }))
}

function rawDictionary (elements: readonly WrittenElement[]): RawDictionary {
  return Object.fromEntries(elements.map(({ tag, vr, values }) => [
    // dcmjs sorts its keys as text, so that digits and capitals have to be in the order of their values
    tag.toString(16).padStart(8, '0').toUpperCase(),
    { vr, Value: vr === 'SQ' ? (values as readonly (readonly WrittenElement[])[]).map(rawDictionary) : values },
  ]))
}
