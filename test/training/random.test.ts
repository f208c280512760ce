import t from 'tap'
import { Random } from '../../src/training/random.ts'

t.test('the same seed and stream give the same numbers, others do not', async t => {
  const draw = (seed: number, stream: number): number[] => {
    const random = new Random(seed, stream)
    return Array.from({ length: 8 }, () => random.bits())
  }
  t.same(draw(1, 2), draw(1, 2))
  t.notSame(draw(1, 2), draw(1, 3))
  t.notSame(draw(1, 2), draw(2, 2))
})

t.test('uniform numbers fill their range evenly', async t => {
  const random = new Random(3)
  const counts = new Array<number>(10).fill(0)
  for (let i = 0; i < 20000; i++) {
    const value = random.uniform(-2, 3)
    const bin = Math.floor((value + 2) * 2)
    counts[bin] = counts[bin]! + 1
  }
  t.equal(counts.length, 10, 'nothing fell outside')
  // 2,000 expected in each; five standard deviations are 212
  for (const count of counts) t.ok(Math.abs(count - 2000) < 212)
})

t.test('normal deviates have the moments and tails of the standard normal', async t => {
  const values = new Random(5).fillNormal(new Float32Array(100001))
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
  t.ok(Math.abs(mean) < 0.016)
  t.ok(Math.abs(variance - 1) < 0.023)
  const beyond = values.filter(value => Math.abs(value) > 1.959964).length / values.length
  t.ok(Math.abs(beyond - 0.05) < 0.004)
})

t.test('geometric numbers begin at 1 and have mean 1/p', async t => {
  const random = new Random(7)
  const values = Array.from({ length: 20000 }, () => random.geometric(0.35))
  t.equal(Math.min(...values), 1)
  t.ok(Math.abs(values.reduce((sum, value) => sum + value, 0) / values.length - 1 / 0.35) < 0.08)
})

t.test('a shuffle keeps every value', async t => {
  const values = new Random(9).shuffle([1, 2, 3, 4, 5, 6, 7, 8])
  t.notSame(values, [1, 2, 3, 4, 5, 6, 7, 8])
  t.same([...values].sort(), [1, 2, 3, 4, 5, 6, 7, 8])
})

t.test('log-normal numbers have the median asked for', async t => {
  const random = new Random(11)
  const values = Array.from({ length: 4001 }, () => random.logNormal(7, 0.45)).sort((one, other) => one - other)
  t.ok(Math.abs(values[2000]! - 7) < 0.25)
})

t.test('deviates in bulk are those drawn one pair at a time', async t => {
  const bulk = new Random(9, 2).fillNormal(new Float32Array(64))
  const other = new Random(9, 2)
  const pairs = Array.from({ length: 32 }, () => [...other.fillNormal(new Float32Array(2))]).flat()
  t.same([...bulk], pairs)
  const after = new Random(9, 2)
  for (let i = 0; i < 32; i++) after.bits()
  t.equal(after.bits(), other.bits(), 'the state goes on from there')
})
