import t from 'tap'
import { slicesOf } from '../../src/dicom/slices.ts'
import { encodePart10 } from '../../src/dicom/write-part10.ts'
import type { Slice } from '../../src/dicom/slice.ts'
import { byProbability, contrastsSentence, thresholdText } from '../../src/report/sentences.ts'
import { buildSummaryPage } from '../../src/report/summary-page.ts'
import type { StudyFindings } from '../../src/report/series-findings.ts'
import { displayOf, seriesOf, studyOf, testContext } from '../helpers/report-inputs.ts'
import { axial, enhancedDataset, instanceOf, mrSlices } from '../helpers/synthetic-mr.ts'

const context = testContext()
const slices = mrSlices(5)
const flair = seriesOf(slices, [0.1, 0.9, 0.8, 'failed', 0.7])
const t2 = seriesOf(slices, [0.2, 0.1, 0.3, 0.2, 0.1], { contrast: 'T2', ordinal: 2, seriesNumber: 5, notes: ['3D acquisition.'] })
const excluded: StudyFindings['excluded'] =
  Array.from({ length: 12 }, (_, index) => ({ seriesNumber: index === 0 ? undefined : index, description: 'Doe^Jane', reason: 'localizer' }))
const pageOf = (study: StudyFindings, changes = {}) => buildSummaryPage({ study, context: testContext(changes), displayOf })

t.test('the page is a secondary capture without geometry, in a series of its own', async t => {
  const { dataset, image } = await pageOf(studyOf([flair, t2], excluded))
  t.match(dataset, {
    SOPClassUID: '1.2.840.10008.5.1.4.1.1.7',
    SeriesNumber: 9002,
    SeriesDescription: 'AI tuber summary - RESEARCH ONLY',
    ImageType: ['DERIVED', 'SECONDARY', 'SUMMARY'],
    BurnedInAnnotation: 'NO',
    Rows: image.height,
    Columns: image.width,
  })
  for (const name of ['FrameOfReferenceUID', 'ImagePositionPatient', 'PixelSpacing', 'SourceImageSequence']) t.notOk(name in dataset, name)
})

t.test('the three highest slices are asked for, highest first, and no other', async t => {
  const asked: (number | undefined)[] = []
  const ask = (slice: Slice) => {
    asked.push(slice.instanceNumber)
    return displayOf(slice)
  }
  await buildSummaryPage({ study: studyOf([flair]), context, displayOf: ask })
  t.strictSame(asked, [2, 3, 5])
})

t.test('the result decides the colours of the page; the same findings give the same bytes', async t => {
  const pages = [flair, seriesOf(slices, [0.1]), seriesOf(slices, ['failed', 'failed', 'failed', 'failed', 'failed'])]
    .map(series => pageOf(studyOf([series])))
  const colors = (await Promise.all(pages)).map(({ image }) => {
    const at = (150 * image.width + 34) * 3 // inside the first stroke of the word: P, A and U all begin with one
    return image.data.subarray(at, at + 3).join()
  })
  t.strictSame(colors, ['255,122,84', '150,200,255', '255,196,84'])
  const [first, second] = [await pageOf(studyOf([flair])), await pageOf(studyOf([flair]))]
  t.ok(Buffer.from(encodePart10(first.dataset)).equals(encodePart10(second.dataset)))
})

t.test('descriptions of series, free text that may hold a name, are not on the page', async t => {
  const described = { ...flair, seriesDescription: 'AX FLAIR' }
  const renamed = { ...flair, seriesDescription: 'Doe^Jane' }
  const [one, other] = [await pageOf(studyOf([described], excluded)), await pageOf(studyOf([renamed], excluded.map(series => ({ ...series, description: '' }))))]
  t.ok(Buffer.from(one.image.data).equals(other.image.data))
})

t.test('slices that differ in spacing, maps and numbers are drawn, also frames and slices without geometry', async t => {
  const wide = seriesOf(mrSlices(1, {}, { ...axial, spacing: [1, 4] }), [0.9])
  const frames = seriesOf(slicesOf(instanceOf(enhancedDataset(2))), [0.9, 0.1])
  const bare = seriesOf(mrSlices(1, { ImagePositionPatient: null, ImageOrientationPatient: null, SeriesNumber: null }), [0.9])
  const heights = await Promise.all([wide, frames, bare].map(async series => (await pageOf(studyOf([series]))).image.height))
  t.ok(heights.every(height => height >= 1024))
  const without = await pageOf(studyOf([wide]), { gradCam: false, saliency: false })
  const withMap = await pageOf(studyOf([wide]))
  t.notOk(Buffer.from(without.image.data).equals(withMap.image.data))
})

t.test('a study without analysed series has no page', async t => {
  await t.rejects(pageOf(studyOf([])), { code: 'no-eligible-series' })
})

t.test('sentences print thresholds with the digits that decide, and say which contrasts there were', async t => {
  t.equal(thresholdText(0.5), '0.50')
  t.equal(thresholdText(0.3712), '0.3712')
  t.equal(contrastsSentence(studyOf([])), 'Analysed: nothing. Not available: T2, FLAIR.')
  t.equal(contrastsSentence(studyOf([flair, t2])), 'Analysed: T2, FLAIR.')
  t.strictSame(byProbability([flair, t2]).map(({ probability }) => probability), [0.9, 0.8, 0.7, 0.3, 0.2, 0.2, 0.1, 0.1, 0.1])
})
