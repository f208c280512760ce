import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t from 'tap'
import { analyzeSeries as analyze } from '../../src/analysis/analyze-series.ts'
import type { AnalysisTools } from '../../src/analysis/analyze-series.ts'
import { groupBySeries } from '../../src/dicom/group-by-series.ts'
import { readInstanceFile } from '../../src/dicom/read-instance.ts'
import type { Slice } from '../../src/dicom/slice.ts'
import { AppError } from '../../src/errors.ts'
import { createDecoder } from '../../src/imaging/decoder-pool.ts'
import { sliceStatisticNames } from '../../src/imaging/slice-statistics.ts'
import type { Raster } from '../../src/imaging/raster.ts'
import type { Classification, Classifier } from '../../src/model/classifier.ts'
import type { SliceResult } from '../../src/report/series-findings.ts'
import { manifestOf } from '../helpers/manifest.ts'

const fixtures = resolve(import.meta.dirname, '../../fixtures')
const decoder = createDecoder({ workers: 1, timeoutMs: 20_000 })
t.teardown(async () => await decoder.close())

async function slicesIn (folder: string): Promise<readonly Slice[]> {
  const names = readdirSync(join(fixtures, folder)).sort()
  const [series] = groupBySeries(await Promise.all(names.map(async name => await readInstanceFile(join(fixtures, folder, name)))))
  return series!.slices
}

/** A classifier whose probability is the mean of the raster, and that refuses what it is told to. */
function classifierOf (refuses: (rasters: readonly Raster[]) => boolean = () => false): Classifier & { batches: number[] } {
  const batches: number[] = []
  return {
    batches,
    manifest: manifestOf(),
    sha256: 'ab',
    engine: 'mean',
    classify: async (rasters): Promise<Classification[]> => {
      batches.push(rasters.length)
      if (refuses(rasters)) throw new AppError('engine-failed', 'refused')
      return rasters.map(({ data }) => ({ probability: data.reduce((sum, v) => sum + v, 0) / data.length, heatmaps: [] }))
    },
    close: async () => undefined,
  }
}

async function analyzeSeries (slices: readonly Slice[], tools: AnalysisTools): Promise<SliceResult[]> {
  const results: SliceResult[] = []
  for await (const result of analyze(slices, tools)) results.push(result)
  return results
}

const meanOf = (raster: Raster) => raster.data.reduce((sum, v) => sum + v, 0) / raster.data.length

t.test('every slice is classified, in the order given, in batches', async t => {
  const slices = await slicesIn('flair')
  const classifier = classifierOf()
  const progress: string[] = []
  const results = await analyzeSeries(slices, { classifier, decoder, methods: [], onProgress: (done, total) => progress.push(`${done}/${total}`) })
  t.strictSame(results.map(({ slice }) => slice), slices)
  t.ok(results.every(({ finding }) => finding.kind === 'classified' && finding.probability > 0 && finding.probability < 1))
  t.strictSame(classifier.batches, [4, 4, 4])
  t.strictSame(progress, ['4/12', '8/12', '12/12'])
})

t.test('a slice that cannot be decoded fails alone, with its reason', async t => {
  const results = await analyzeSeries(await slicesIn('special/corrupt-series'), { classifier: classifierOf(), decoder, methods: [] })
  t.strictSame(results.map(({ finding }) => finding.kind), ['classified', 'classified', 'failed', 'classified'])
  t.match(results[2]!.finding, { reason: { code: 'pixel-data-invalid', text: /RLE/ } })
  t.equal(results[2]!.toSource, undefined)
})

t.test('pixels that cannot be a picture are undetermined, not failed and not negative', async t => {
  const [slice] = await slicesIn('flair')
  const blank: Slice = { ...slice!, source: { ...slice!.source, pixelData: { frame: async () => new Uint8Array(slice!.pixel.rows * slice!.pixel.columns * 2) } } }
  const [result] = await analyzeSeries([blank], { classifier: classifierOf(), decoder, methods: [] })
  t.match(result!.finding, { kind: 'undetermined', reason: { code: 'implausible-pixels', text: /one value/ } })
})

t.test('a slice unlike what the model was made for is undetermined and the network is not asked', async t => {
  const slices = (await slicesIn('flair')).slice(0, 2)
  const count = sliceStatisticNames.length
  const kind = {
    name: 'far away',
    mean: Array.from({ length: count }, () => 100),
    spread: Array.from({ length: count }, () => 1),
    precision: Array.from({ length: count }, (_, i) => Array.from({ length: i + 1 }, (__, k) => i === k ? 1 : 0)).flat(),
  }
  const classifier = { ...classifierOf(), manifest: manifestOf({ distribution: { statistics: 1, kinds: [kind], limit: 3 } }) }
  const results = await analyzeSeries(slices, { classifier, decoder, methods: [] })
  t.match(results.map(({ finding }) => finding), [1, 2].map(() => ({ kind: 'undetermined', reason: { code: 'out-of-distribution', text: /unlike the axial T2 and FLAIR slices/ } })))
  t.strictSame(classifier.batches, [])
})

t.test('a slice that the engine refuses does not cost the others', async t => {
  const slices = (await slicesIn('flair')).slice(0, 4)
  const all = await analyzeSeries(slices, { classifier: classifierOf(), decoder, methods: [] })
  const bad = all[1]!.finding.kind === 'classified' ? all[1]!.finding.probability : 0
  const classifier = classifierOf(rasters => rasters.some(raster => meanOf(raster) === bad))
  const results = await analyzeSeries(slices, { classifier, decoder, methods: [] })
  t.strictSame(results.map(({ finding }) => finding.kind), ['classified', 'failed', 'classified', 'classified'])
})

t.test('an engine that refuses everything is an error of the whole series', async t => {
  const slices = (await slicesIn('flair')).slice(0, 2)
  await t.rejects(analyzeSeries(slices, { classifier: classifierOf(() => true), decoder, methods: [] }), { code: 'engine-failed' })
})

t.test('an abort stops it between batches', async t => {
  const abort = new AbortController()
  const slices = await slicesIn('flair')
  await t.rejects(analyzeSeries(slices, { classifier: classifierOf(), decoder, methods: [], signal: abort.signal, onProgress: () => abort.abort() }), { code: 'interrupted' })
})
