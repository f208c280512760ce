import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Dataset } from '../../src/dicom/dataset.ts'
import { readInstance, readInstanceFile } from '../../src/dicom/read-instance.ts'
import { slicesOf } from '../../src/dicom/slices.ts'
import { encodePart10 } from '../../src/dicom/write-part10.ts'
import { createDecoder } from '../../src/imaging/decoder-pool.ts'
import { buildKeyObjectSelection } from '../../src/report/key-object-selection.ts'
import { buildPdfObject } from '../../src/report/pdf-object.ts'
import type { ReportContext } from '../../src/report/report-context.ts'
import type { StudyFindings } from '../../src/report/series-findings.ts'
import { dataPath } from '../helpers/data.ts'
import { displayOf, seriesOf, studyOf, testContext } from '../helpers/report-inputs.ts'
import { folder, resultsOf, writeAll } from '../helpers/result-files.ts'
import { enhancedDataset, instanceOf, mrDataset, mrSlices } from '../helpers/synthetic-mr.ts'
import { assertDcentvfy, assertDciodvfy, assertDsrdump, assertPydicomStrict, pydicomJson } from '../helpers/validators.ts'
import { requireTool } from '../helpers/tools.ts'

const decoder = createDecoder({ workers: 1 })
t.teardown(async () => await decoder.close())
const directory = folder(t)
const written: string[] = []
const context = testContext({ saliency: false })
const encodeJpeg = async (image: Parameters<typeof decoder.encodeJpeg>[0], quality: number) => await decoder.encodeJpeg(image, quality)
const pdfOf = async (study: StudyFindings, on: ReportContext = context) => await buildPdfObject({ study, context: on, displayOf, encodeJpeg })

const headers: Readonly<Record<string, Dataset>> = {
  'a full header': {},
  'a Japanese name': { PatientName: { Alphabetic: 'Yamada^Tarou', Ideographic: '山田^太郎', Phonetic: 'やまだ^たろう' } },
  'a Greek name': { PatientName: { Alphabetic: 'Διονυσιος^Ελένη' }, StudyDescription: 'Μαγνητική εγκεφάλου' },
  'a de-identified source': { PatientIdentityRemoved: 'YES', DeidentificationMethod: ['CTP', 'script 3'], PatientName: null },
  'a request and a time zone': {
    TimezoneOffsetFromUTC: '+0900', AccessionNumber: 'A1', RequestAttributesSequence: [{ RequestedProcedureID: 'R1', RequestedProcedureDescription: 'MRI brain' }],
  },
  'next to nothing': { PatientID: null, PatientBirthDate: null, PatientSex: null, StudyDate: null, StudyTime: null, StudyID: null, InstanceNumber: null, SeriesNumber: null },
}

t.test('key objects and encapsulated report pass every validator, together with the other results and the sources', async t => {
  for (const [name, changes] of Object.entries(headers)) {
    await t.test(name, async t => {
      const study = studyOf([seriesOf(mrSlices(3, changes), [0.9, 0.1, 0.8])])
      const { captures, summary, reports } = await resultsOf(study, context)
      const [keyObjects, pdf] = writeAll(directory, [buildKeyObjectSelection(study, context)!, (await pdfOf(study)).dataset], `document-${written.length}`)
      const others = writeAll(directory, [...captures, summary, ...reports, ...Array.from({ length: 3 }, (_, i) => mrDataset(i, changes))], `other-${written.length}`)
      written.push(keyObjects!, pdf!)
      for (const file of [keyObjects!, pdf!]) assertDciodvfy(t, file)
      assertDsrdump(t, keyObjects!)
      assertDcentvfy(t, [keyObjects!, pdf!, ...others])
    })
  }
})

t.test('of real series they are valid too: Philips FLAIR, WG04 T2, enhanced', async t => {
  for (const [place, name] of [['philips-flair-axial', /\.dcm$/], ['nema-wg04', /^MR1_UNC/], ['enhanced-mr-small', /^emri_small\.dcm$/]] as const) {
    const from = dataPath(t, `mr-dicom/${place}`)
    if (from === undefined) continue
    const files = readdirSync(from).filter(file => name.test(file)).sort().slice(0, 3)
    const slices = (await Promise.all(files.map(async file => await readInstanceFile(join(from, file))))).flatMap(slicesOf)
    const study = studyOf([seriesOf(slices, [0.9, 0.2, 0.8])])
    const documents = writeAll(directory, [buildKeyObjectSelection(study, context)!, (await pdfOf(study)).dataset], place)
    written.push(...documents)
    for (const file of documents) assertDciodvfy(t, file)
    assertDsrdump(t, documents[0]!)
    assertDcentvfy(t, documents)
  }
})

t.test('200 positive slices with two maps each are one valid selection', async t => {
  const slices = mrSlices(200)
  const [file] = writeAll(directory, [buildKeyObjectSelection(studyOf([seriesOf(slices, slices.map(() => 0.9))]), testContext())!], 'many')
  written.push(file!)
  assertDciodvfy(t, file!)
  assertDsrdump(t, file!)
})

t.test('the selection is of positive slices and their maps, each once in the evidence, by series and in source order', async t => {
  const flair = seriesOf(mrSlices(4), [0.1, 0.9, 'failed', 0.5])
  const t2 = seriesOf(mrSlices(2), [0.3, 0.7], { contrast: 'T2', ordinal: 2, seriesNumber: 5 })
  const both = testContext()
  const study = studyOf([flair, t2])
  const dataset = buildKeyObjectSelection(study, both)!
  t.match(dataset, { SOPClassUID: '1.2.840.10008.5.1.4.1.1.88.59', Modality: 'KO', SeriesNumber: 9001, SeriesDescription: 'AI positive slices - RESEARCH ONLY', ReferencedPerformedProcedureStepSequence: [] })
  const items = dataset['ContentSequence'] as readonly Dataset[]
  const references = (of: Dataset) => (of['ReferencedSOPSequence'] as readonly Dataset[]).map(one => one['ReferencedSOPInstanceUID'])
  const images = items.filter(item => item['ValueType'] === 'IMAGE')
  t.ok(images.every(item => !('ConceptNameCodeSequence' in item) && item['RelationshipType'] === 'CONTAINS'))
  const named = images.flatMap(references)
  const sources = [flair.slices[1]!, flair.slices[3]!, t2.slices[1]!].map(({ slice }) => slice.source.sopInstanceUid)
  const stored = (await resultsOf(study, both)).captures.map(capture => capture['SOPInstanceUID'])
  t.strictSame([0, 3, 6].map(i => named[i]), sources, 'each source before its two maps')
  t.equal(named.length, 9)
  t.ok([1, 2, 4, 5, 7, 8].every(i => stored.includes(named[i] as string)), 'the maps are those that are written')
  const evidence = (dataset['CurrentRequestedProcedureEvidenceSequence'] as readonly Dataset[])
    .flatMap(one => one['ReferencedSeriesSequence'] as readonly Dataset[]).flatMap(references)
  t.strictSame([...evidence].sort(), [...new Set(named)].sort())
  t.match(items.find(item => item['ValueType'] === 'TEXT' && item['RelationshipType'] === 'CONTAINS')!['TextValue'],
    /^RESEARCH USE ONLY - NOT FOR DIAGNOSTIC USE\. Slices at or above the threshold 0\.50 .*: S4 I2, S4 I4, S5 I2$/)
})

t.test('a study without a positive slice has no selection', async t => {
  t.equal(buildKeyObjectSelection(studyOf([seriesOf(mrSlices(2), [0.1, 'failed'])]), context), undefined)
  t.equal(buildKeyObjectSelection(studyOf([]), context), undefined)
})

t.test('positive frames of a multi-frame source are named by their numbers', async t => {
  const study = studyOf([seriesOf(slicesOf(instanceOf(enhancedDataset(3))), [0.9, 0.1, 0.8])])
  const dataset = buildKeyObjectSelection(study, testContext({ gradCam: false, saliency: false }))!
  const frames = (dataset['ContentSequence'] as readonly Dataset[]).filter(item => item['ValueType'] === 'IMAGE')
    .map(item => (item['ReferencedSOPSequence'] as readonly Dataset[])[0]!['ReferencedFrameNumber'])
  t.strictSame(frames, [1, 3])
  const [file, pdf] = writeAll(directory, [dataset, (await pdfOf(study)).dataset], 'frames')
  written.push(file!, pdf!)
  for (const one of [file!, pdf!]) assertDciodvfy(t, one)
  assertDsrdump(t, file!)
})

t.test('UIDs and bytes are the same for the same findings, others for a corrected header, and never shared', async t => {
  const study = (changes: Dataset = {}) => studyOf([seriesOf(mrSlices(2, changes), [0.9, 0.1])])
  const both = async (changes: Dataset = {}) => [buildKeyObjectSelection(study(changes), context)!, (await pdfOf(study(changes))).dataset]
  const [first, again, corrected] = [await both(), await both(), await both({ PatientID: 'OTHER' })]
  const uids = (datasets: readonly Dataset[]) => datasets.flatMap(dataset => [dataset['SOPInstanceUID'], dataset['SeriesInstanceUID']])
  t.strictSame(uids(again), uids(first))
  first.forEach((dataset, i) => { t.ok(Buffer.from(encodePart10(dataset)).equals(encodePart10(again[i]!))) })
  t.equal(new Set([...uids(first), ...uids(corrected)]).size, 8)
})

t.test('the document comes out of its object byte by byte', async t => {
  const study = studyOf([seriesOf(mrSlices(2), [0.9, 0.1])])
  const { dataset, file } = await pdfOf(study)
  t.match(dataset, { SOPClassUID: '1.2.840.10008.5.1.4.1.1.104.1', Modality: 'DOC', SeriesNumber: 9003, BurnedInAnnotation: 'NO', EncapsulatedDocumentLength: file.length })
  const { attributes } = readInstance(Buffer.from(encodePart10(dataset)))
  t.ok(Buffer.from(attributes.bytes('EncapsulatedDocument')!).subarray(0, file.length).equals(file))
  t.equal(attributes.items('SourceInstanceSequence').length, 2)
  const [path] = writeAll(directory, [dataset], 'bytes')
  if (!requireTool(t, '/usr/bin/python3')) return
  const hash = pydicomJson(`
import sys, json, hashlib, pydicom
d = pydicom.dcmread(sys.argv[1])
print(json.dumps(hashlib.sha256(d.EncapsulatedDocument[:d.EncapsulatedDocumentLength]).hexdigest()))`, [path!])
  const { createHash } = await import('node:crypto')
  t.equal(hash, createHash('sha256').update(file).digest('hex'))
  t.ok(readFileSync(path!).length > file.length)
  await t.rejects(pdfOf(studyOf([])), { code: 'no-eligible-series' })
})

t.test('pydicom reads every element of both kinds without a word', async t => {
  t.ok(written.length > 12)
  assertPydicomStrict(t, written)
})
