import t from 'tap'
import { ruleScore, ruleThreshold, slicesNeeded, holds } from '../../src/training/calibration.ts'
import { patientOutcomes, seriesOutcomes } from '../../src/training/outcomes.ts'

t.test('the score of a rule is the greatest threshold at which it holds', async t => {
  const rule = { kind: 'count', positive: 3, consecutive: 2 } as const
  const probabilities = [0.9, 0.2, 0.7, 0.6, 0.1]
  t.equal(ruleScore(rule, probabilities), 0.6)
  t.ok(holds(rule, probabilities, 0.6) && !holds(rule, probabilities, 0.61))
  t.equal(ruleScore({ ...rule, positive: 1, consecutive: 1 }, probabilities), 0.9)
  t.equal(ruleScore(rule, [0.9]), 0, 'too few slices')
  const mean = { kind: 'mean-top-k', k: 2, threshold: 0.75 } as const
  t.equal(ruleScore(mean, probabilities), 0.8)
  t.equal(ruleScore(mean, [0.9]), 0)
  t.same([ruleThreshold(mean, 0.5), ruleThreshold(rule, 0.5)], [0.75, 0.5])
  t.same([slicesNeeded(mean), slicesNeeded(rule)], [2, 3])
})

t.test('a patient is positive by any series, undetermined by any that is, and by having none', async t => {
  const slice = (series: string, index: number, probability: number) =>
    ({ series, patient: series.split('/')[0]!, label: 0 as const, index, contrast: 'T2', vendor: 'ACME', probability })
  const rule = { kind: 'count', positive: 1, consecutive: 1 } as const
  const series = seriesOutcomes({ judged: [slice('a/1', 0, 0.9), slice('a/2', 0, 0.1), slice('b/1', 0, 0.1)], unjudged: [] }, rule, 0.5)
  const lost = { patient: 'c', label: 1 as const, index: 0, contrast: 'unknown', outcome: 'failed' as const, reason: { code: 'x', text: 'y' } }
  t.same(patientOutcomes(series, [lost]).map(({ patient, label, outcome, series }) => [patient, label, series, outcome]),
    [['a', 0, 2, 'positive'], ['b', 0, 1, 'negative'], ['c', 1, 0, 'undetermined']])
  t.same(series.map(one => [one.vendor, one.contrast, one.slices, one.positiveSlices]), [['ACME', 'T2', 1, 1], ['ACME', 'T2', 1, 0], ['ACME', 'T2', 1, 0]])
})
