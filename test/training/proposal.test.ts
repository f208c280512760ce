import t from 'tap'
import { rateOf } from '../../src/training/false-positives.ts'
import { propose } from '../../src/training/proposal.ts'
import type { CalibratedSeries, FreeSlice } from '../../src/training/proposal.ts'

function patient (name: string, contrast: string, probabilities: readonly number[]): { slices: FreeSlice[], series: CalibratedSeries } {
  return {
    slices: probabilities.map(probability => ({ patient: name, contrast, probability })),
    series: { name: `${name}/${contrast}`, patient: name, contrast, probabilities, tuber: false },
  }
}

function all (...given: readonly ReturnType<typeof patient>[]): [FreeSlice[], CalibratedSeries[]] {
  return [given.flatMap(one => one.slices), given.map(one => one.series)]
}

const near = (value: number, wanted: number): boolean => Math.abs(value - wanted) < 1e-9

t.test('thresholds are told for patients and slices that weigh the same, and for each contrast alone', async t => {
  // a has eight low slices of FLAIR, b two of T2: half of the weight is b's
  const [slices, series] = all(patient('a', 'FLAIR', [0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.2]), patient('b', 'T2', [0.6, 0.8]))
  const of = (calibrateOn?: string) => propose(slices, series, { specificity: 0.7, calibrateOn, seed: 1 })
  const { thresholds, threshold, calibratedOn } = of()
  t.ok(near(thresholds.slices, 0.15), 'seven of ten slices')
  t.ok(near(thresholds.patients, 0.7), 'all of a and one of b are three quarters')
  t.ok(near(thresholds.perContrast['FLAIR']!, 0.15))
  t.ok(near(thresholds.perContrast['T2']!, 0.9))
  t.same([threshold, calibratedOn], [thresholds.patients, 'patients'])
  t.equal(of('slices').threshold, thresholds.slices)
  t.equal(of('T2').threshold, thresholds.perContrast['T2'])
  t.equal(of('strictest').threshold, thresholds.perContrast['T2'])
  t.throws(() => of('PD'), { code: 'usage', message: /one of patients, slices, strictest, FLAIR, T2; there is no tuber-free slice of PD/ })
})

t.test('each patient is judged by the calibration on the others', async t => {
  // without c the threshold is 0.15 and one positive slice is enough; without a or b it lies half way from c's 0.9 to 1
  const [slices, series] = all(patient('a', 'FLAIR', [0.1, 0.1]), patient('b', 'FLAIR', [0.1, 0.1]), patient('c', 'T2', [0.9, 0.1, 0.9, 0.1]))
  const { leftOut, seriesRule, specificityOfPatients } = propose(slices, series, { specificity: 1, seed: 1 })
  t.match(leftOut?.slices, { count: 8, positive: 2, rate: 0.25 })
  t.match(leftOut?.series, { count: 3, positive: 1 })
  t.match(leftOut?.patients, { count: 3, positive: 1 })
  t.match(leftOut?.perContrast, { FLAIR: { slices: { count: 4, positive: 0 } }, T2: { slices: { count: 4, positive: 2 }, series: { count: 1, positive: 1 } } })
  t.ok(near(leftOut!.threshold.least, 0.55) && near(leftOut!.threshold.greatest, 0.95))
  t.same([seriesRule, specificityOfPatients], [{ kind: 'count', positive: 1, consecutive: 1 }, 1], 'here, not elsewhere')
  const alone = all(patient('a', 'FLAIR', [0.1]))
  t.equal(propose(...alone, { specificity: 1, seed: 1 }).leftOut, undefined)
  t.match(propose(slices, series, { specificity: 1, seed: 1, calibrateOn: 'T2' }).leftOut, { slices: { count: 4 } },
    'a patient without whom there is no T2 cannot be left out')
})

t.test('series with tubers make no rule, and tell the sensitivity', async t => {
  const [slices, series] = all(patient('a', 'FLAIR', [0.1, 0.2]))
  const found = propose(slices, [...series, { ...patient('b', 'FLAIR', [0.9, 0.9]).series, tuber: true }], { specificity: 1, seed: 1 })
  t.same([found.sensitivity, found.specificityOfPatients], [1, 1])
  t.same(found.seriesRule, { kind: 'count', positive: 1, consecutive: 1 })
})

t.test('a share of none or of all has the interval of as many trials as there are patients', async t => {
  const of = (...positive: readonly boolean[]) => rateOf(positive.map((one, i) => ({ patient: `p${i}`, positive: one })), 1)
  // Wilson's upper limit for 0 of n is z² / (n + z²)
  t.ok(Math.abs(of(false, false, false, false).interval!.high - 1.96 ** 2 / (4 + 1.96 ** 2)) < 1e-9)
  t.equal(of(true, true).interval!.high, 1)
  const half = of(true, false).interval!
  t.same([half.low, half.high], [0, 1])
  t.equal(of(true).interval, undefined)
  t.match(rateOf([], 1), { count: 0, rate: 0 })
})
