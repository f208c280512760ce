import t from 'tap'
import type { Raster } from '../../src/imaging/raster.ts'
import type { Classifier } from '../../src/model/classifier.ts'
import type { Heatmap } from '../../src/model/finding.ts'
import { judge, report, seriesOf } from '../../src/training/evaluation.ts'
import type { EvaluationSlice, JudgedSlice } from '../../src/training/evaluation-slice.ts'
import { pairedTest } from '../../src/training/paired-test.ts'
import { pointsAt } from '../../src/training/pointing.ts'
import { seriesWithTubers } from '../../src/training/series-with-tubers.ts'
import { manifestOf } from '../helpers/manifest.ts'

const rule = { kind: 'count', positive: 2, consecutive: 2 } as const

function judged (series: string, label: 0 | 1, probabilities: readonly number[], more: Partial<JudgedSlice> = {}): JudgedSlice[] {
  return probabilities.map((probability, index) =>
    ({ series, patient: series.split('/')[0]!, label, probability, index, contrast: 'FLAIR', ...more }))
}

t.test('false positives are counted per slice and per series, and the proposal mends them', async t => {
  const made = report([
    ...judged('a/1', 0, [0.1, 0.9, 0.8, 0.1, 0.2]), ...judged('b/1', 0, [0.1, 0.2, 0.6, 0.1, 0.2]), ...judged('c/1', 1, [0.9, 0.95, 0.1]),
  ], { threshold: 0.5, seriesRule: rule, specificity: 0.9 })
  t.equal(made.tuberFree.falsePositiveRate, 3 / 10)
  t.same([made.tuberFree.series, made.tuberFree.positiveSeries], [2, 1])
  t.equal(made.perSlice.figures.sensitivity, 2 / 3)
  t.same(made.series.map(({ series, positive, positiveSlices }) => [series, positive, positiveSlices]), [['a/1', true, 2], ['b/1', false, 1], ['c/1', true, 2]])
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
  t.same(found['easy'], { implanted: 2, without: 2, auc: 2.5 / 4, wins: 0.75 })
  t.same(found['subtle'], { implanted: 1, without: 2, auc: 0, wins: 0 })
  t.same(found['easy T2'], { implanted: 1, without: 1, auc: 1, wins: 1 })
})

t.test('series get tubers in five slices in a row, at every place', async t => {
  const slice = (index: number, difficulty: string, probability: number): JudgedSlice =>
    ({ probability, pair: { key: `k${index}`, difficulty }, label: 0, patient: 'a', series: 'a/1', index, contrast: 'T2' })
  const without = Array.from({ length: 6 }, (_, i) => slice(i, 'without', i === 5 ? 0.9 : 0.1))
  // implanted slices are seen in 0 and 1 only: with the one above, the run at 0 has two in a row, the run at 1 has none
  const easy = Array.from({ length: 6 }, (_, i) => slice(i, 'easy', i < 2 ? 0.9 : 0.1))
  t.same(seriesWithTubers([...without, ...easy], rule, 0.5), { easy: { series: 2, positive: 1 } })
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
  const found = await judge(classifier, slices)
  t.same(asked, [8, 2])
  t.same(found.map(slice => Math.round(slice.probability * 10)), slices.map(slice => slice.index))
  t.notOk('raster' in found[0]!, 'pictures are let go')
  const stopped = new AbortController()
  stopped.abort()
  await t.rejects(judge(classifier, slices, { signal: stopped.signal }))
})
