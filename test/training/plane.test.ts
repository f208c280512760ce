import t from 'tap'
import { blur, quantile, smoothField } from '../../src/training/plane.ts'
import { Random } from '../../src/training/random.ts'

t.test('a blur keeps a constant, the sum of a spot, and has the variance asked for', async t => {
  const size = 33
  t.ok(blur(new Float32Array(size * size).fill(3), size, 2).every(value => Math.abs(value - 3) < 1e-5))
  const spot = new Float32Array(size * size)
  spot[16 * size + 16] = 1
  const spread = blur(spot, size, 2)
  t.ok(Math.abs(spread.reduce((sum, value) => sum + value, 0) - 1) < 1e-5)
  const variance = spread.reduce((sum, value, i) => sum + value * (i % size - 16) ** 2, 0)
  // cut after five pixels, at 2.75 σ, the variance of a Gaussian of σ 2 is 0.95 × 4
  t.ok(Math.abs(variance - 3.8) < 0.05, String(variance))
  t.same(blur(spot, size, 0.1), spot, 'below 0.15 nothing changes')
})

t.test('a blur is the sum of its weighted neighbours, edges repeated, whatever its width', async t => {
  const size = 9
  const plane = new Random(3).fillNormal(new Float32Array(size * size))
  for (const sigma of [0.3, 0.7, 1.1, 2.5]) {
    const radius = Math.ceil(sigma * 2.5)
    const offsets = Array.from({ length: 2 * radius + 1 }, (_, i) => i - radius)
    const weights = offsets.map(i => Math.exp(-(i * i) / (2 * sigma * sigma)))
    const total = weights.reduce((sum, value) => sum + value, 0)
    const inside = (at: number): number => Math.min(size - 1, Math.max(0, at))
    const blurred = blur(plane, size, sigma)
    for (const [x, y] of [[0, 0], [4, 4], [8, 2], [3, 8]] as const) {
      let expected = 0
      for (const [i, dy] of offsets.entries()) {
        for (const [j, dx] of offsets.entries()) {
          expected += plane[inside(y + dy) * size + inside(x + dx)]! * weights[i]! * weights[j]! / total / total
        }
      }
      t.ok(Math.abs(blurred[y * size + x]! - expected) < 1e-5, `σ ${sigma} at ${x}, ${y}`)
    }
  }
})

t.test('a smooth field is repeatable, smooth, and passes through its knots', async t => {
  const field = smoothField(new Random(1), 25, 5, 1)
  t.same(field, smoothField(new Random(1), 25, 5, 1))
  const knots = new Random(1).fillNormal(new Float32Array(25))
  for (let y = 0; y < 5; y++) for (let x = 0; x < 5; x++) t.ok(Math.abs(field[y * 6 * 25 + x * 6]! - knots[y * 5 + x]!) < 1e-5)
})

t.test('a field that is needed in a box alone is the same there, and 0 elsewhere', async t => {
  const size = 25
  const box = { top: 3, left: 5, bottom: 20, right: 21 }
  const whole = smoothField(new Random(2), size, 6, 1)
  const expected = whole.map((value, i) => {
    const [x, y] = [i % size, Math.floor(i / size)]
    return x >= box.left && x < box.right && y >= box.top && y < box.bottom ? value : 0
  })
  t.strictSame(smoothField(new Random(2), size, 6, 1, box), expected)
})

t.test('quantiles are nearest ranks', async t => {
  t.equal(quantile(Float32Array.of(4, 1, 3, 2), 0.5), 3)
  t.equal(quantile(Float32Array.of(4, 1, 3, 2), 1), 4)
  t.ok(Number.isNaN(quantile(new Float32Array(0), 0.5)))
})
