import { createRequire } from 'node:module'

/** One line of the data dictionary as dcmjs holds it: `tag` is '(GGGG,EEEE)', `vr` may be ox, xs, lt, up or na. */
export interface DictionaryEntry { readonly tag: string, readonly vr: string, readonly vm: string, readonly name: string }

/** DICOM JSON-like dictionary that `DicomDict.write` takes: eight hex digits → VR and values. */
export type RawDictionary = Record<string, { vr: string, Value: readonly unknown[] }>

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
 * Writes File Meta Information and data set as a Part 10 file, explicit little endian unless the meta says otherwise.
 * Frames stay in one fragment each: dcmjs cuts at 20 KiB by default, which RLE does not allow (PS3.5 A.4.2).
 * @throws whatever dcmjs throws; `write-part10` checks every value before it comes here
 */
export function writeRaw (meta: RawDictionary, dataset: RawDictionary): ArrayBuffer {
  const file = new dcmjs.data.DicomDict(meta)
  file.dict = dataset
  return file.write({ allowInvalidVRLength: false, fragmentMultiframe: false })
}
