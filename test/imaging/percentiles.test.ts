import t from 'tap'
import { percentiles } from '../../src/imaging/percentiles.ts'
import { Random } from '../../src/training/random.ts'

/** NumPy's default, by sorting. */
function expected (values: Float32Array, percent: number): number {
  const sorted = values.toSorted()
  const rank = percent / 100 * (sorted.length - 1)
  const below = Math.floor(rank)
  return rank === below ? sorted[below]! : sorted[below]! + (sorted[below + 1]! - sorted[below]!) * (rank - below)
}

t.test('whole numbers are counted, all others selected, to the same values', async t => {
  const random = new Random(1)
  const kinds = {
    'of few values': () => random.below(5),
    'of 12 bits': () => random.below(4096),
    'up to 65,535': () => random.chance(0.1) ? 65535 : random.below(65536),
    'above that': () => random.below(200000),
    negative: () => random.below(100) - 50,
    broken: () => random.uniform(0, 50),
    'one broken': () => random.chance(0.01) ? 0.5 : random.below(50),
    'all the same': () => 7,
    'all 0': () => 0,
  }
  for (const [name, value] of Object.entries(kinds)) {
    for (const count of [1, 2, 3, 100, 1001]) {
      const values = Float32Array.from({ length: count }, value)
      const percents = [0, 1, 50, 99.5, 100]
      t.strictSame(percentiles(values.slice(), percents), percents.map(percent => expected(values, percent)), `${count} ${name}`)
    }
  }
})
