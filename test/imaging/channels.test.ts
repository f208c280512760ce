import t from 'tap'
import { toChannels } from '../../src/imaging/channels.ts'
import { random } from './encode-frame.ts'

const channel = (data: Float32Array, c: number) => data.filter((_, i) => i % 3 === c)
const near = (a: number, b: number, tolerance = 1e-5) => Math.abs(a - b) <= tolerance

t.test('equal channels span the range', async t => {
  t.strictSame([...toChannels(new Float32Array([0, 0.5, 1]), 3, 1, 'equal', [-1, 1])], [-1, -1, -1, 0, 0, 0, 1, 1, 1])
  t.strictSame([...toChannels(new Float32Array([0, 0.5, 1]), 3, 1, 'equal', [0, 255])], [0, 0, 0, 127.5, 127.5, 127.5, 255, 255, 255])
})

t.test('normalized: the first channel is the windowed intensity in the range', async t => {
  const data = toChannels(new Float32Array([0, 0.5, 1, 0.25]), 2, 2, 'normalized', [-1, 1])
  t.strictSame([...channel(data, 0)], [-1, 0, 1, -0.5])
})

t.test('normalized: the second is intensity over the foreground mean, minus 1, cut at 3', async t => {
  // foreground 0.2, 0.4, 0.6: its mean with one in the denominator's count is 1.2 / 4 = 0.3
  const unit = new Float32Array([0, 0.2, 0.4, 0.6, 0.05, 0])
  const found = channel(toChannels(unit, 3, 2, 'normalized', [0, 1]), 1)
  unit.forEach((x, i) => t.ok(near(found[i]!, x / 0.32 - 1), `${x}`))
  const bright = new Float32Array(10000).fill(0.07)
  bright[0] = 1
  t.equal(channel(toChannels(bright, 100, 100, 'normalized', [0, 1]), 1)[0], 3)
})

t.test('normalized: the second does not depend on the window\'s gain, but for the 0.02', async t => {
  const next = random(4)
  const unit = Float32Array.from({ length: 4096 }, () => 0.2 + 0.3 * next())
  const plain = channel(toChannels(unit, 64, 64, 'normalized', [0, 1]), 1)
  const twice = channel(toChannels(unit.map(x => 2 * x), 64, 64, 'normalized', [0, 1]), 1)
  t.ok(plain.every((value, i) => near(value, twice[i]!, 0.1)))
})

t.test('normalized: the third is 0 on even ground and outside the foreground', async t => {
  const even = channel(toChannels(new Float32Array(224 * 224).fill(0.5), 224, 224, 'normalized', [0, 1]), 2)
  t.ok(even.every(value => value >= 0 && value < 0.45), 'but for the little that pulls the mean to 0, most in the corners')
  t.ok(even[112 * 224 + 112]! < 0.15)
  const dark = channel(toChannels(new Float32Array(224 * 224).fill(0.05), 224, 224, 'normalized', [0, 1]), 2)
  t.ok(dark.every(value => value === 0))
})

t.test('normalized: the third is three times the difference from the mean of 5 × 5 cells', async t => {
  // cells of 1 pixel: 28 × 28. All 0.5 but the middle, 1.
  const unit = new Float32Array(28 * 28).fill(0.5)
  unit[14 * 28 + 14] = 1
  const m = (783 * 0.5 + 1) / 785
  const [z, peak] = [0.5 / (m + 0.02), 1 / (m + 0.02)]
  const around = (24 * z + peak) / (25 + 0.05 * 25)
  const found = channel(toChannels(unit, 28, 28, 'normalized', [0, 1]), 2)
  t.ok(near(found[14 * 28 + 14]!, 3 * (peak - around)), `${found[14 * 28 + 14]}`)
  t.ok(near(found[12 * 28 + 16]!, 3 * (z - around)), 'a corner of the same 5 × 5')
  t.ok(near(found[2 * 28 + 2]!, 3 * (z - 25 * z / (25 + 0.05 * 25))), 'far from it')
  t.ok(near(found[0]!, 3 * (z - 9 * z / (9 + 0.05 * 25))), 'at the corner nine cells')
})

t.test('normalized: a bright spot stands out, and every channel stays in its bounds', async t => {
  const next = random(8)
  for (const [width, height] of [[224, 224], [50, 31], [1, 1], [3, 300]] as const) {
    const unit = Float32Array.from({ length: width * height }, () => next() < 0.5 ? 0 : next())
    const data = toChannels(unit, width, height, 'normalized', [0, 1])
    t.ok(data.every(value => Number.isFinite(value)), `${width} × ${height}`)
    t.ok(channel(data, 0).every(value => value >= 0 && value <= 1))
    t.ok(channel(data, 1).every(value => value >= -1 && value <= 3))
    t.ok(channel(data, 2).every(value => value >= -4 && value <= 4))
  }
  const unit = new Float32Array(224 * 224).fill(0.4)
  for (let y = 100; y < 110; y++) for (let x = 60; x < 70; x++) unit[y * 224 + x] = 0.6
  const contrast = channel(toChannels(unit, 224, 224, 'normalized', [0, 1]), 2)
  t.equal(contrast.indexOf(Math.max(...contrast.subarray(80 * 224, 130 * 224))) % 224 >= 60, true)
  t.ok(contrast[105 * 224 + 65]! > 1, `${contrast[105 * 224 + 65]}`)
})
