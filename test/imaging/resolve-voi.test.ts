import t from 'tap'
import type { Voi } from '../../src/dicom/slice.ts'
import { foregroundValues } from '../../src/imaging/foreground.ts'
import { percentiles } from '../../src/imaging/percentiles.ts'
import { resolveVoi } from '../../src/imaging/resolve-voi.ts'
import type { ModalityImage } from '../../src/imaging/resolve-voi.ts'
import { random } from './encode-frame.ts'

/** A head of 60 × 76 pixel radii in 192 × 192: fat outside, brain (GM, WM), dark ventricles. */
interface Head { readonly air: number, readonly fat: number, readonly brain: number, readonly ventricle: number }
function head ({ air, fat, brain, ventricle }: Head, seed = 3): Float32Array {
  const next = random(seed)
  return Float32Array.from({ length: 192 * 192 }, (_, i) => {
    const [x, y] = [i % 192 - 96, Math.floor(i / 192) - 96]
    const r = Math.hypot(x / 60, y / 76)
    const noise = air * Math.hypot(next() - 0.5, next() - 0.5)
    if (r > 1) return noise
    if (r > 0.9) return fat
    if (Math.hypot(x / 10, y / 22) < 1) return ventricle
    return brain * (0.9 + 0.2 * next())
  })
}
const image = (values: Float32Array, changes: Partial<ModalityImage> = {}): ModalityImage =>
  ({ width: 192, height: 192, values, padding: undefined, monochrome1: false, ...changes })
const bounds = (voi: ReturnType<typeof resolveVoi>): [number, number] =>
  voi.kind === 'window' ? [voi.center - voi.width / 2, voi.center + voi.width / 2] : [NaN, NaN]
const auto = { from: 'percentiles', low: 1, high: 99 } as const

t.test('percentiles interpolate between ranks, as NumPy does', async t => {
  // numpy.percentile([15, 20, 35, 40, 50], [0, 5, 30, 40, 50, 100])
  t.strictSame(percentiles(new Float32Array([35, 50, 20, 15, 40]), [0, 5, 30, 40, 50, 100]), [15, 16, 23, 29, 35, 50])
  t.strictSame(percentiles(new Float32Array([7]), [0, 50, 100]), [7, 7, 7])
  t.strictSame(percentiles(new Float32Array([2, 2, 2, 2]), [1, 99]), [2, 2])
  t.strictSame(percentiles(new Float32Array([1, 2]), [-5, 105]), [1, 2], 'beyond the ends the ends')
})

t.test('percentiles agree with sorting on many values with ties', async t => {
  const next = random(11)
  for (const size of [2, 3, 17, 1000]) {
    const values = Float32Array.from({ length: size }, () => Math.floor(next() * size / 3))
    const sorted = values.slice().sort()
    for (const percent of [0, 1, 12.5, 50, 99, 100]) {
      const rank = percent / 100 * (size - 1)
      const low = sorted[Math.floor(rank)]!
      const expected = low + (sorted[Math.ceil(rank)]! - low) * (rank - Math.floor(rank))
      t.equal(percentiles(values.slice(), [percent])[0], expected, `${percent} of ${size}`)
    }
  }
})

t.test('air and scalp fat do not move the window of the brain', async t => {
  const plain = bounds(resolveVoi(auto, [], image(head({ air: 0, fat: 100, brain: 100, ventricle: 20 }))))
  t.ok(plain[0] >= 15 && plain[0] <= 25, `dark ventricles belong to the head: ${plain[0].toFixed(1)}`)
  t.ok(plain[1] >= 105 && plain[1] <= 110, `the brain's brightest percent: ${plain[1].toFixed(1)}`)
  for (const other of [{ air: 15, fat: 100 }, { air: 0, fat: 400 }, { air: 20, fat: 300 }, { air: 0, fat: 40 }]) {
    const [low, high] = bounds(resolveVoi(auto, [], image(head({ brain: 100, ventricle: 20, ...other }))))
    t.ok(Math.abs(low - plain[0]) < 3 && Math.abs(high - plain[1]) < 3, `${JSON.stringify(other)}: ${low.toFixed(1)}–${high.toFixed(1)}`)
  }
})

t.test('a ghost beside the head is air', async t => {
  const values = head({ air: 5, fat: 100, brain: 100, ventricle: 20 })
  const expected = foregroundValues(values.slice(), 192, 192)
  for (let y = 80; y < 110; y++) for (let x = 2; x < 14; x++) values[y * 192 + x] = 60
  t.strictSame(foregroundValues(values, 192, 192), expected)
})

t.test('a few stray bright pixels do not set the window', async t => {
  const values = head({ air: 5, fat: 100, brain: 100, ventricle: 20 })
  for (const i of [192 * 96 + 60, 192 * 80 + 70, 192 * 110 + 120]) values[i] = 30000
  const [, high] = bounds(resolveVoi(auto, [], image(values)))
  t.ok(high < 115, `up to ${high.toFixed(1)}`)
})

t.test('a head smaller than its rim, and one without air, still have a foreground', async t => {
  const small = new Float32Array(192 * 192)
  for (let y = 90; y < 102; y++) for (let x = 90; x < 102; x++) small[y * 192 + x] = 50 + x
  const values = foregroundValues(small, 192, 192)
  t.ok(values.length >= 36 && values.every(value => value >= 0), `${values.length} pixels`)
  t.ok(values.includes(146))
  const next = random(1)
  const noise = Float32Array.from({ length: 192 * 192 }, () => 100 + next())
  t.ok(foregroundValues(noise, 192, 192).length > 0.2 * noise.length)
  t.equal(foregroundValues(new Float32Array(6).fill(3), 3, 2).length, 6, 'a tiny picture')
})

t.test('padding does not count', async t => {
  const values = head({ air: 0, fat: 100, brain: 100, ventricle: 20 })
  const expected = bounds(resolveVoi(auto, [], image(values)))
  const padding = new Uint8Array(values.length)
  const padded = values.map((value, i) => {
    padding[i] = i % 192 < 20 ? 1 : 0
    return padding[i] === 1 ? -2000 : value
  })
  t.strictSame(bounds(resolveVoi(auto, [], image(padded, { padding }))), expected)
  t.strictSame(resolveVoi(auto, [], image(values, { padding: new Uint8Array(values.length).fill(1) })), { kind: 'flat' })
})

t.test('MONOCHROME1 gives the mirrored window', async t => {
  const values = head({ air: 10, fat: 200, brain: 100, ventricle: 20 })
  const [low, high] = bounds(resolveVoi(auto, [], image(values)))
  const mirrored = bounds(resolveVoi(auto, [], image(values.map(value => -value), { monochrome1: true })))
  t.ok(Math.abs(mirrored[0] + high) < 1e-9 && Math.abs(mirrored[1] + low) < 1e-9)
})

t.test('where the percentiles meet, the whole range is taken; one value alone is flat', async t => {
  const dot = new Float32Array(192 * 192)
  dot[5000] = 8
  t.strictSame(bounds(resolveVoi(auto, [], image(dot))), [0, 8])
  t.strictSame(resolveVoi(auto, [], image(new Float32Array(192 * 192).fill(7))), { kind: 'flat' })
  const padding = new Uint8Array(192 * 192)
  padding[5000] = 1
  t.strictSame(resolveVoi(auto, [], image(dot, { padding })), { kind: 'flat' })
})

t.test('the header\'s first window is taken as it is; without a usable one percentiles 1 and 99', async t => {
  const values = head({ air: 0, fat: 100, brain: 100, ventricle: 20 })
  const first: Voi = { kind: 'window', center: 600, width: 1600, function: 'LINEAR' }
  const second: Voi = { kind: 'window', center: 1, width: 2, function: 'LINEAR' }
  t.equal(resolveVoi({ from: 'header' }, [first, second], image(values)), first)
  const expected = resolveVoi(auto, [], image(values))
  t.strictSame(resolveVoi({ from: 'header' }, [], image(values)), expected, 'no window')
  t.strictSame(resolveVoi({ from: 'header' }, [{ ...first, width: 0 }, second], image(values)), expected, 'width 0')
})

t.test('a model\'s own window and percentiles pass over the header', async t => {
  const header: Voi[] = [{ kind: 'window', center: 600, width: 1600, function: 'LINEAR' }]
  const values = head({ air: 0, fat: 100, brain: 100, ventricle: 20 })
  t.strictSame(resolveVoi({ from: 'window', center: 50, width: 10 }, header, image(values)),
    { kind: 'window', center: 50, width: 10, function: 'LINEAR_EXACT' })
  t.strictSame(resolveVoi(auto, header, image(values)), resolveVoi(auto, [], image(values)))
})
