import t from 'tap'
import { holds, proposeSeriesRule, proposeThreshold } from '../../src/training/calibration.ts'

t.test('the threshold leaves the wanted share of tuber-free slices below it', async t => {
  const values = Array.from({ length: 20 }, (_, i) => (i + 1) / 100)
  const threshold = proposeThreshold(values, 0.9)
  t.equal(values.filter(value => value < threshold).length, 18)
  t.ok(Math.abs(threshold - 0.185) < 1e-9, 'half way to the next')
  t.equal(proposeThreshold([0.2, 0.4], 1), 0.7, 'above all, half way to 1')
  t.equal(proposeThreshold([], 0.9), 0.5)
  t.ok(Math.abs(proposeThreshold([0.3, 0.1, 0.2], 0.6, [2, 1, 1]) - 0.65) < 1e-9, 'the two lower weigh a half only')
  t.ok(Math.abs(proposeThreshold([0.1, 0.2, 0.3], 2 / 3, [1 / 3, 1 / 3, 1 / 3]) - 0.25) < 1e-9, 'rounding takes no slice away')
})

t.test('counting rules need enough positive slices and a long enough run', async t => {
  const rule = { kind: 'count', positive: 3, consecutive: 2 } as const
  t.ok(holds(rule, [0.9, 0.9, 0, 0.9], 0.5))
  t.notOk(holds(rule, [0.9, 0, 0.9, 0, 0.9], 0.5), 'no two in a row')
  t.notOk(holds(rule, [0.9, 0.9, 0, 0], 0.5), 'two only')
  t.ok(holds({ kind: 'count', positive: 1, consecutive: 1 }, [0, 0.5], 0.5), 'at the threshold is positive')
})

t.test('the mean of the largest is compared with its own threshold', async t => {
  const rule = { kind: 'mean-top-k', k: 2, threshold: 0.6 } as const
  t.ok(holds(rule, [0.1, 0.8, 0.4], 0.9))
  t.notOk(holds(rule, [0.1, 0.7, 0.4], 0.1))
  t.notOk(holds(rule, [], 0.1))
})

t.test('the least demanding rule is proposed that keeps tuber-free series negative', async t => {
  const series = (...counts: number[]) => counts.map((count, i) => ({
    name: `s${i}`, patient: `p${i}`, probabilities: Array.from({ length: 12 }, (_, k) => k < count ? 0.9 : 0.1),
  }))
  t.same(proposeSeriesRule(series(0, 0, 0, 0), 0.5, 1), { kind: 'count', positive: 1, consecutive: 1 })
  t.same(proposeSeriesRule(series(0, 1, 2, 2), 0.5, 1), { kind: 'count', positive: 3, consecutive: 1 })
  t.same(proposeSeriesRule(series(0, 0, 0, 5), 0.5, 0.75), { kind: 'count', positive: 1, consecutive: 1 })
})
