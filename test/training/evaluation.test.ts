import t from 'tap'
import type { Raster } from '../../src/imaging/raster.ts'
import type { Classifier } from '../../src/model/classifier.ts'
import type { Heatmap } from '../../src/model/finding.ts'
import { judge } from '../../src/training/evaluation.ts'
import { report, seriesOf } from '../../src/training/evaluation-report.ts'
import type { EvaluationItem, EvaluationSlice, JudgedSlice, UnjudgedSlice } from '../../src/training/evaluation-slice.ts'
import { pairedTest } from '../../src/training/paired-test.ts'
import { pointsAt } from '../../src/training/pointing.ts'
import { seriesWithTubers } from '../../src/training/series-with-tubers.ts'
import { sliceStatistics } from '../../src/imaging/slice-statistics.ts'
import { manifestOf } from '../helpers/manifest.ts'

const rule = { kind: 'count', positive: 2, consecutive: 2 } as const

function judged (series: string, label: 0 | 1, probabilities: readonly number[], more: Partial<JudgedSlice> = {}): JudgedSlice[] {
  return probabilities.map((probability, index) =>
    ({ series, patient: series.split('/')[0]!, label, probability, index, contrast: 'FLAIR', ...more }))
}

t.test('false positives are counted per slice and per series, and the proposal mends them', async t => {
  const slices = [
    ...judged('a/1', 0, [0.1, 0.9, 0.8, 0.1, 0.2]), ...judged('b/1', 0, [0.1, 0.2, 0.6, 0.1, 0.2]), ...judged('c/1', 1, [0.9, 0.95, 0.1]),
  ]
  const made = report({ judged: slices, unjudged: [] }, { threshold: 0.5, seriesRule: rule, specificity: 0.9 })
  t.equal(made.tuberFree.falsePositiveRate, 3 / 10)
  t.same([made.tuberFree.series, made.tuberFree.positiveSeries], [2, 1])
  t.equal(made.perSlice.figures.sensitivity, 2 / 3)
  t.same(made.series.map(({ series, outcome, positiveSlices }) => [series, outcome, positiveSlices]), [['a/1', 'positive', 2], ['b/1', 'negative', 1], ['c/1', 'positive', 2]])
  t.ok(made.proposal!.threshold > 0.8 && made.proposal!.threshold <= 0.9, 'one of ten may be above')
  t.ok(made.tuberFree.interval!.low <= 0.2 && made.tuberFree.interval!.high >= 0.4)
})

t.test('pairs are compared with all slices without, and with their own', async t => {
  const slice = (probability: number, key: string, difficulty: string, contrast = 'T2'): JudgedSlice =>
    ({ probability, pair: { key, difficulty }, label: difficulty === 'without' ? 0 : 1, patient: 'a', series: 'a/1', index: 0, contrast })
  const found = pairedTest([
    slice(0.2, 'x', 'without'), slice(0.6, 'y', 'without', 'FLAIR'),
    slice(0.5, 'x', 'easy'), slice(0.6, 'y', 'easy', 'FLAIR'), slice(0.1, 'x', 'subtle'),
  ])
  // 0.5 beats 0.2 only; 0.6 beats 0.2 and ties with 0.6
  t.match(found['easy'], { implanted: 2, without: 2, patients: 1, auc: 2.5 / 4, wins: 0.75 })
  t.match(found['subtle'], { implanted: 1, without: 2, auc: 0, wins: 0 })
  t.match(found['easy T2'], { implanted: 1, without: 1, auc: 1, wins: 1 })
  t.same(found['easy']?.interval, undefined, 'one patient gives no interval')
})

t.test('over several patients the pairs give an interval, and the AUC of each patient apart from differences between them', async t => {
  const slice = (patient: string, probability: number, difficulty: string): JudgedSlice =>
    ({ probability, pair: { key: patient, difficulty }, label: difficulty === 'without' ? 0 : 1, patient, series: `${patient}/1`, index: 0, contrast: 'T2' })
  const { easy } = pairedTest([
    slice('a', 0.1, 'without'), slice('a', 0.2, 'easy'), slice('b', 0.6, 'without'), slice('b', 0.7, 'easy'), slice('c', 0.5, 'easy'),
  ])
  // pooled, of six pairs 0.2 loses one and 0.5 loses one; within a and b none is lost, and c has no slice without
  t.equal(easy?.auc, 4 / 6)
  t.match(easy?.withinPatients, { mean: 1, least: 1, greatest: 1, interval: { low: 1, high: 1 } })
  t.equal(easy?.wins, 1)
  t.ok(easy!.interval!.low < easy!.interval!.high)
  t.equal(pairedTest([slice('c', 0.5, 'easy')])['easy']?.withinPatients, undefined)
})

t.test('series get tubers in five slices in a row, at every place', async t => {
  const slice = (index: number, difficulty: string, probability: number): JudgedSlice =>
    ({ probability, pair: { key: `k${index}`, difficulty }, label: 0, patient: 'a', series: 'a/1', index, contrast: 'T2' })
  const without = Array.from({ length: 6 }, (_, i) => slice(i, 'without', i === 5 ? 0.9 : 0.1))
  // implanted slices are seen in 0 and 1 only: with the one above, the run at 0 has two in a row, the run at 1 has none
  const easy = Array.from({ length: 6 }, (_, i) => slice(i, 'easy', i < 2 ? 0.9 : 0.1))
  t.same(seriesWithTubers([...without, ...easy], rule, 0.5), { easy: { series: 2, positive: 1 } })
  const flair = [...without, ...easy].map(one => ({ ...one, series: 'a/2', contrast: 'FLAIR', pair: { ...one.pair!, key: `f${one.pair!.key}` } }))
  t.same(seriesWithTubers([...without, ...easy, ...flair], rule, 0.5),
    { easy: { series: 4, positive: 2 }, 'easy FLAIR': { series: 2, positive: 1 }, 'easy T2': { series: 2, positive: 1 } })
})

t.test('slices of a series are put in order, and slices without a series make none', async t => {
  const [first, second] = judged('a/1', 0, [0.1, 0.2]) as [JudgedSlice, JudgedSlice]
  const { series: _, ...loose } = first
  t.same(seriesOf([second, first, loose]), [{ name: 'a/1', patient: 'a', probabilities: [0.1, 0.2] }])
})

t.test('the pointing game looks within a cell of the maximum', async t => {
  const mask = new Float32Array(64 * 64)
  mask[20 * 64 + 20] = 1
  const map = (x: number, y: number, empty = false): Heatmap => {
    const values = new Float32Array(64 * 64)
    values[y * 64 + x] = 1
    return { method: 'evidence', width: 64, height: 64, values, empty }
  }
  t.ok(pointsAt(map(20, 20), mask))
  t.ok(pointsAt(map(28, 14), mask))
  t.notOk(pointsAt(map(29, 20), mask))
  t.notOk(pointsAt(map(20, 20, true), mask))
})

t.test('a model judges slices in batches, in order, until it is told to stop', async t => {
  const raster = (value: number): Raster => ({
    width: 1, height: 1, channels: 3, data: new Float32Array(3).fill(value), toSource: { a: 1, b: 0, c: 0, d: 0, e: 1, f: 0 },
  })
  const asked: number[] = []
  const classifier: Classifier = {
    manifest: manifestOf(),
    sha256: '0',
    engine: 'none',
    classify: rasters => {
      asked.push(rasters.length)
      return Promise.resolve(rasters.map(one => ({ probability: one.data[0]!, heatmaps: [] })))
    },
    close: () => Promise.resolve(),
  }
  const slices = Array.from({ length: 10 }, (_, index): EvaluationSlice =>
    ({ raster: raster(index / 10), label: 0, patient: 'a', series: 'a/1', index, contrast: 'T2' }))
  const { judged: found } = await judge(classifier, slices)
  t.same(asked, [8, 2])
  t.same(found.map(slice => Math.round(slice.probability * 10)), slices.map(slice => slice.index))
  t.notOk('raster' in found[0]!, 'pictures are let go')
  const stopped = new AbortController()
  stopped.abort()
  await t.rejects(judge(classifier, slices, { signal: stopped.signal }), { code: 'interrupted' })
})

t.test('slices without a probability count and are named; a series of which too many are missing is undetermined', async t => {
  const lost = (series: string, index: number, text = 'The image has one value only', outcome: UnjudgedSlice['outcome'] = 'undetermined'): UnjudgedSlice =>
    ({ series, patient: series.split('/')[0]!, label: 0, index, contrast: 'T2', source: `${series}.dcm`, outcome, reason: { code: 'x', text } })
  const made = report({
    judged: [...judged('a/1', 0, [0.1, 0.2, 0.1]), ...judged('b/1', 0, [0.9, 0.9, 0.1]), ...judged('c/1', 1, [0.9, 0.9, 0.2]), ...judged('d/1', 1, [0.9])],
    unjudged: [
      lost('a/1', 3), lost('b/1', 3, 'unlike (distance 9.0, limit 3.0)'), lost('b/1', 4, 'unlike (distance 8.0, limit 3.0)'),
      lost('e/1', 0, 'cannot be decoded', 'failed'), lost('f/2', 0, 'not axial', 'not selected'),
    ],
  }, { threshold: 0.5, seriesRule: rule })
  t.same(Object.fromEntries(made.series.map(({ series, outcome }) => [series, outcome])),
    { 'a/1': 'undetermined', 'b/1': 'positive', 'c/1': 'positive', 'd/1': 'undetermined', 'e/1': 'undetermined' })
  t.same(made.undetermined, { series: 3, patients: 3 })
  t.equal(made.perPatient.count, 2)
  t.same(made.without.map(({ outcome, reason, count, examples }) => [outcome, reason, count, examples]), [
    ['undetermined', 'The image has one value only', 1, ['a/1.dcm']],
    ['undetermined', 'unlike', 2, ['b/1.dcm']],
    ['failed', 'cannot be decoded', 1, ['e/1.dcm']],
    ['not selected', 'not axial', 1, ['f/2.dcm']],
  ])
  t.same(made.outOfDistribution.given, { slices: 13, caught: 3 })
})

t.test('a series that was labelled as a whole counts as series, its slices do not', async t => {
  const made = report({ judged: [...judged('a/1', 1, [0.9, 0.8, 0.1], { ofSeries: true, vendor: 'ACME' }), ...judged('b/1', 0, [0.1, 0.2, 0.1])], unjudged: [] },
    { threshold: 0.5, seriesRule: rule, specificity: 0.9 })
  t.equal(made.unlabelledSlices, 3)
  t.same([made.perSlice.count, made.perSlice.figures.specificity, made.perSlice.figures.sensitivity], [3, 1, undefined])
  t.same([made.perSeries.count, made.perSeries.figures.sensitivity, made.perSeries.figures.auc], [2, 1, 1])
  t.same(made.perPatient.confusion, { truePositive: 1, falsePositive: 0, trueNegative: 1, falseNegative: 0 })
  t.same(Object.keys(made.seriesPerVendor), ['ACME', 'unknown'])
  t.same([made.proposal!.sensitivity, made.proposal!.specificityOfPatients], [1, 1])
})

t.test('a slice unlike what the model was made for is not judged, and masks are compared with the maps wanted', async t => {
  const size = 224
  const data = new Float32Array(3 * size * size)
  for (let i = 0; i < size * size; i++) data.fill(Math.hypot(i % size - 112, Math.floor(i / size) - 112) < 80 ? 0.6 + 0.1 * Math.sin(i) : 0, 3 * i, 3 * i + 3)
  const head: Raster = { width: size, height: size, channels: 3, data, toSource: { a: 1, b: 0, c: 0, d: 0, e: 1, f: 0 } }
  const blank: Raster = { ...head, data: new Float32Array(data.length) }
  const kind = { name: 'any', mean: sliceStatistics(head, manifestOf().preprocessing)!.map(value => value), spread: Array.from({ length: 20 }, () => 1), precision: identity }
  const mask = new Float32Array(size * size)
  mask.fill(1, 112 * size, 113 * size)
  const values = new Float32Array(size * size)
  values.fill(1, 112 * size, 114 * size)
  const asked: string[][] = []
  const classifier: Classifier = {
    manifest: manifestOf({ distribution: { statistics: 1, kinds: [kind], limit: 3 } }),
    sha256: '0',
    engine: 'none',
    classify: (rasters, methods) => {
      asked.push([...methods])
      return Promise.resolve(rasters.map(() => ({ probability: 0.7, heatmaps: methods.map(method => ({ method, width: size, height: size, values, empty: false })) })))
    },
    close: () => Promise.resolve(),
  }
  const known = { label: 1 as const, patient: 'a', series: 'a/1', contrast: 'T2' }
  const items: EvaluationItem[] = [{ ...known, index: 0, raster: head, mask }, { ...known, index: 1, raster: blank }]
  const seen: number[] = []
  const found = await judge(classifier, items, { onJudged: slice => { seen.push(slice.index) } })
  t.same(asked, [['grad-cam']], 'the network has no evidence map')
  t.same(found.judged.map(slice => slice.maps?.['grad-cam']), [{ hit: true, mass: 0.5, chance: 1 / size }])
  t.same(found.unjudged.map(({ index, outcome, reason }) => [index, outcome, reason.code]), [[1, 'undetermined', 'out-of-distribution']])
  t.same(seen, [0])
  await judge(classifier, items, { maps: ['saliency', 'grad-cam'] })
  t.same(asked[1], ['saliency', 'grad-cam'])
  const made = report(found, { threshold: 0.5, seriesRule: rule })
  t.same(made.pointing, { 'grad-cam': { slices: 1, hits: 1, mass: 0.5, chance: 1 / size } })
})

/** Lower triangle of the identity, row by row. */
const identity = Array.from({ length: 20 }, (_, i) => Array.from({ length: i + 1 }, (__, k) => i === k ? 1 : 0)).flat()
