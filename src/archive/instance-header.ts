import { createHash } from 'node:crypto'
import type { Attributes } from '../dicom/attributes.ts'
import type { Instance } from '../dicom/instance.ts'
import type { JsonAttribute, JsonAttributes, SearchLevel } from './archive.ts'
import { attributesOfLevel, requestAttributes } from './searchable-attributes.ts'
import type { SearchableAttribute } from './searchable-attributes.ts'

/** What the archive writes into rows of one instance's header. */
export interface InstanceHeader {
  readonly json: Readonly<Record<SearchLevel, JsonAttributes>>
  readonly modality: string | undefined
  readonly patientId: string | undefined
  readonly studyDate: string | undefined
  readonly accessionNumber: string | undefined
  readonly rows: number | undefined
  readonly columns: number | undefined
  readonly instanceNumber: number | undefined
  /** ImagePositionPatient, mm */
  readonly position: readonly number[] | undefined
  /** ImageOrientationPatient */
  readonly orientation: readonly number[] | undefined
  /** How many instances the headers hint at; it may only hold a series back (service.md §3.1). */
  readonly expected: number | undefined
}

export function instanceHeader (instance: Instance): InstanceHeader {
  const { attributes } = instance
  const json = (level: SearchLevel) => toJson(attributes, attributesOfLevel[level])
  return {
    json: { study: json('study'), series: json('series'), instance: json('instance') },
    modality: attributes.string('Modality'),
    patientId: attributes.string('PatientID'),
    studyDate: attributes.string('StudyDate'),
    accessionNumber: attributes.string('AccessionNumber'),
    rows: attributes.number('Rows'),
    columns: attributes.number('Columns'),
    instanceNumber: attributes.number('InstanceNumber'),
    position: vector(attributes.numbers('ImagePositionPatient'), 3),
    orientation: vector(attributes.numbers('ImageOrientationPatient'), 6),
    expected: expectedCount(attributes),
  }
}

/** ImagesInAcquisition (0020,1002), or NumberOfTemporalPositions (0020,0105) × NumberOfSlices (0054,0081). */
function expectedCount (attributes: Attributes): number | undefined {
  const slices = attributes.number('NumberOfSlices')
  const times = attributes.number('NumberOfTemporalPositions')
  const hints = [attributes.number('ImagesInAcquisition'), slices === undefined ? undefined : slices * (times ?? 1)]
  const usable = hints.filter(n => n !== undefined && Number.isInteger(n) && n > 0 && n <= 100_000) as number[]
  return usable.length === 0 ? undefined : Math.max(...usable)
}

/**
 * sha256 (hex) over the encoded frames, in order; `undefined` without pixel data. It tells a corrected header from other pixels.
 * @throws AppError as `PixelData.frame`
 */
export async function pixelDigest (instance: Instance): Promise<string | undefined> {
  if (instance.frameCount === 0) return undefined
  const hash = createHash('sha256')
  for (let frame = 1; frame <= instance.frameCount; frame++) hash.update(await instance.pixelData.frame(frame))
  return hash.digest('hex')
}

const vector = (numbers: readonly number[], length: number) => numbers.length === length ? numbers : undefined

function toJson (attributes: Attributes, table: readonly SearchableAttribute[]): JsonAttributes {
  const entries = table.flatMap((entry): [string, JsonAttribute][] => {
    if (entry.counted === true || !attributes.has(entry.keyword)) return []
    const Value = jsonValues(attributes, entry)
    return [[entry.tag, Value.length === 0 ? { vr: entry.vr } : { vr: entry.vr, Value }]]
  })
  return Object.fromEntries(entries)
}

/** PS3.18 F.2.3: PN as groups, numbers of US, IS and DS as numbers, the rest as text. */
function jsonValues (attributes: Attributes, { keyword, vr }: SearchableAttribute): unknown[] {
  if (vr === 'SQ') return attributes.items(keyword).map(item => toJson(item, requestAttributes))
  if (vr === 'US' || vr === 'IS' || vr === 'DS') return [...attributes.numbers(keyword)]
  if (vr !== 'PN') return [...attributes.strings(keyword)]
  const name = attributes.personName(keyword)
  if (name === undefined) return []
  return [{
    ...(name.alphabetic === '' ? {} : { Alphabetic: name.alphabetic }),
    ...(name.ideographic === '' ? {} : { Ideographic: name.ideographic }),
    ...(name.phonetic === '' ? {} : { Phonetic: name.phonetic }),
  }]
}
