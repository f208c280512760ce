import type { Instance } from '../../src/dicom/instance.ts'
import type { Slice } from '../../src/dicom/slice.ts'
import { slicesOf } from '../../src/dicom/slices.ts'
import { rasterize } from '../../src/imaging/rasterize.ts'
import { displayImage } from '../../src/imaging/display.ts'
import { decodeNativeFrame } from '../../src/imaging/decode-pixels.ts'
import type { GrayImage } from '../../src/imaging/raster.ts'
import { manifestSchema } from '../../src/model/manifest.ts'
import type { ModelManifest } from '../../src/model/manifest.ts'
import type { Conclusion, Heatmap, HeatmapMethod, SliceFinding } from '../../src/model/finding.ts'
import { defaultObjectSettings } from '../../src/report/object-settings.ts'
import type { ReportContext } from '../../src/report/report-context.ts'
import type { SeriesFindings, SliceResult, StudyFindings } from '../../src/report/series-findings.ts'

/** A manifest that no model stands behind: reports only read it. */
export const testManifest: ModelManifest = manifestSchema.parse({
  schemaVersion: 1,
  name: 'tuber-test',
  version: '1.2.3',
  architecture: 'evidence-map',
  preprocessing: {
    width: 224,
    height: 224,
    voi: { from: 'percentiles', low: 1, high: 99 },
    fit: 'pad',
    resample: 'area',
    quantize8bit: false,
    range: [0, 1],
    channels: 'equal',
  },
  output: { positiveClass: 'tuber', threshold: 0.5 },
  gradCamLayer: 'conv4b',
  evidenceLayer: 'evidence',
  seriesRule: { kind: 'count', positive: 2, consecutive: 2 },
  age: { minimum: 5, maximum: 99, undeterminedBelow: 2 },
  files: [{ path: 'model.json', sha256: '0'.repeat(64) }],
  training: { data: 'none', command: 'none', seed: 1, softwareVersion: '0.0.0' },
  metrics: {},
  intendedUse: 'tests',
  limits: [],
  licence: 'Apache-2.0',
})

export function testContext (changes: Partial<ReportContext> = {}): ReportContext {
  return {
    software: { manufacturer: 'Tuberlens project', modelName: 'tuberlens', version: '0.1.0', stationName: 'TUBERLENS' },
    model: { manifest: testManifest, sha256: '9f'.repeat(32), engine: 'onnxruntime 1.30.0' },
    date: '20260102',
    time: '030405',
    instanceCreation: true,
    srSopClass: '88.34',
    scModality: 'MR',
    gradCam: true,
    saliency: true,
    evidence: false,
    objects: defaultObjectSettings,
    ...changes,
  }
}

/** A blob around (x, y) of the raster, 1 at its centre. */
export function blob (method: HeatmapMethod, x: number, y: number, radius = 18, size = 224): Heatmap {
  const values = Float32Array.from({ length: size * size }, (_, index) =>
    Math.exp(-((index % size - x) ** 2 + (Math.floor(index / size) - y) ** 2) / (2 * radius * radius)))
  return { method, width: size, height: size, values, empty: false }
}

/** An all-zero map. */
export function emptyMap (method: HeatmapMethod, size = 224): Heatmap {
  return { method, width: size, height: size, values: new Float32Array(size * size), empty: true }
}

/** What the tests say was found in a slice. */
export type Told = number | 'failed' | 'undetermined'

const bothMaps = [blob('grad-cam', 80, 90), blob('saliency', 82, 92, 6)]

export function finding (told: Told, heatmaps: readonly Heatmap[] = bothMaps): SliceFinding {
  if (told === 'failed') return { kind: 'failed', reason: { code: 'pixel-decode-failed', text: 'The frame could not be decoded' } }
  if (told === 'undetermined') return { kind: 'undetermined', reason: { code: 'age', text: 'The patient is younger than the model allows' } }
  return { kind: 'classified', probability: told, heatmaps }
}

/** Findings of one series, with the conclusion that any positive slice makes it present. */
export function seriesOf (slices: readonly Slice[], told: readonly Told[], changes: Partial<SeriesFindings> = {}): SeriesFindings {
  const first = slices[0]!
  const results: SliceResult[] = slices.map((slice, index) => ({
    slice,
    finding: finding(told[index] ?? 0.1),
    toSource: told[index] === 'failed' ? undefined : rasterOf(slice).toSource,
  }))
  const present = results.some(result => result.finding.kind === 'classified' && result.finding.probability >= 0.5)
  const conclusion: Conclusion = present ? 'present' : told.every(one => typeof one === 'number') ? 'absent' : 'undetermined'
  return {
    seriesInstanceUid: first.source.seriesInstanceUid,
    studyInstanceUid: first.source.studyInstanceUid,
    seriesNumber: first.source.attributes.number('SeriesNumber'),
    seriesDescription: first.source.attributes.string('SeriesDescription') ?? '',
    contrast: 'FLAIR',
    ordinal: 1,
    slices: results,
    conclusion,
    ruleText: 'Rule: at least 2 positive slices, 2 of them in a row.',
    notes: [],
    ...changes,
  }
}

export function studyOf (series: readonly SeriesFindings[], excluded: StudyFindings['excluded'] = []): StudyFindings {
  const conclusion = series.some(one => one.conclusion === 'present')
    ? 'present'
    : series.length === 0 || series.some(one => one.conclusion === 'undetermined') ? 'undetermined' : 'absent'
  return { conclusion, series, excluded }
}

/** The affine of a slice's raster; pixel values do not matter to it. */
function rasterOf (slice: Slice) {
  const { rows, columns } = slice.pixel
  const blank = { width: columns, height: rows, samplesPerPixel: 1, data: new Uint16Array(rows * columns), warnings: [] }
  return rasterize(slice, blank, testManifest.preprocessing)
}

/** The windowed picture of a slice with native little endian pixels. */
export async function displayOf (slice: Slice): Promise<GrayImage> {
  return displayImage(slice, decodeNativeFrame(await slice.source.pixelData.frame(slice.frameNumber), slice.pixel, false))
}

/** The first frames of instances, in order. */
export function firstSlices (instances: readonly Instance[]): Slice[] {
  return instances.flatMap(instance => slicesOf(instance).slice(0, 1))
}
