import t from 'tap'
import { oneCycle } from '../../src/training/one-cycle.ts'

t.test('the rate rises to its peak in the first tenth and falls to nearly nothing', async t => {
  const rates = Array.from({ length: 100 }, (_, step) => oneCycle(step, 100, 0.002))
  t.ok(Math.abs(rates[0]! - 0.002 / 25) < 1e-12)
  t.equal(rates.indexOf(Math.max(...rates)), 10)
  t.ok(Math.abs(rates[10]! - 0.002) < 1e-12)
  for (let i = 1; i < 100; i++) t.ok(i <= 10 ? rates[i]! > rates[i - 1]! : rates[i]! < rates[i - 1]!)
  t.ok(rates[99]! < 0.002 / 1000)
})

t.test('a run of one step has a rate', async t => {
  t.ok(oneCycle(0, 1, 0.1) > 0)
})
