import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { bytesOf, type MrSeries } from '../../fixtures/make/mr-image.ts'
import { fixtureUid } from '../../fixtures/make/patient.ts'
import { coarse } from '../../fixtures/make/protocols.ts'
import { spliceElement } from '../../fixtures/make/splice.ts'
import { singleSlice } from '../../fixtures/make/study.ts'
import type { Dataset } from '../../src/dicom/dataset.ts'
import { encodePart10 } from '../../src/dicom/write-part10.ts'
import type { ObjectSettings } from '../../src/report/object-settings.ts'

/** A study to analyse, of which every result has to pass every validator. */
export interface Source {
  readonly name: string
  /** The folder of the shared data that it is of, which may be absent. */
  readonly data?: string
  /** Study and patient attributes in which results may differ from it, each with its reason. */
  readonly knownDifferences?: readonly { readonly attribute: string, readonly reason: string }[]
  /** How its results are written, where not as they are by default. */
  readonly objects?: Partial<ObjectSettings>
  /** Whether it is large: one map a slice is enough. */
  readonly large?: boolean
  /** Part 10 files of one study. @param data where that folder is */
  readonly files: (data: string) => Uint8Array[]
}

interface Slice { readonly header: Dataset, readonly values: Uint16Array }

const fixtures = resolve(import.meta.dirname, '../../fixtures')
const heights = [14, 26, 38]
const fixture = (path: string) => readFileSync(join(fixtures, path))
const folder = (path: string, name = /\.dcm$/) => readdirSync(path).filter(file => name.test(file)).sort().map(file => readFileSync(join(path, file)))

const philips = [
  { attribute: 'PatientSex', reason: 'it is 0000 there, which is none of M, F and O: left empty' },
  { attribute: 'PatientWeight', reason: 'it is 0 there, which is nobody\'s weight: left out' },
  { attribute: 'ProcedureCodeSequence', reason: 'optional, of the acquisition: a result was made by another procedure' },
]
const wg04 = [
  { attribute: 'PatientSize', reason: 'it is empty there: an optional attribute without a value is left out' },
  { attribute: 'NameOfPhysiciansReadingStudy', reason: 'optional, and whoever reads the study did not read the result' },
]

/** The sources that the results have to be right for: real series, the fixture study, and what real archives make hard. */
export const sources: readonly Source[] = [
  { name: 'fixture study, FLAIR and T2', files: () => ['flair', 't2'].flatMap(name => folder(join(fixtures, name))) },
  { name: 'Philips FLAIR', data: 'mr-dicom/philips-flair-axial', knownDifferences: philips, files: data => folder(data) },
  { name: 'WG04 T2', data: 'mr-dicom/nema-wg04', knownDifferences: wg04, files: data => folder(data, /^MR1_UNC$/) },
  { name: 'WG04 T2, JPEG 2000', data: 'mr-dicom/nema-wg04', knownDifferences: wg04, files: data => folder(data, /^MR1_J2KR$/) },
  { name: 'enhanced multi-frame', files: () => [fixture('special/enhanced-flair.dcm')] },
  { name: 'Japanese name, ISO 2022 IR 87', files: () => series('japanese').map(japanese) },
  { name: 'Greek name, ISO_IR 126', files: () => series('greek').map(greek) },
  { name: 'Latin-1 text, ISO_IR 100', files: () => series('latin').map(latin) },
  { name: 'de-identified, clinical trial', files: () => series('removed', deidentified) },
  { name: 'request and time zone', files: () => series('request', ordered) },
  { name: 'next to no header', files: () => series('empty', empty) },
  { name: 'oblique by 25 degrees', files: () => files('oblique', slice => tilted(slice)) },
  { name: 'flipped in all axes', files: () => files('flipped', (slice, i) => flipped(slice, i)) },
  { name: 'pixels that are not square', files: () => files('oblong', oblong) },
  { name: 'MONOCHROME1', files: () => [fixture('special/monochrome1.dcm')] },
  { name: 'a slice that cannot be decoded', files: () => folder(join(fixtures, 'special/corrupt-series')) },
  { name: 'one slice', files: () => series('single').slice(0, 1) },
  { name: '200 slices', large: true, files: manySlices },
  { name: 'one report of a study', objects: { srScope: 'study', parametricMaps: true }, files: () => ['flair', 't2'].flatMap(name => folder(join(fixtures, name)).slice(4, 7)) },
  { name: 'maps of several frames', objects: { multiFrame: true, parametricMaps: true }, files: () => series('frames') },
  { name: 'maps of several frames of several frames', objects: { multiFrame: true, parametricMaps: true }, files: () => [fixture('special/enhanced-flair.dcm')] },
  { name: 'compressed in RLE', objects: { compression: 'rle', parametricMaps: true }, files: () => files('rle', oblong) },
  { name: 'maps of several frames in RLE', objects: { multiFrame: true, compression: 'rle', parametricMaps: true }, files: () => files('rle frames', slice => tilted(slice)) },
  { name: 'maps of positive slices', objects: { heatmapScope: { of: 'positive-slices' }, parametricMaps: true }, files: () => folder(join(fixtures, 'flair')) },
]

function drawn (key: string): { slices: Slice[], description: MrSeries } {
  const description = { ...coarse(key, 30), key: `validation ${key}` }
  return { description, slices: heights.map((z, i) => singleSlice(description, i + 1, z)) }
}

/** Three slices of a study of its own, with changes of their headers. */
function files (key: string, change: (slice: Slice, index: number) => Slice): Uint8Array[] {
  return drawn(key).slices.map(change).map(({ header, values }) =>
    encodePart10({ ...header, StudyInstanceUID: fixtureUid(`validation study ${key}`), PixelData: bytesOf(values) }))
}

function series (key: string, change: Dataset = {}): Uint8Array[] {
  return files(key, ({ header, values }) => ({ header: { ...header, ...change }, values }))
}

/** The example of PS3.5 H.3.1, and a description in the same set. */
function japanese (file: Uint8Array): Uint8Array {
  const kanji = (text: string) => Buffer.from(text, 'latin1')
  const name = 'Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B'
  return spliced(file, '\\ISO 2022 IR 87', kanji(name), kanji('\x1b$BB@O:\x1b(B MR'))
}

/** ISO 8859-7, where the letters stand in the order of Unicode, 0x2D0 below it. */
function greek (file: Uint8Array): Uint8Array {
  const bytes = (text: string) => Uint8Array.from(text, letter => letter < '\x80' ? letter.codePointAt(0)! : letter.codePointAt(0)! - 0x2d0)
  return spliced(file, 'ISO_IR 126', bytes('Διονυσιου^Φωτεινη'), bytes('Μαγνητικη εγκεφαλου'))
}

function latin (file: Uint8Array): Uint8Array {
  return spliced(file, 'ISO_IR 100', Buffer.from('Müller^José', 'latin1'), Buffer.from('IRM cérébrale', 'latin1'))
}

function spliced (file: Uint8Array, characterSet: string, name: Uint8Array, description: Uint8Array): Uint8Array {
  const named = spliceElement(spliceElement(file, 0x0008, 0x0005, 'CS', Buffer.from(characterSet)), 0x0010, 0x0010, 'PN', name)
  return spliceElement(named, 0x0008, 0x1030, 'LO', description)
}

const deidentified: Dataset = {
  PatientName: null,
  PatientBirthDate: null,
  PatientIdentityRemoved: 'YES',
  DeidentificationMethod: ['CTP', 'script 3'],
  DeidentificationMethodCodeSequence:
    [{ CodeValue: '113100', CodingSchemeDesignator: 'DCM', CodeMeaning: 'Basic Application Confidentiality Profile' }],
  ClinicalTrialSponsorName: 'Sponsor',
  ClinicalTrialProtocolID: 'P-1',
  ClinicalTrialProtocolName: null,
  ClinicalTrialSiteID: null,
  ClinicalTrialSiteName: null,
  ClinicalTrialSubjectID: '17',
  ClinicalTrialTimePointID: 'T1',
}

const ordered: Dataset = {
  TimezoneOffsetFromUTC: '-0330',
  IssuerOfPatientID: 'Hospital',
  RequestAttributesSequence: [{ RequestedProcedureID: 'R1', RequestedProcedureDescription: 'MRI brain', ScheduledProcedureStepID: 'S1' }],
}

const empty: Dataset = {
  PatientName: null, PatientID: null, PatientBirthDate: null, PatientSex: null, StudyDate: null, StudyTime: null, StudyID: null,
  AccessionNumber: null, SeriesNumber: null, InstanceNumber: null,
}

const numbers = ({ header }: Slice, keyword: string) => header[keyword] as readonly number[]
const vector = (values: readonly number[], start = 0) => values.slice(start, start + 3)

/** Turned about the patient's left-right axis. */
function tilted (slice: Slice): Slice {
  const [cosine, sine] = [Math.cos(25 * Math.PI / 180), Math.sin(25 * Math.PI / 180)]
  const turn = ([x, y, z]: readonly number[]) => [x!, y! * cosine - z! * sine, y! * sine + z! * cosine].map(value => Number(value.toFixed(6)))
  const orientation = numbers(slice, 'ImageOrientationPatient')
  return {
    values: slice.values,
    header: {
      ...slice.header,
      ImageOrientationPatient: [...turn(vector(orientation)), ...turn(vector(orientation, 3))],
      ImagePositionPatient: turn(numbers(slice, 'ImagePositionPatient')),
    },
  }
}

/** The same patient, with columns from left to right, rows from back to front, and the images numbered from the top. */
function flipped (slice: Slice, index: number): Slice {
  const orientation = numbers(slice, 'ImageOrientationPatient')
  const [spacing] = numbers(slice, 'PixelSpacing')
  const { Rows: rows } = slice.header as { Rows: number }
  const far = vector(numbers(slice, 'ImagePositionPatient'))
    .map((value, i) => Number((value + (rows - 1) * spacing! * (orientation[i]! + orientation[i + 3]!)).toFixed(6)))
  return {
    values: slice.values.slice().reverse(),
    header: {
      ...slice.header,
      InstanceNumber: heights.length - index,
      ImageOrientationPatient: orientation.map(value => -value),
      ImagePositionPatient: far,
    },
  }
}

/** Every other column: twice as wide as high. */
function oblong (slice: Slice): Slice {
  const columns = (slice.header as { Columns: number }).Columns / 2
  const [spacing] = numbers(slice, 'PixelSpacing')
  return {
    values: slice.values.filter((_, i) => i % 2 === 0),
    header: { ...slice.header, Columns: columns, PixelSpacing: [spacing!, 2 * spacing!] },
  }
}

/** One picture, 200 times, a millimetre apart. */
function manySlices (): Uint8Array[] {
  const { header, values } = drawn('many').slices[1]!
  const [x, y, z] = numbers({ header, values }, 'ImagePositionPatient')
  return Array.from({ length: 200 }, (_, i) => encodePart10({
    ...header,
    StudyInstanceUID: fixtureUid('validation study many'),
    SOPInstanceUID: fixtureUid(`validation many ${i + 1}`),
    InstanceNumber: i + 1,
    ImagePositionPatient: [x!, y!, z! - 100 + i],
    SliceThickness: 1,
    SpacingBetweenSlices: 1,
    PixelData: bytesOf(values),
  }))
}
