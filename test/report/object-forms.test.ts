import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { buildDeliverables } from '../../src/analysis/build-deliverables.ts'
import type { Attributes } from '../../src/dicom/attributes.ts'
import { readInstanceFile } from '../../src/dicom/read-instance.ts'
import { uidFromName } from '../../src/dicom/uid.ts'
import type { Slice } from '../../src/dicom/slice.ts'
import { slicesOf } from '../../src/dicom/slices.ts'
import { fhirBundle } from '../../src/report/fhir-bundle.ts'
import { heatmapPeak } from '../../src/report/heatmap-peak.ts'
import { buildParametricMap, smallestValue } from '../../src/report/parametric-map.ts'
import { resultSeries } from '../../src/report/result-series.ts'
import { seriesIdentity } from '../../src/report/result-uids.ts'
import { buildMultiFrameCapture } from '../../src/report/multi-frame-capture.ts'
import { planeGroups } from '../../src/report/plane-groups.ts'
import { defaultObjectSettings } from '../../src/report/object-settings.ts'
import type { ObjectSettings } from '../../src/report/object-settings.ts'
import { parseHeatmapScope } from '../../src/report/heatmap-scope.ts'
import { commentSentences } from '../../src/report/sentences.ts'
import { buildStructuredReport } from '../../src/report/structured-report.ts'
import { receiveRule } from '../../src/workflow/loop-guard.ts'
import { dataPath } from '../helpers/data.ts'
import { assertPydicomReads, assertValid, deliver, references } from '../helpers/deliverable-files.ts'
import type { DeliveredFile } from '../helpers/deliverable-files.ts'
import { blob, displayOf, finding, seriesOf, studyOf, testContext } from '../helpers/report-inputs.ts'
import { axial, mrSlices } from '../helpers/synthetic-mr.ts'
import { requireTool } from '../helpers/tools.ts'
import { pydicomJson } from '../helpers/validators.ts'

const contextOf = (objects: Partial<ObjectSettings>) => testContext({ objects: { ...defaultObjectSettings, ...objects } })

/** A negative T2 of three slices and a positive FLAIR of five, one of which failed. */
function twoSeries (): ReturnType<typeof studyOf> {
  const t2 = mrSlices(3, { SeriesInstanceUID: '2.25.1', SeriesNumber: 3, SeriesDescription: 'AX T2' })
    .map((slice, i): Slice => ({ ...slice, source: { ...slice.source, sopInstanceUid: `2.25.10${i}` as Slice['source']['sopInstanceUid'] } }))
  return studyOf([
    seriesOf(t2, [0.1, 0.3, 0.2], { contrast: 'T2', ordinal: 1 }),
    seriesOf(mrSlices(5), [0.02, 0.93, 0.71, 'failed', 0.4], { ordinal: 2 }),
  ])
}

/** The real Philips FLAIR series, three slices of it, one positive and one failed. */
async function philips (t: Parameters<typeof dataPath>[0]): Promise<ReturnType<typeof studyOf> | undefined> {
  const folder = dataPath(t, 'mr-dicom/philips-flair-axial')
  if (folder === undefined) return undefined
  const files = readdirSync(folder).filter(name => name.endsWith('.dcm')).sort().slice(10, 13)
  const slices = (await Promise.all(files.map(async file => await readInstanceFile(join(folder, file))))).flatMap(slicesOf)
  return studyOf([seriesOf(slices, [0.1, 0.9, 'failed'])])
}

const scopes = { all: 14, 'positive-series': 8, 'positive-slices': 4, 'top-2': 8, none: 0 }

t.test('heatmaps are written of the slices in scope, and documents name these alone', async t => {
  const written: string[] = []
  for (const [text, count] of Object.entries(scopes)) {
    const folder = t.testdir({ [text]: {} })
    const files = await deliver(join(folder, text), twoSeries(), contextOf({ heatmapScope: parseHeatmapScope(text)! }), { extras: ['key-objects'] })
    const heatmaps = files.filter(({ kind }) => kind === 'grad-cam' || kind === 'saliency').map(({ instance }) => instance.sopInstanceUid as string)
    t.equal(heatmaps.length, count, text)
    const named = files.filter(({ kind }) => kind === 'sr').flatMap(({ instance }) => references(instance.attributes))
    const sources = new Set([...Array.from({ length: 3 }, (_, i) => `2.25.10${i}`), ...mrSlices(5).map(slice => slice.source.sopInstanceUid as string)])
    t.strictSame(new Set(named.filter(uid => !sources.has(uid))), new Set(heatmaps), 'reports name what is written')
    const [keyObjects] = files.filter(({ kind }) => kind === 'key-objects').map(({ instance }) => references(instance.attributes))
    t.strictSame(keyObjects!.filter(uid => !sources.has(uid)).length, text === 'none' ? 0 : 4, 'the heatmaps of the two positive slices')
    assertValid(t, files)
    written.push(...files.map(({ path }) => path))
    if (text === 'none') assertPydicomReads(t, files.map(({ path }) => path))
  }
  t.ok(written.length > 30)
})

t.test('a heatmap is the same object in every scope, and a report another one', async t => {
  const folder = t.testdir({ a: {}, b: {} })
  const all = await deliver(join(folder, 'a'), twoSeries(), contextOf({}))
  const few = await deliver(join(folder, 'b'), twoSeries(), contextOf({ heatmapScope: { of: 'positive-slices' } }))
  const uids = new Set(all.map(({ instance }) => instance.sopInstanceUid))
  t.strictSame(few.map(({ kind, instance }) => [kind, uids.has(instance.sopInstanceUid)]), [
    ['grad-cam', true], ['saliency', true], ['grad-cam', true], ['saliency', true], ['summary', false], ['sr', false], ['sr', false],
  ])
})

t.test('maps stay the same objects, byte for byte, when the class of the report changes', async t => {
  const folder = t.testdir({ a: {}, b: {}, c: {}, d: {} })
  const bytesOf = (files: readonly DeliveredFile[]) => new Map(files.map(({ instance, path }) => [instance.sopInstanceUid, readFileSync(path).toString('base64')]))
  for (const [at, other, objects] of [['a', 'b', { parametricMaps: true }], ['c', 'd', { multiFrame: true }]] as const) {
    const newer = await deliver(join(folder, at), twoSeries(), contextOf(objects))
    const older = await deliver(join(folder, other), twoSeries(), { ...contextOf(objects), srSopClass: '88.22' })
    t.strictSame(older.map(({ kind }) => kind), newer.map(({ kind }) => kind))
    const before = bytesOf(newer)
    for (const { kind, instance, path } of older) {
      if (kind === 'sr' || kind === 'summary') t.notOk(before.has(instance.sopInstanceUid), `another ${kind}`)
      else t.equal(before.get(instance.sopInstanceUid), readFileSync(path).toString('base64'), kind)
    }
  }
})

const elements = (item: Attributes, concept: string) => item.items('ContentSequence')
  .filter(child => child.items('ConceptNameCodeSequence')[0]?.string('CodeValue') === concept)

t.test('one report of the study holds all series, by falling probability, with the conclusion of the study', async t => {
  const predecessors = ['2.25.5', '2.25.6'].map(sopInstanceUid =>
    ({ studyInstanceUid: uidFromName('test study'), seriesInstanceUid: '2.25.7', sopClassUid: '1.2.840.10008.5.1.4.1.1.88.34', sopInstanceUid }))
  const files = await deliver(t.testdir(), twoSeries(), contextOf({ srScope: 'study' }), {
    extras: ['key-objects', 'pdf'], predecessors: new Map([[1, predecessors], [2, predecessors.slice(1)]]),
  })
  t.strictSame(files.slice(-4).map(({ kind }) => kind), ['summary', 'key-objects', 'pdf', 'sr'], 'the report comes last')
  const report = files.at(-1)!.instance.attributes
  t.strictSame([report.string('SeriesDescription'), report.number('SeriesNumber')], ['AI tubers - RESEARCH ONLY', 9010])
  const [replaced] = report.items('PredecessorDocumentsSequence').flatMap(study => study.items('ReferencedSeriesSequence'))
  t.strictSame(replaced!.items('ReferencedSOPSequence').map(one => one.string('ReferencedSOPInstanceUID')), ['2.25.5', '2.25.6'], 'each once')
  const [evaluations] = elements(report, 'C0034375')
  t.strictSame(elements(evaluations!, 'TSC-TUBER').map(item => item.items('ConceptCodeSequence')[0]!.string('CodeMeaning')), ['Present'])
  t.equal(elements(evaluations!, '121077').length, 1, 'one conclusion')
  t.strictSame(elements(evaluations!, '121111').map(item => item.string('TextValue')?.slice(0, 14)), ['Series 3 AX T2', 'Series 4 AX FL'])
  const groups = elements(elements(report, '126010')[0]!, '125007')
  t.strictSame(groups.map(group => elements(group, '112039')[0]!.string('TextValue')),
    ['S4 I2', 'S4 I3', 'S4 I5', 'S3 I2', 'S3 I3', 'S3 I1', 'S4 I1', 'S4 I4'], 'by falling probability over both series; the failed slice last')
  const library = elements(elements(report, '111028')[0]!, '126200')
  t.strictSame(library.map(group => elements(group, '260753009').length), [3, 5], 'a library group a series')
  assertValid(t, files)
  assertPydicomReads(t, files.slice(-4).map(({ path }) => path))
  const bundle = fhirBundle([report], 'present') as { entry: { resource: { resourceType: string, note?: { text: string }[] } }[] }
  t.equal(bundle.entry.filter(({ resource }) => resource.resourceType === 'Observation').length, 1 + 1 + 8)
  t.match(JSON.stringify(bundle), /Series 3 AX T2.*Series 4 AX FLAIR/)
})

t.test('a note about one series of several is told with its name', async t => {
  const { series } = twoSeries()
  const noted = series.map((one, i) => ({ ...one, notes: i === 0 ? ['all', 'a gap'] : ['all'] }))
  t.strictSame(commentSentences(studyOf(noted), noted).slice(2), ['all', 'Series 3 AX T2 (T2): a gap'])
})

t.test('no two series of results have one number', async t => {
  const files = await deliver(t.testdir(), twoSeries(), contextOf({}), { extras: ['key-objects', 'pdf'] })
  const numbers = new Map(files.map(({ instance: { seriesInstanceUid, attributes } }) => [seriesInstanceUid, attributes.number('SeriesNumber')!]))
  t.strictSame([...numbers.values()].sort(), [9001, 9002, 9003, 9011, 9012, 9101, 9102, 9201, 9202])
})

t.test('a job that runs again does not replace its own report', async t => {
  const [first] = (await deliver(t.testdir({ a: {} }), twoSeries(), contextOf({ srScope: 'study' }))).slice(-1)
  const own = { studyInstanceUid: uidFromName('test study'), seriesInstanceUid: '2.25.7', sopClassUid: '2.25.8', sopInstanceUid: first!.instance.sopInstanceUid }
  t.notOk('PredecessorDocumentsSequence' in buildStructuredReport({ study: twoSeries(), context: contextOf({ srScope: 'study' }), predecessors: [own] }))
})

interface Frame { readonly sha256: string, readonly position: readonly number[], readonly spacing: readonly number[], readonly orientation: readonly number[] }

/** Pixels and plane of every frame of files, single or not. */
const frames = `
import sys, json, hashlib, pydicom
out = []
for path in sys.argv[1:]:
    ds = pydicom.dcmread(path)
    n = int(ds.get('NumberOfFrames', 1))
    pixels = ds.pixel_array.reshape((n, ds.Rows, ds.Columns, 3))
    shared = ds.get('SharedFunctionalGroupsSequence', [ds])[0]
    own = ds.get('PerFrameFunctionalGroupsSequence', [ds] * n)
    numbers = lambda values: [float(value) for value in values]
    out.append([{
        'sha256': hashlib.sha256(pixels[i].tobytes()).hexdigest(),
        'position': numbers(own[i].PlanePositionSequence[0].ImagePositionPatient if 'PlanePositionSequence' in own[i] else ds.ImagePositionPatient),
        'spacing': numbers(shared.PixelMeasuresSequence[0].PixelSpacing if 'PixelMeasuresSequence' in shared else ds.PixelSpacing),
        'orientation': numbers(shared.PlaneOrientationSequence[0].ImageOrientationPatient if 'PlaneOrientationSequence' in shared else ds.ImageOrientationPatient),
    } for i in range(n)])
print(json.dumps(out))
`

/** The frames of files, decoded, as hashes. */
const hashes = `
import sys, json, hashlib, pydicom
out = []
for path in sys.argv[1:]:
    ds = pydicom.dcmread(path)
    pixels = ds.pixel_array.tobytes()
    out.append([str(ds.file_meta.TransferSyntaxUID), len(pixels), hashlib.sha256(pixels).hexdigest()])
print(json.dumps(out))
`

t.test('compressed captures hold the same pixels for pydicom and DCMTK, and other UIDs', async t => {
  const studies = [twoSeries(), await philips(t)].flatMap(study => study ?? [])
  for (const [i, study] of studies.entries()) {
    const folder = t.testdir({ [`plain-${i}`]: {}, [`rle-${i}`]: {} })
    const scope = { heatmapScope: { of: 'positive-slices' } } as const
    const plain = await deliver(join(folder, `plain-${i}`), study, contextOf(scope))
    const compressed = await deliver(join(folder, `rle-${i}`), study, contextOf({ ...scope, compression: 'rle' }))
    assertValid(t, compressed)
    assertPydicomReads(t, compressed.map(({ path }) => path))
    const images = (files: typeof plain) => files.filter(({ kind }) => kind !== 'sr').map(({ path }) => path)
    const [before, after] = [images(plain), images(compressed)].map(paths => pydicomJson(hashes, paths) as [string, number, string][])
    t.strictSame(after!.map(([, ...pixels]) => pixels), before!.map(([, ...pixels]) => pixels), 'bit by bit, for pydicom')
    t.strictSame(new Set(after!.map(([syntax]) => syntax)), new Set(['1.2.840.10008.1.2.5']))
    t.ok(compressed.every(({ instance }, n) => instance.sopInstanceUid !== plain[n]!.instance.sopInstanceUid), 'other bytes, other UIDs')
    if (!requireTool(t, 'dcmdrle')) continue
    for (const [n, path] of images(compressed).entries()) {
      const decoded = `${path}.plain`
      t.equal(spawnSync('dcmdrle', [path, decoded]).status, 0)
      const pixels = async (file: string) => Buffer.from(await (await readInstanceFile(file)).pixelData.frame(1))
      t.ok((await pixels(decoded)).equals(await pixels(images(plain)[n]!)), 'bit by bit, for DCMTK')
    }
  }
})

t.test('heatmaps of several frames hold the frames of the single ones, with their planes, and reports name each frame', async t => {
  const studies = [twoSeries(), await philips(t)].flatMap(study => study ?? [])
  for (const [i, study] of studies.entries()) {
    const folder = t.testdir({ [`single-${i}`]: {}, [`multi-${i}`]: {}, [`rle-${i}`]: {} })
    const single = await deliver(join(folder, `single-${i}`), study, contextOf({}))
    const multi = await deliver(join(folder, `multi-${i}`), study, contextOf({ multiFrame: true }), { extras: ['key-objects'] })
    const rle = await deliver(join(folder, `rle-${i}`), study, contextOf({ multiFrame: true, compression: 'rle' }))
    for (const files of [multi, rle]) {
      assertValid(t, files)
      assertPydicomReads(t, files.map(({ path }) => path))
    }
    t.strictSame(multi.map(({ kind }) => kind), [...study.series.flatMap(() => ['grad-cam', 'saliency']), 'summary', 'key-objects', ...study.series.map(() => 'sr')])
    const paths = (files: typeof single, kind: string) => files.filter(file => file.kind === kind).map(({ path }) => path)
    for (const kind of ['grad-cam', 'saliency']) {
      const told = [single, multi, rle].map(files => (pydicomJson(frames, paths(files, kind)) as Frame[][]).flat())
      t.strictSame(told[1], told[0], 'the same pixels at the same places')
      t.strictSame(told[2], told[0])
    }
    const report = multi.at(-1)!.instance.attributes
    const groups = elements(elements(report, '126010')[0]!, '125007')
    const sources = new Map(study.series.at(-1)!.slices.filter(({ finding }) => finding.kind === 'classified').map(({ slice }, n) => [slice.source.sopInstanceUid as string, n + 1]))
    for (const group of groups) {
      const [source] = elements(group, '121112').flatMap(item => item.items('ReferencedSOPSequence')).map(one => one.string('ReferencedSOPInstanceUID')!)
      const frame = elements(group, '130403').flatMap(item => item.items('ReferencedSOPSequence')).map(one => one.number('ReferencedFrameNumber'))
      t.strictSame(frame, sources.has(source!) ? [sources.get(source!)] : [], 'the frame of the slice, none of a failed one')
    }
  }
})

t.test('what frames do not share is said frame by frame; without geometry, nothing is', async t => {
  const [first, second] = mrSlices(2)
  const tilted = { ...second!, plane: { ...second!.plane!, rowCosines: [0.8, 0, 0.6] as const } }
  const groups = planeGroups([first!, tilted], 2)!
  t.notOk(groups.parallel)
  t.strictSame(Object.keys(groups.shared), ['PixelMeasuresSequence'])
  t.strictSame(groups.perFrame.map(group => Object.keys(group)), [0, 1].map(() => ['PlanePositionSequence', 'PlaneOrientationSequence']))
  t.match(planeGroups([first!], 2)!.shared, { PixelMeasuresSequence: [{ PixelSpacing: [1, 1.25], SliceThickness: 5, SpacingBetweenSlices: '6' }] })
  const bare = mrSlices(2, { ImagePositionPatient: null, ImageOrientationPatient: null, InstanceNumber: null })
  const study = studyOf([seriesOf(bare, [0.9, 0.8])])
  const files = await deliver(t.testdir(), study, contextOf({ multiFrame: true }))
  t.notOk(files[0]!.instance.attributes.has('PerFrameFunctionalGroupsSequence'))
  t.strictSame(files[0]!.instance.attributes.strings('FrameLabelVector'), ['#1', '#2'])
  assertValid(t, files)
  t.throws(() => buildMultiFrameCapture([], 1, { sopInstanceUid: '2.25.1', instanceNumber: 1 }), { code: 'internal' })
})

t.test('slices of two matrices are two images', async t => {
  const wide = mrSlices(1, { SOPInstanceUID: '2.25.99', InstanceNumber: 9 }, { ...axial, rows: 64, columns: 64 })
  const files = await deliver(t.testdir(), studyOf([seriesOf([...mrSlices(2), ...wide], [0.9, 0.8, 0.7])]), contextOf({ multiFrame: true }))
  t.strictSame(files.slice(0, 4).map(({ kind, instance }) => [kind, instance.attributes.number('NumberOfFrames'), instance.attributes.number('InstanceNumber')]),
    [['grad-cam', 2, 1], ['grad-cam', 1, 2], ['saliency', 2, 1], ['saliency', 1, 2]])
  assertValid(t, files)
})

interface FloatMap { shape: number[], most: number, least: number, peak: number[], position: number[], spacing: number[], label: string, quantity: string }

/** Maps as pydicom reads them: size, largest and smallest positive value, where the largest is, and the plane. */
const floats = `
import sys, json, numpy, pydicom
out = []
for path in sys.argv[1:]:
    ds = pydicom.dcmread(path)
    values = numpy.frombuffer(ds.FloatPixelData, '<f4').reshape(ds.NumberOfFrames, ds.Rows, ds.Columns)
    row, column = numpy.unravel_index(values[0].argmax(), values[0].shape)
    plane = ds.PerFrameFunctionalGroupsSequence[0].PlanePositionSequence[0].ImagePositionPatient
    out.append({'shape': values.shape, 'most': float(values.max()), 'least': float(values[values > 0].min()), 'peak': [int(row), int(column)],
        'position': [float(x) for x in plane], 'spacing': [float(x) for x in ds.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0].PixelSpacing],
        'label': ds.ContentLabel, 'quantity': ds.SharedFunctionalGroupsSequence[0].RealWorldValueMappingSequence[0].QuantityDefinitionSequence[0].ConceptCodeSequence[0].CodeValue})
print(json.dumps(out))
`

t.test('parametric maps hold every map as numbers in the planes of the source, and reports name each frame', async t => {
  const studies = [twoSeries(), await philips(t)].flatMap(study => study ?? [])
  for (const [i, study] of studies.entries()) {
    const folder = t.testdir({ [`maps-${i}`]: {} })
    const files = await deliver(join(folder, `maps-${i}`), study, contextOf({ parametricMaps: true, heatmapScope: { of: 'none' } }), { extras: ['key-objects', 'pdf'] })
    t.strictSame(files.map(({ kind }) => kind), [
      ...study.series.flatMap(() => ['parametric-map', 'parametric-map']), 'summary', 'key-objects', 'pdf', ...study.series.map(() => 'sr'),
    ], 'before the documents that name them')
    assertValid(t, files)
    assertPydicomReads(t, files.map(({ path }) => path))
    const maps = files.filter(({ kind }) => kind === 'parametric-map')
    t.strictSame(maps.map(({ instance: { attributes } }) => [attributes.number('SeriesNumber'), attributes.number('InstanceNumber')]),
      study.series.flatMap(({ ordinal }) => [[9400 + ordinal, 1], [9400 + ordinal, 2]]))
    const told = pydicomJson(floats, maps.map(({ path }) => path)) as FloatMap[]
    for (const [n, { shape, most, least, peak, position, spacing, label, quantity }] of told.entries()) {
      const { slices } = study.series[Math.floor(n / 2)]!
      const { slice, finding, toSource } = slices[0]!
      t.strictSame(shape, [slices.filter(one => one.finding.kind === 'classified').length, slice.pixel.rows, slice.pixel.columns], 'the matrix of the source')
      t.strictSame([label, quantity], [['GRADCAM', '130403'], ['SALIENCY', '130404']][n % 2])
      t.ok(most > 0.9 && most <= 1 && least >= smallestValue && least < smallestValue + 0.02, `${least} to ${most}`)
      t.ok(position.every((value, axis) => Math.abs(value - slice.plane!.position[axis]!) < 1e-6), 'the first pixel is where that of the source is')
      t.ok(spacing.every((value, axis) => Math.abs(value - slice.plane!.spacing[axis]!) < 1e-6))
      if (finding.kind !== 'classified') continue
      const wanted = heatmapPeak(finding.heatmaps[n % 2]!, toSource!, slice.pixel.columns, slice.pixel.rows)!
      t.ok(Math.abs(peak[0]! + 0.5 - wanted.row) <= 1 && Math.abs(peak[1]! + 0.5 - wanted.column) <= 1, 'the largest value is where the arrow points')
    }
    const named = new Set(files.filter(({ kind }) => kind === 'sr').flatMap(({ instance }) => references(instance.attributes)))
    for (const { instance } of maps) for (let frame = 1; frame <= instance.frameCount; frame++) t.ok(named.has(`${instance.sopInstanceUid}#${frame}`))
    const keys = files.filter(({ kind }) => kind === 'key-objects').flatMap(({ instance }) => references(instance.attributes))
    t.notOk(keys.some(reference => maps.some(({ instance }) => reference.startsWith(instance.sopInstanceUid))), 'key objects are for people')
  }
})

t.test('slices without geometry have no parametric map; one of the evidence names its private code', async t => {
  const bare = studyOf([seriesOf(mrSlices(1, { ImagePositionPatient: null, ImageOrientationPatient: null }), [0.9])])
  t.strictSame((await deliver(t.testdir(), bare, contextOf({ parametricMaps: true, heatmapScope: { of: 'none' } }))).map(({ kind }) => kind), ['summary', 'sr'])
  const series = seriesOf(mrSlices(2), [0.9, 0.8])
  const evidence = { ...series, slices: series.slices.map(result => ({ ...result, finding: finding(0.9, [blob('evidence', 100, 100)]) })) }
  const context = { ...contextOf({ parametricMaps: true }), gradCam: false, saliency: false, evidence: true }
  const files = await deliver(t.testdir(), studyOf([evidence]), context)
  t.strictSame(files.map(({ kind }) => kind), ['evidence', 'evidence', 'parametric-map', 'summary', 'sr'])
  assertValid(t, files)
  t.throws(() => buildParametricMap({ stack: { sopInstanceUid: uidFromName('x'), results: [] }, method: 'evidence', results: resultSeries(seriesIdentity(series), context), context }), { code: 'internal' })
  t.throws(() => buildParametricMap({ stack: { sopInstanceUid: uidFromName('x'), results: series.slices }, method: 'evidence', results: resultSeries(seriesIdentity(series), context), context }), { code: 'internal' })
})

const everyForm: Record<string, Partial<ObjectSettings>> = {
  'single frames': { parametricMaps: true },
  'several frames, compressed, one report': { parametricMaps: true, multiFrame: true, compression: 'rle', srScope: 'study' },
}

for (const [name, objects] of Object.entries(everyForm)) {
  t.test(`the same study gives the same bytes, a correction of demographics every object anew: ${name}`, async t => {
    const folder = t.testdir({ a: {}, b: {}, c: {} })
    const studyOfPatient = (patient: string) => studyOf([seriesOf(mrSlices(3, { PatientID: patient }), [0.9, 0.8, 0.1])])
    const extras = ['key-objects', 'pdf'] as const
    const write = async (into: string, patient: string, predecessors: readonly DeliveredFile[] = []) => await deliver(
      join(folder, into), studyOfPatient(patient), contextOf(objects), {
        extras,
        predecessors: new Map([[1, predecessors.filter(({ kind }) => kind === 'sr').map(({ instance }) => instance)]]),
      })
    const first = await write('a', 'P1')
    const kinds = [...new Set(first.map(({ kind }) => kind))]
    t.strictSame(kinds, ['grad-cam', 'saliency', 'parametric-map', 'summary', 'key-objects', 'pdf', 'sr'], 'in the order of storing')
    const again = await write('b', 'P1')
    for (const [i, { path }] of first.entries()) t.ok(readFileSync(path).equals(readFileSync(again[i]!.path)), 'the same UID means the same bytes')
    const corrected = await write('c', 'P9', first)
    t.equal(corrected.length, first.length)
    const uids = (files: typeof first) => new Set(files.flatMap(({ instance }) => [instance.sopInstanceUid, instance.seriesInstanceUid]))
    const earlier = uids(first)
    t.ok([...uids(corrected)].every(uid => !earlier.has(uid)), 'objects and series')
    t.ok(corrected.every(({ instance }) => instance.attributes.string('PatientID') === 'P9'), 'every object carries the correction')
    const [replaced] = corrected.at(-1)!.instance.attributes.items('PredecessorDocumentsSequence').flatMap(study => study.items('ReferencedSeriesSequence'))
    t.equal(replaced!.items('ReferencedSOPSequence')[0]!.string('ReferencedSOPInstanceUID'), first.at(-1)!.instance.sopInstanceUid)
    assertValid(t, corrected)
    assertPydicomReads(t, corrected.map(({ path }) => path))
    const tracking = (files: typeof first) => elements(elements(files.at(-1)!.instance.attributes, '126010')[0]!, '125007').map(group => elements(group, '112040')[0]!.string('UID'))
    t.strictSame(tracking(corrected), tracking(first), 'the finding in a slice keeps its tracking UID')
  })
}

t.test('no result comes back as an input', async t => {
  const files = await deliver(t.testdir(), twoSeries(), contextOf({ parametricMaps: true, multiFrame: true }), { extras: ['key-objects', 'pdf'] })
  const rule = receiveRule({ manufacturer: testContext().software.manufacturer })
  t.strictSame(files.map(({ instance }) => rule(instance)), files.map(() => 'own-result'))
})

t.test('the real Philips series is valid in a scope too', async t => {
  const study = await philips(t)
  if (study === undefined) return
  const files = await deliver(t.testdir(), study, contextOf({ heatmapScope: { of: 'top', k: 1 }, srScope: 'study' }), { extras: ['key-objects', 'pdf'] })
  t.strictSame(files.map(({ kind }) => kind), ['grad-cam', 'saliency', 'summary', 'key-objects', 'pdf', 'sr'])
  assertValid(t, files)
  assertPydicomReads(t, files.map(({ path }) => path))
})

t.test('captures are not compressed by nothing', async t => {
  const encodeJpeg = async () => await Promise.resolve(new Uint8Array())
  const objects = buildDeliverables(studyOf([seriesOf(mrSlices(1), [0.9])]), contextOf({ compression: 'rle' }), { displayOf, encodeJpeg })
  await t.rejects(objects.next(), { code: 'internal', message: /nothing compresses/ })
})
