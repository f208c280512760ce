import t from 'tap'
import { calibrationError, reliability, rocCurve, wilson } from '../../src/training/curves.ts'
import type { Judged } from '../../src/training/metrics.ts'

const of = (...pairs: [number, 0 | 1][]): Judged[] => pairs.map(([probability, label], i) => ({ probability, label, patient: String(i) }))

t.test('the ROC curve steps through every value, ties in one step', async t => {
  t.same(rocCurve(of([0.9, 1], [0.8, 0], [0.8, 1], [0.1, 0])).map(({ falsePositiveRate, sensitivity }) => [falsePositiveRate, sensitivity]),
    [[0, 0], [0, 0.5], [0.5, 1], [1, 1]])
  t.same(rocCurve(of([0.9, 1])), [], 'one class has no curve')
  const many = rocCurve(of(...Array.from({ length: 3000 }, (_, i): [number, 0 | 1] => [i / 3000, i % 2 as 0 | 1])))
  t.ok(many.length <= 402 && many.at(-1)!.sensitivity === 1, 'thinned, its end kept')
})

t.test('reliability bins hold mean and share; 1 belongs to the last', async t => {
  const bins = reliability(of([0.05, 0], [0.06, 1], [1, 1]))
  t.same(bins.map(({ low, count, observed }) => [low, count, observed]), [[0, 2, 0.5], [0.9, 1, 1]])
  t.ok(Math.abs(bins[0]!.predicted - 0.055) < 1e-12)
  t.ok(Math.abs(calibrationError(bins) - (2 * 0.445 + 0) / 3) < 1e-12)
})

t.test('Wilson\'s interval agrees with a worked example', async t => {
  // 20 of 100: 0.1334 to 0.2888 (Newcombe 1998, table I, method 3: 81 of 263 gives 0.2553 to 0.3662)
  const { low, high } = wilson(81 / 263, 263)
  t.ok(Math.abs(low - 0.2553) < 1e-4 && Math.abs(high - 0.3662) < 1e-4)
  t.ok(wilson(0, 5).low === 0 && wilson(1, 5).high <= 1)
})
