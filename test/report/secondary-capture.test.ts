import t from 'tap'
import type { Dataset } from '../../src/dicom/dataset.ts'
import type { Slice } from '../../src/dicom/slice.ts'
import { slicesOf } from '../../src/dicom/slices.ts'
import { drawOverlay, overlayOpacity } from '../../src/report/heatmap-picture.ts'
import { patientDirection } from '../../src/report/patient-direction.ts'
import type { ReportContext } from '../../src/report/report-context.ts'
import { resultSeries } from '../../src/report/result-series.ts'
import { seriesIdentity } from '../../src/report/result-uids.ts'
import { buildSecondaryCapture, geometry, rgbPixels } from '../../src/report/secondary-capture.ts'
import { encodePng } from '../../src/imaging/png.ts'
import { dataPath } from '../helpers/data.ts'
import { readInstanceFile } from '../../src/dicom/read-instance.ts'
import { blob, displayOf, emptyMap, seriesOf, testContext } from '../helpers/report-inputs.ts'
import { folder, writeAll } from '../helpers/result-files.ts'
import { axial, enhancedDataset, instanceOf, mrDataset, mrSlices, phantom } from '../helpers/synthetic-mr.ts'
import type { SyntheticGeometry } from '../helpers/synthetic-mr.ts'
import { requireTool } from '../helpers/tools.ts'
import { pydicomJson } from '../helpers/validators.ts'

async function captureOf (slices: readonly Slice[], changes: Partial<ReportContext> = {}, heatmap = blob('grad-cam', 80, 90)) {
  const series = seriesOf(slices, slices.map(() => 0.93))
  const context = testContext(changes)
  const result = series.slices[0]!
  const display = await displayOf(result.slice)
  return buildSecondaryCapture({ result, heatmap, display, series: resultSeries(seriesIdentity(series), context), context })
}

t.test('a heatmap is a derived secondary capture of its slice, in a series of its method', async t => {
  const slices = mrSlices(3)
  const { dataset } = await captureOf(slices)
  const source = slices[0]!.source
  t.match(dataset, {
    SOPClassUID: '1.2.840.10008.5.1.4.1.1.7',
    Modality: 'MR',
    SeriesNumber: 9101,
    InstanceNumber: 1,
    SeriesDescription: 'AI FLAIR Grad-CAM - RESEARCH ONLY',
    ImageType: ['DERIVED', 'SECONDARY', 'HEATMAP', 'GRADCAM'],
    ConversionType: 'WSD',
    BurnedInAnnotation: 'NO',
    LossyImageCompression: '00',
    BodyPartExamined: 'BRAIN',
    AcquisitionDate: '20260101',
    DerivationCodeSequence: [{ CodeValue: '130403' }],
    SourceImageSequence: [{ ReferencedSOPInstanceUID: source.sopInstanceUid, SpatialLocationsPreserved: 'YES' }],
    ReferencedSeriesSequence: [{ SeriesInstanceUID: source.seriesInstanceUid }],
    Rows: 96 * 7,
    Columns: 80 * 7,
    PhotometricInterpretation: 'RGB',
  })
  t.ok((dataset['SeriesDescription'] as string).length <= 64)
  const saliency = await captureOf(slices, {}, blob('saliency', 80, 90))
  t.match(saliency.dataset, { SeriesNumber: 9201, ImageType: ['DERIVED', 'SECONDARY', 'HEATMAP', 'SALIENCY'] })
  t.not(saliency.dataset['SeriesInstanceUID'], dataset['SeriesInstanceUID'])
  const evidence = await captureOf(slices, {}, blob('evidence', 80, 90))
  t.match(evidence.dataset, { SeriesNumber: 9301, CodingSchemeIdentificationSequence: [{ CodingSchemeDesignator: '99TSCAI' }] })
})

t.test('a series that repeats instance numbers is numbered in its order', async t => {
  const repeated = [0, 1].map(index => mrDataset(index, { InstanceNumber: 7 })).map(instanceOf).flatMap(slicesOf)
  const series = seriesOf(repeated, [0.9, 0.9])
  t.strictSame([...resultSeries(seriesIdentity(series), testContext()).instanceNumbers.values()], [1, 2])
  const frames = slicesOf(instanceOf(enhancedDataset(3)))
  t.strictSame([...resultSeries(seriesIdentity(seriesOf(frames, [])), testContext()).instanceNumbers.values()], [1, 2, 3])
})

t.test('the canvas geometry follows PS3.3 C.7.6.2.1.1 by hand', async t => {
  const [slice] = mrSlices(1)
  // factor 2: canvas pixel 0 lies a quarter of a source pixel before source pixel 0
  t.match(geometry(slice!, 2), {
    ImagePositionPatient: [-100 - 2.5 / 4, -96 - 2 / 4, 10],
    PixelSpacing: [1, 1.25],
    PatientOrientation: ['L', 'P'],
    SpacingBetweenSlices: '6',
  })
  t.match(geometry(slice!, 1), { ImagePositionPatient: [-100, -96, 10], PixelSpacing: [2, 2.5] })
})

t.test('a slice without geometry gives a capture without geometry', async t => {
  const [slice] = mrSlices(1, { ImagePositionPatient: null, ImageOrientationPatient: null })
  t.strictSame(geometry(slice!, 2), { PatientOrientation: null })
})

t.test('directions are named by letters, the largest part first', async t => {
  t.equal(patientDirection([1, 0, 0]), 'L')
  t.equal(patientDirection([0, -1, 0]), 'A')
  t.equal(patientDirection([0.9, 0.3, -0.32]), 'LFP')
  t.equal(patientDirection([-0.99, 0.05, 0.1]), 'R')
})

const cosine = Math.cos(0.5)
const sine = Math.sin(0.5)
const planes: Record<string, SyntheticGeometry> = {
  axial,
  'axial, rows to the right': { ...axial, row: [-1, 0, 0], position: [100, -96, 10] },
  'axial, transposed': { ...axial, row: [0, 1, 0], column: [1, 0, 0], rows: 64, columns: 120 },
  oblique: { ...axial, row: [cosine, 0, sine], column: [0, 1, 0] },
  'wide matrix': { ...axial, rows: 40, columns: 520, spacing: [1.5, 0.5] },
}

/** Where pydicom finds the whitest spot of a capture, and where the marked pixel of its source is, both in mm. */
const positions = `
import sys, json, numpy, pydicom
def place(ds, column, row):
    ipp = numpy.array([float(x) for x in ds.ImagePositionPatient])
    iop = numpy.array([float(x) for x in ds.ImageOrientationPatient])
    sr, sc = [float(x) for x in ds.PixelSpacing]
    return ipp + iop[:3] * sc * column + iop[3:] * sr * row
out = []
for source, capture in zip(sys.argv[1::2], sys.argv[2::2]):
    s, c = pydicom.dcmread(source), pydicom.dcmread(capture)
    row, column = numpy.unravel_index(s.pixel_array.argmax(), s.pixel_array.shape)
    gray = c.pixel_array.astype(float).min(axis=2)
    k = c.Columns // s.Columns
    # the mark is one source pixel: bilinear enlargement leaves a symmetric hill, whose centre of mass is its centre
    r0, c0 = row * k, column * k
    window = numpy.zeros_like(gray)
    window[r0 - k:r0 + 2 * k, c0 - k:c0 + 2 * k] = gray[r0 - k:r0 + 2 * k, c0 - k:c0 + 2 * k]
    window[window < 0.8 * window.max()] = 0
    total = window.sum()
    ys, xs = numpy.indices(gray.shape)
    out.append(float(numpy.abs(place(s, column, row) - place(c, (xs * window).sum() / total, (ys * window).sum() / total)).max()))
print(json.dumps(out))
`

t.test('a marked source pixel lies under the same patient coordinate in the capture', async t => {
  if (!requireTool(t, '/usr/bin/python3')) return
  const directory = folder(t)
  const files: string[] = []
  for (const [index, plane] of Object.values(planes).entries()) {
    const marked = { column: Math.floor(plane.columns / 2) + 3, row: Math.floor(plane.rows / 2) - 4 }
    const flat = phantom(plane).fill(0)
    flat[marked.row * plane.columns + marked.column] = 1000
    const source = mrDataset(index, {}, plane, flat)
    const { dataset } = await captureOf(slicesOf(instanceOf(source)), {}, emptyMap('grad-cam'))
    files.push(...writeAll(directory, [source, dataset], `pair-${index}`))
  }
  const distances = pydicomJson(positions, files) as number[]
  t.equal(distances.length, Object.keys(planes).length)
  for (const [index, name] of Object.keys(planes).entries()) t.ok(distances[index]! < 0.1, `${name}: ${distances[index]} mm`)
})

t.test('a map lies over the source pixel that its raster affine names, also when flipped or transposed', async t => {
  for (const [name, plane] of Object.entries(planes)) {
    const slices = mrSlices(1, {}, plane)
    const { toSource } = seriesOf(slices, [0.9]).slices[0]!
    const dark = { width: plane.columns, height: plane.rows, data: new Uint8Array(plane.columns * plane.rows) }
    const image = drawOverlay(dark, blob('grad-cam', 70, 100, 4), toSource, 1, 2)
    let brightest = 0
    for (let index = 0; index < image.data.length / 3; index++) {
      if (image.data[index * 3 + 1]! > image.data[brightest * 3 + 1]!) brightest = index
    }
    const column = ((brightest % image.width) + 0.5) / 2 - 0.5
    const row = (Math.floor(brightest / image.width) + 0.5) / 2 - 0.5
    t.ok(Math.abs(column - (toSource!.a * 70 + toSource!.b * 100 + toSource!.c)) <= 1, `${name}: column`)
    t.ok(Math.abs(row - (toSource!.d * 70 + toSource!.e * 100 + toSource!.f)) <= 1, `${name}: row`)
  }
})

t.test('the opacity grows with the probability and leaves the anatomy visible', async t => {
  t.equal(overlayOpacity(1), 0.5)
  t.equal(overlayOpacity(0), 0.15)
})

t.test('without a raster or a map the slice is drawn alone', async t => {
  const dark = { width: 2, height: 1, data: Uint8Array.of(10, 200) }
  t.strictSame([...drawOverlay(dark, blob('grad-cam', 1, 1), undefined, 1, 1).data], [10, 10, 10, 200, 200, 200])
  t.strictSame([...drawOverlay(dark, undefined, undefined, 1, 1).data], [10, 10, 10, 200, 200, 200])
})

t.test('the legend covers nothing of the head of a real slice', async t => {
  const path = dataPath(t, 'mr-dicom/philips-flair-axial/IM-0001-0012.dcm')
  if (path === undefined) return
  const [slice] = slicesOf(await readInstanceFile(path))
  const display = await displayOf(slice!)
  const { image } = await captureOf([slice!], {}, emptyMap('grad-cam'))
  const plain = drawOverlay(display, undefined, undefined, 1, 2)
  let changed = 0
  let covered = 0
  for (let pixel = 0; pixel < image.data.length; pixel += 3) {
    if (image.data[pixel] === plain.data[pixel]) continue
    changed++
    if (plain.data[pixel]! > 40) covered++
  }
  t.ok(changed > 500, 'there is a legend')
  t.equal(covered, 0)
})

t.test('pixels are exactly those of the picture, whatever memory it lies in, and are not copied needlessly', async t => {
  const picture = { width: 1, height: 1, data: Uint8Array.of(1, 2, 3) }
  const view = { width: 1, height: 1, data: new Uint8Array(Uint8Array.of(9, 9, 1, 2, 3, 4).buffer, 2, 3) }
  const [own, exact] = rgbPixels([picture, view])['PixelData'] as readonly ArrayBuffer[]
  t.equal(own, picture.data.buffer)
  t.strictSame([...new Uint8Array(exact!)], [1, 2, 3])
})

t.test('findings that cannot have a map, and pictures of another size, are refused', async t => {
  const slices = mrSlices(1)
  const context = testContext()
  const build = (told: 'failed' | number, width: number) => {
    const series = seriesOf(slices, [told])
    const display = { width, height: 96, data: new Uint8Array(width * 96) }
    const results = resultSeries(seriesIdentity(series), context)
    return buildSecondaryCapture({ result: series.slices[0]!, heatmap: blob('grad-cam', 1, 1), display, series: results, context })
  }
  t.throws(() => build('failed', 80), { code: 'internal' })
  t.throws(() => build(0.5, 81), { code: 'internal' })
  t.match(build(0.5, 80).dataset, { Columns: 560 } satisfies Dataset)
})

t.test('the same slice gives the same picture and UID; a slice more in the series gives a new series', async t => {
  const [first, second] = [await captureOf(mrSlices(2)), await captureOf(mrSlices(2))]
  t.ok(Buffer.from(encodePng(first.image)).equals(encodePng(second.image)))
  t.equal(first.dataset['SOPInstanceUID'], second.dataset['SOPInstanceUID'])
  const more = await captureOf(mrSlices(3))
  t.not(more.dataset['SeriesInstanceUID'], first.dataset['SeriesInstanceUID'])
  t.not(more.dataset['SOPInstanceUID'], first.dataset['SOPInstanceUID'])
})

t.test('without the moment of the job record no creation date is written', async t => {
  const { dataset } = await captureOf(mrSlices(1), { instanceCreation: false })
  t.notOk('InstanceCreationDate' in dataset)
})
