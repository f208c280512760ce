import { readdirSync, readFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import t from 'tap'
import type { Dataset } from '../../src/dicom/dataset.ts'
import { readInstanceFile } from '../../src/dicom/read-instance.ts'
import type { Slice } from '../../src/dicom/slice.ts'
import { slicesOf } from '../../src/dicom/slices.ts'
import { encodePart10 } from '../../src/dicom/write-part10.ts'
import type { ReportContext } from '../../src/report/report-context.ts'
import type { StudyFindings } from '../../src/report/series-findings.ts'
import { dataPath } from '../helpers/data.ts'
import { blob, emptyMap, finding, seriesOf, studyOf, testContext } from '../helpers/report-inputs.ts'
import type { Told } from '../helpers/report-inputs.ts'
import { folder, resultsOf, writeAll } from '../helpers/result-files.ts'
import { axial, enhancedDataset, instanceOf, mrDataset, mrSlices } from '../helpers/synthetic-mr.ts'
import { requireTool } from '../helpers/tools.ts'
import { assertDcentvfy, assertDciodvfy, assertDsrdump, assertPydicomStrict } from '../helpers/validators.ts'
import type { ValidatorTest } from '../helpers/validators.ts'

const excluded: StudyFindings['excluded'] =
  [{ seriesNumber: 301, description: 'ep2d "T2W"', reason: 'ScanningSequence EP: echo-planar' }]
const told: Told[] = [0.02, 0.4, 0.93, 0.71, 'failed', 'undetermined', 0.1]

const oneMap = testContext({ saliency: false })
const directory = folder(t)
/** Read by pydicom at the end, all at once: its start takes longer than its work. */
const written: string[] = []

/** Every validator over every result; the paths of the files. */
async function validate (test: ValidatorTest, study: StudyFindings, context: ReportContext = testContext()): Promise<string[]> {
  const { captures, summary, reports } = await resultsOf(study, context)
  const images = writeAll(directory, [...captures, summary], `image-${written.length}`)
  const documents = writeAll(directory, reports, `report-${written.length}`)
  written.push(...images, ...documents)
  for (const file of [...images, ...documents]) assertDciodvfy(test, file)
  for (const file of documents) assertDsrdump(test, file)
  assertDcentvfy(test, [...images, ...documents])
  return [...images, ...documents]
}

async function slicesIn (directory: string, name: RegExp, count: number): Promise<Slice[]> {
  const files = readdirSync(directory).filter(file => name.test(file)).sort().slice(0, count)
  return (await Promise.all(files.map(file => readInstanceFile(join(directory, file))))).flatMap(slicesOf)
}

t.test('a synthetic series with every kind of finding passes all validators, together with its sources', async t => {
  const files = await validate(t, studyOf([seriesOf(mrSlices(7), told)], excluded))
  const sources = writeAll(directory, Array.from({ length: 7 }, (_, index) => mrDataset(index)), 'source')
  assertDciodvfy(t, sources[0]!)
  assertDcentvfy(t, [...files, ...sources])
})

t.test('all three SR classes are valid with the same tree', async t => {
  for (const srSopClass of ['88.34', '88.33', '88.22'] as const) {
    await validate(t, studyOf([seriesOf(mrSlices(1), [0.8])]), testContext({ srSopClass }))
  }
})

t.test('an evidence map, an empty map and modality OT are valid', async t => {
  const series = seriesOf(mrSlices(2), [0.8, 0.2])
  const maps = [emptyMap('grad-cam'), blob('saliency', 10, 10), blob('evidence', 100, 100)]
  const slices = series.slices.map((result, index) => ({ ...result, finding: finding(index === 0 ? 0.8 : 0.2, maps) }))
  await validate(t, studyOf([{ ...series, slices }]), testContext({ evidence: true, scModality: 'OT' }))
})

t.test('headers that are hard to copy give valid results', async t => {
  const cases: Record<string, Dataset> = {
    'Japanese name': { PatientName: { Alphabetic: 'Yamada^Tarou', Ideographic: '山田^太郎', Phonetic: 'やまだ^たろう' } },
    'Greek name': { PatientName: { Alphabetic: 'Διονυσιος^Ελένη' }, StudyDescription: 'Μαγνητική εγκεφάλου' },
    'de-identified source': {
      PatientIdentityRemoved: 'YES',
      DeidentificationMethod: ['CTP', 'script 3'],
      DeidentificationMethodCodeSequence:
        [{ CodeValue: '113100', CodingSchemeDesignator: 'DCM', CodeMeaning: 'Basic Application Confidentiality Profile' }],
      PatientName: null,
    },
    'clinical trial': {
      ClinicalTrialSponsorName: 'Sponsor', ClinicalTrialProtocolID: 'P-1', ClinicalTrialSubjectID: '17', ClinicalTrialTimePointID: 'T1',
    },
    'request and time zone': {
      TimezoneOffsetFromUTC: '+0900',
      AccessionNumber: 'A1',
      RequestAttributesSequence: [{ RequestedProcedureID: 'R1', RequestedProcedureDescription: 'MRI brain' }],
    },
    'no geometry': { FrameOfReferenceUID: null, ImagePositionPatient: null, ImageOrientationPatient: null },
    'next to nothing': {
      PatientID: null, PatientBirthDate: null, PatientSex: null, StudyDate: null, StudyTime: null, StudyID: null, InstanceNumber: null, SeriesNumber: null,
    },
  }
  for (const [name, changes] of Object.entries(cases)) {
    await t.test(name, async t => { await validate(t, studyOf([seriesOf(mrSlices(1, changes), [0.9])]), oneMap) })
  }
})

t.test('oblique and flipped planes, and matrices of other sizes, give valid results', async t => {
  const cosine = Math.cos(0.4)
  const sine = Math.sin(0.4)
  const planes = [
    { ...axial, row: [-1, 0, 0], column: [0, 1, 0] },
    { ...axial, row: [cosine, 0, sine], column: [0, 1, 0] },
    { ...axial, row: [0, 1, 0], column: [1, 0, 0], rows: 64, columns: 512 },
  ] as const
  for (const plane of planes) await validate(t, studyOf([seriesOf(mrSlices(1, {}, plane), [0.9])]), oneMap)
})

t.test('an enhanced multi-frame source gives valid results', async t => {
  const slices = slicesOf(instanceOf(enhancedDataset(3)))
  await validate(t, studyOf([seriesOf(slices, [0.9, 0.1, 'failed'])]))
})

t.test('the real Philips FLAIR series gives valid results, the same bytes twice', async t => {
  const directory = dataPath(t, 'mr-dicom/philips-flair-axial')
  if (directory === undefined) return
  const slices = await slicesIn(directory, /\.dcm$/, 3)
  const study = () => studyOf([seriesOf(slices, [0.1, 0.9, 'failed'])], excluded)
  const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
  const first = (await validate(t, study())).map(file => hash(readFileSync(file)))
  const { captures, summary, reports } = await resultsOf(study(), testContext())
  t.strictSame([...captures, summary, ...reports].map(dataset => hash(encodePart10(dataset))), first)
})

t.test('a real T2 slice, and one by another vendor, give valid results', async t => {
  const directory = dataPath(t, 'mr-dicom/nema-wg04')
  if (directory === undefined) return
  for (const name of [/^MR1_UNC/, /^MR4_UNC/]) {
    await validate(t, studyOf([seriesOf(await slicesIn(directory, name, 1), [0.7], { contrast: 'T2' })]))
  }
})

t.test('a real enhanced series gives valid results', async t => {
  const directory = dataPath(t, 'mr-dicom/enhanced-mr-small')
  if (directory === undefined) return
  await validate(t, studyOf([seriesOf(await slicesIn(directory, /^emri_small\.dcm$/, 1), [0.7, 0.2, 0.1])]))
})

t.test('DCMTK decodes the very picture that was drawn', async t => {
  if (!requireTool(t, 'dcmj2pnm')) return
  const { captures } = await resultsOf(studyOf([seriesOf(mrSlices(1), [0.9])]), oneMap)
  const [file] = writeAll(directory, captures, 'picture')
  const { stdout, status } = spawnSync('dcmj2pnm', ['--write-raw-pnm', file!], { maxBuffer: 1 << 26 })
  t.equal(status, 0)
  const pixels = (captures[0]!['PixelData'] as readonly ArrayBuffer[])[0]!
  t.ok(stdout.subarray(stdout.length - pixels.byteLength).equals(Buffer.from(pixels)))
})

t.test('pydicom reads every element of every result above without a word', async t => {
  t.ok(written.length > 60)
  assertPydicomStrict(t, written)
})
