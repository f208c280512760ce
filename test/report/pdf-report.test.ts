import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { slicesOf } from '../../src/dicom/slices.ts'
import { createDecoder } from '../../src/imaging/decoder-pool.ts'
import { buildPdfReport } from '../../src/report/pdf-report.ts'
import type { ReportContext } from '../../src/report/report-context.ts'
import type { StudyFindings } from '../../src/report/series-findings.ts'
import { poppler, readPdf } from '../helpers/pdf.ts'
import { displayOf, emptyMap, finding, seriesOf, studyOf, testContext } from '../helpers/report-inputs.ts'
import { folder } from '../helpers/result-files.ts'
import { axial, enhancedDataset, instanceOf, mrSlices } from '../helpers/synthetic-mr.ts'
import { requireTool } from '../helpers/tools.ts'

const decoder = createDecoder({ workers: 1 })
t.teardown(async () => await decoder.close())
const directory = folder(t)

const flair = seriesOf(mrSlices(7), [0.02, 0.4, 0.93, 0.71, 'failed', 'undetermined', 0.1], { notes: ['a gap of 5 mm'] })
const excluded: StudyFindings['excluded'] = [
  { seriesNumber: 301, description: 'Doe^Jane', reason: 'ScanningSequence EP: echo-planar' },
  { seriesNumber: undefined, description: '', reason: 'localizer' },
]

async function pdfOf (study: StudyFindings, context: ReportContext = testContext()): Promise<Uint8Array> {
  return await buildPdfReport({ study, context, displayOf, encodeJpeg: async (image, quality) => await decoder.encodeJpeg(image, quality) })
}

t.test('the first page says result, slices, series left out and model; then come all slices, their probability as title', async t => {
  const { pages, images, titles } = readPdf(await pdfOf(studyOf([flair], excluded)))
  t.strictSame(titles, ['Summary', 'Series 4, FLAIR: slices'])
  const [summary, ...slices] = pages.map(lines => lines.join('\n'))
  for (const part of [
    'PRESENT\nby algorithm', 'RESEARCH USE ONLY - NOT FOR DIAGNOSTIC USE', 'Highest p(tuber) 0.93 (S4 I3). A slice is positive at >= 0.50.',
    'Analysed: FLAIR. Not available: T2.', 'Series 4, FLAIR: PRESENT by algorithm', '2 of 7 slices >= 0.50: I3, I4.', 'Without a probability: I5, I6.',
    'S4 I3: p(tuber) = 0.93', 'S4 I4: p(tuber) = 0.71', 'S4 I2: p(tuber) = 0.40', 'a gap of 5 mm',
    'Not analysed: series 301: ScanningSequence EP: echo-planar', 'Not analysed: a series without number: localizer', 'Model tuber-test 1.2.3, sha256 9f9f',
    'onnxruntime 1.30.0', '2026-01-02 03:04:05', `Page 1 of ${pages.length}`,
  ]) t.ok(summary!.includes(part), part)
  const all = slices.join('\n')
  const order = ['S4 I1: p(tuber) = 0.02, negative (< 0.50)', 'S4 I3: p(tuber) = 0.93, POSITIVE (>= 0.50)',
    'S4 I5: no probability (failed): The frame could not be decoded', 'S4 I7'].map(text => all.indexOf(text))
  t.ok(order.every((at, i) => at >= 0 && at > (order[i - 1] ?? -1)), 'in the order of the source')
  const count = (text: string) => all.split('\n').filter(line => line === text).length
  t.strictSame([count('Original'), count('Grad-CAM'), count('Grad-CAM over the original'), count('Saliency'), count('Saliency over the original')], [12, 5, 5, 5, 5])
  // three thumbnails; of each slice the original once; two maps and two overlays of those classified
  t.equal(images, 3 + 7 + 5 * 4)
  for (const page of pages) t.ok(page.includes('RESEARCH USE ONLY - NOT FOR DIAGNOSTIC USE'), 'research use only on every page')
})

t.test('nothing of the patient, of the study and of free text is in the document', async t => {
  const named = { PatientName: { Alphabetic: 'Doe^Jane' }, PatientID: 'ID-4711', AccessionNumber: 'ACC-12', StudyDescription: 'Secret study' }
  const slices = mrSlices(2, { ...named, SeriesDescription: 'Doe^Jane' })
  const bytes = await pdfOf(studyOf([seriesOf(slices, [0.9, 0.1])], excluded))
  const text = `${readPdf(bytes).pages.flat().join('\n')}${Buffer.from(bytes).toString('latin1')}`
  for (const secret of ['Doe', 'Jane', '4711', 'ACC-12', 'Secret', slices[0]!.source.studyInstanceUid]) t.notOk(text.includes(secret), secret)
  t.match(text, /Report 2\.25\.\d+/, 'it bears the UID of its own object')
})

t.test('the same findings give the same bytes; another result, moment or model gives others', async t => {
  const study = () => studyOf([seriesOf(mrSlices(2), [0.9, 0.1])])
  const first = Buffer.from(await pdfOf(study()))
  t.ok(first.equals(await pdfOf(study())))
  t.notOk(first.equals(await pdfOf(studyOf([seriesOf(mrSlices(2), [0.8, 0.1])]))))
  t.notOk(first.equals(await pdfOf(study(), testContext({ time: '030406' }))))
  t.match(first.toString('latin1'), /\(D:20260102030405Z\)/, 'dated by the analysis, not by the clock')
})

t.test('two series, an empty map, frames, uneven spacing, slices without geometry, large and without maps are drawn', async t => {
  const empty = { ...flair, slices: flair.slices.slice(0, 1).map(result => ({ ...result, finding: finding(0.3, [emptyMap('grad-cam')]) })) }
  const two = readPdf(await pdfOf(studyOf([empty, seriesOf(mrSlices(1), [0.1], { contrast: 'T2', ordinal: 2, seriesNumber: undefined })])))
  t.strictSame(two.titles, ['Summary', 'Series 4, FLAIR: slices', 'Series, T2: slices'])
  t.ok(two.pages.flat().includes('Grad-CAM: no positive activation'))
  const frames = await pdfOf(studyOf([seriesOf(slicesOf(instanceOf(enhancedDataset(2))), [0.9, 0.1])]), testContext({ gradCam: false, saliency: false }))
  t.ok(readPdf(frames).pages.flat().some(line => line.includes('F2: p(tuber) = 0.10')))
  t.notOk(readPdf(frames).pages.flat().includes('Grad-CAM'))
  const others = [
    seriesOf(mrSlices(1, {}, { ...axial, spacing: [1, 4] }), [0.9]),
    seriesOf(mrSlices(1, { ImagePositionPatient: null, ImageOrientationPatient: null }), [0.9]),
    seriesOf(mrSlices(1, {}, { ...axial, rows: 600, columns: 300 }), [0.9]),
  ]
  for (const series of others) t.equal(readPdf(await pdfOf(studyOf([series]))).images, 6)
})

t.test('a slice that cannot be decoded again is told and not shown; one that has a probability must be there', async t => {
  const broken = async () => { throw new Error('unreadable') }
  const encodeJpeg = async (image: Parameters<typeof decoder.encodeJpeg>[0], quality: number) => await decoder.encodeJpeg(image, quality)
  const build = async (study: StudyFindings) => await buildPdfReport({ study, context: testContext(), displayOf: broken, encodeJpeg })
  const { pages, images } = readPdf(await build(studyOf([seriesOf(mrSlices(1), ['failed'])])))
  t.equal(images, 0)
  t.ok(pages[0]!.includes('No slice could be classified.'))
  t.ok(pages[1]!.some(line => line.startsWith('S4 I1: no probability (failed)')))
  await t.rejects(build(studyOf([seriesOf(mrSlices(1), [0.2])])), /unreadable/)
})

t.test('a study without analysed series has no report', async t => {
  await t.rejects(pdfOf(studyOf([])), { code: 'no-eligible-series' })
})

t.test('200 slices keep to two a page and to less than 64 KiB each', async t => {
  const slices = mrSlices(200)
  const bytes = await pdfOf(studyOf([seriesOf(slices, slices.map((_, i) => i / 200))]))
  t.equal(readPdf(bytes).pages.length, 1 + 100)
  t.ok(bytes.length < 200 * 65_536, `${bytes.length} bytes`)
})

t.test('Latin, Greek and Cyrillic are written; what the font lacks is written out or becomes the sign for what is missing', async t => {
  const { model } = testContext()
  const manifest = { ...model.manifest, name: 'Wörter Модель Ελλ ≥ 1 山' }
  const { pages } = readPdf(await pdfOf(studyOf([flair]), testContext({ model: { ...model, manifest } })))
  t.ok(pages[0]!.join(' ').includes('Model Wörter Модель Ελλ >= 1 \ufffd 1.2.3'))
})

t.test('the file brings its fonts, is tagged, and tells language and title', async t => {
  for (const tool of ['pdfinfo', 'pdffonts', 'pdftotext']) if (!requireTool(t, tool)) return
  const bytes = await pdfOf(studyOf([flair], excluded))
  const file = join(directory, 'tagged.pdf')
  writeFileSync(file, bytes)
  const fonts = poppler('pdffonts', [file]).out.trim().split('\n').slice(2)
  t.equal(fonts.length, 2)
  for (const line of fonts) t.match(line, /^[A-Z]{6}\+NotoSans-(Regular|Bold) +CID TrueType +Identity-H +yes yes yes/)
  const { out, complaints } = poppler('pdfinfo', [file])
  t.equal(complaints, '')
  t.match(out, /^Title: +Cortical tubers by algorithm - RESEARCH ONLY$/m)
  t.match(out, /^Tagged: +yes$/m)
  const raw = Buffer.from(bytes).toString('latin1')
  for (const entry of ['/Lang (en)', '/DisplayDocTitle true', '/Marked true']) t.ok(raw.includes(entry), entry)
  const text = poppler('pdftotext', ['-layout', file, '-']).out
  for (const words of ['Highest p(tuber) 0.93 (S4 I3).', 'S4 I4: p(tuber) = 0.71, POSITIVE (>= 0.50)', 'RESEARCH USE ONLY']) t.ok(text.includes(words), words)
  const structure = poppler('pdfinfo', ['-struct-text', file]).out
  const at = ['Document', 'H1 (block)', '"CORTICAL TUBERS (TSC)"', 'H2 (block)', '"Series 4, FLAIR: PRESENT by algorithm"', 'Figure', '"Highest slices"', '"S4 I1: p(tuber) = 0.02, negative (< 0.50)"']
    .map(words => structure.indexOf(words))
  t.strictSame(at, [...at].sort((a, b) => a - b), 'in the order in which it is read')
  t.ok(!at.includes(-1))
  t.notOk(structure.includes('Page 1 of'), 'what every page repeats is not read')
  t.strictSame(poppler('pdftotext', [file, '-']).complaints, '')
})

t.test('every picture says what it shows', async t => {
  const { alternatives } = readPdf(await pdfOf(studyOf([flair], excluded)))
  // the profile, three thumbnails, six pictures of each slice with maps, the original of those without
  t.equal(alternatives.length, 1 + 3 + 5 * 6 + 2)
  t.equal(alternatives[0], 'Probability of each of 7 slices in their order, threshold 0.50: 0.02, 0.40, 0.93, 0.71, none, none, 0.10')
  for (const words of ['S4 I3: p(tuber) = 0.93, Grad-CAM', 'S4 I5: Original', 'S4 I7: Saliency over the original']) t.ok(alternatives.includes(words), words)
})

t.test('Ghostscript draws every page without a word, and finds the text', async t => {
  if (!requireTool(t, 'gs')) return
  const file = join(directory, 'report.pdf')
  writeFileSync(file, await pdfOf(studyOf([flair], excluded)))
  const drawn = spawnSync('gs', ['-q', '-dNOPAUSE', '-dBATCH', '-sDEVICE=nullpage', file], { encoding: 'utf8' })
  t.strictSame([drawn.status, drawn.stdout, drawn.stderr], [0, '', ''])
  const text = spawnSync('gs', ['-q', '-dNOPAUSE', '-dBATCH', '-sDEVICE=txtwrite', '-sOutputFile=-', file], { encoding: 'utf8' }).stdout
  for (const words of ['Highest p(tuber) 0.93 (S4 I3).', 'S4 I4: p(tuber) = 0.71, POSITIVE (>= 0.50)']) t.ok(text.includes(words), words)
})
