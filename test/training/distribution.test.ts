import t from 'tap'
import { distance, nearerTurned } from '../../src/imaging/out-of-distribution.ts'
import { sliceStatisticNames } from '../../src/imaging/slice-statistics.ts'
import { fitDistribution } from '../../src/training/distribution.ts'
import type { StatisticsSample } from '../../src/training/distribution.ts'
import { Random } from '../../src/training/random.ts'

/** Normal deviates; the second statistic follows the first. */
function samples (patients: number, each: number, contrast: string, shift: number, synthetic = false): StatisticsSample[] {
  const random = new Random(1, shift + patients)
  return Array.from({ length: patients * each }, (_, i) => {
    const statistics = sliceStatisticNames.map(() => random.normal() + shift)
    statistics[1] = statistics[0]! + 0.1 * random.normal()
    return { statistics, repetition: 0.05, contrast, patient: `${contrast}${synthetic ? 's' : 'r'}${i % patients}`, synthetic }
  })
}

t.test('slices like those fitted pass, others do not, and what goes together counts', async t => {
  const found = fitDistribution([...samples(6, 30, 'FLAIR', 0), ...samples(6, 30, 'T2', 10)], 0.98)
  t.same(found.kinds.map(kind => kind.name), ['FLAIR, small', 'FLAIR, large', 'T2, small', 'T2, large'])
  const zeros = sliceStatisticNames.map(() => 0)
  t.ok(distance(found, zeros) < found.limit)
  t.ok(distance(found, zeros.map(() => 10)) < found.limit, 'the other kind')
  t.ok(distance(found, zeros.map(() => 5)) > 3 * found.limit, 'between the kinds')
  const apart = distance(found, [1.5, -1.5, ...zeros.slice(2)])
  const together = distance(found, [1.5, 1.5, ...zeros.slice(2)])
  t.ok(apart > 1.5 * together, 'the first two go together')
  const fresh = samples(5, 100, 'FLAIR', 0).map(sample => distance(found, sample.statistics))
  t.ok(fresh.filter(value => value > found.limit).length / fresh.length < 0.06, 'most of new slices pass')
})

t.test('real patients set the limit where there are any; few slices make one kind or none', async t => {
  const real = samples(4, 15, 'T2', 0)
  const wide = samples(4, 15, 'T2', 0, true).map(sample => ({ ...sample, statistics: sample.statistics.map(value => 4 * value) }))
  const both = fitDistribution([...real, ...wide], 0.99)
  t.ok(both.limit < fitDistribution(wide, 0.99).limit, 'what is synthetic sets it alone only')
  t.same(fitDistribution(real, 0.9).kinds.map(kind => kind.name), ['T2'])
  t.throws(() => fitDistribution(samples(3, 5, 'T2', 0), 0.9), { code: 'training-data-invalid' })
  t.throws(() => fitDistribution(samples(1, 90, 'T2', 0), 0.9), { code: 'training-data-invalid' })
  const lopsided = [...samples(1, 60, 'T2', 0), { ...samples(1, 1, 'T2', 0)[0]!, patient: 'other' }]
  t.doesNotThrow(() => fitDistribution(lopsided, 0.9), 'the one is judged by the many')
  t.throws(() => fitDistribution(samples(2, 25, 'T2', 0), 0.9), { code: 'training-data-invalid', message: /leave one out/ })
})

t.test('repetition and turning have limits that hardly cost a good slice', async t => {
  const given = samples(4, 60, 'T2', 0)
  const found = fitDistribution(given, 0.98)
  t.equal(found.repetition, 0.3, 'no head has more, whatever a small set says')
  t.equal(fitDistribution(given.map((sample, i) => ({ ...sample, repetition: i / 240 })), 0.98).repetition, 1.24, '5/4 of the 239th of 240')
  t.ok(found.turned! >= 0)
  const nearer = given.map(({ statistics }) => nearerTurned(found, statistics))
  t.ok(nearer.filter(value => value > found.turned!).length <= 4)
})

t.test('a statistic that never changes does not make all else infinitely far', async t => {
  const flat = samples(3, 30, 'T2', 0).map(sample => ({ ...sample, statistics: sample.statistics.map((value, i) => i === 3 ? 0.5 : value) }))
  const found = fitDistribution(flat, 0.99)
  t.ok(found.kinds.every(kind => [...kind.mean, ...kind.spread, ...kind.precision].every(Number.isFinite)))
  t.ok(Number.isFinite(found.limit))
})
