import t from 'tap'
import type { Judged } from '../../src/training/metrics.ts'
import { auc, bootstrap, confusion, figures, intervals, logLoss } from '../../src/training/metrics.ts'

const judged = (pairs: readonly (readonly [number, 0 | 1])[], patient = (i: number) => `p${i}`): Judged[] =>
  pairs.map(([probability, label], i) => ({ probability, label, patient: patient(i) }))

// worked by hand: at 0.5 there are 3 true and 1 false positives, 2 true and 2 false negatives
const eight = judged([[0.9, 1], [0.8, 1], [0.5, 1], [0.7, 0], [0.4, 1], [0.3, 1], [0.2, 0], [0.1, 0]])

t.test('counts and the figures made of them', async t => {
  t.same(confusion(eight, 0.5), { truePositive: 3, falsePositive: 1, trueNegative: 2, falseNegative: 2 })
  const found = figures(eight, 0.5)
  t.equal(found.sensitivity, 3 / 5)
  t.equal(found.specificity, 2 / 3)
  t.equal(found.ppv, 3 / 4)
  t.equal(found.npv, 2 / 4)
  t.equal(found.f1, 6 / 9)
  t.equal(found.accuracy, 5 / 8)
})

t.test('the area is the share of pairs in the right order, ties half', async t => {
  // of 15 pairs, 0.7 beats 0.5, 0.4 and 0.3; all others are right
  t.equal(auc(eight), 12 / 15)
  t.equal(auc(judged([[0.5, 1], [0.5, 0]])), 0.5)
  t.equal(auc(judged([[0.6, 1], [0.5, 1], [0.5, 0], [0.5, 0], [0.1, 0]])), (3 + 0.5 + 0.5 + 1) / 6)
  t.ok(Number.isNaN(auc(judged([[0.6, 1]]))))
})

t.test('log loss is the mean of −ln of the truth', async t => {
  t.ok(Math.abs(logLoss(judged([[0.8, 1], [0.4, 0]])) - (-Math.log(0.8) - Math.log(0.6)) / 2) < 1e-12)
  t.ok(Number.isFinite(logLoss(judged([[0, 1]]))), 'a certain mistake is not infinite')
})

t.test('a figure without a denominator is not a number', async t => {
  const found = figures(judged([[0.2, 0], [0.1, 0]]), 0.5)
  t.ok(Number.isNaN(found.sensitivity))
  t.ok(Number.isNaN(found.ppv))
  t.equal(found.specificity, 1)
})

t.test('intervals hold the figure, narrow with patients, and need two', async t => {
  const found = intervals(eight, 0.5, { draws: 400, seed: 2 })
  t.ok(found.accuracy!.low < 5 / 8 && found.accuracy!.high > 5 / 8)
  t.same(found, intervals(eight, 0.5, { draws: 400, seed: 2 }), 'repeatable')
  t.same(intervals(judged([[0.9, 1], [0.1, 0]], () => 'one'), 0.5), {})
  const width = (patients: number): number => {
    const items = Array.from({ length: 200 }, (_, i) => ({ patient: `p${i % patients}`, value: i % patients % 2 }))
    const { mean } = bootstrap(items, sample => ({ mean: sample.reduce((sum, { value }) => sum + value, 0) / sample.length }), { draws: 300 })
    return mean!.high - mean!.low
  }
  t.ok(width(100) < width(4), 'slices of one patient are not independent')
})
