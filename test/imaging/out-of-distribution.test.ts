import t from 'tap'
import { distance, distanceFrom, distributionSchema, nearerTurned, unlikeness, unlikenessOf } from '../../src/imaging/out-of-distribution.ts'
import type { Likeness } from '../../src/imaging/out-of-distribution.ts'
import type { Preprocessing } from '../../src/imaging/preprocessing.ts'
import { sliceStatisticNames, sliceStatistics, turned } from '../../src/imaging/slice-statistics.ts'

const count = sliceStatisticNames.length
const triangle = (value: (i: number, k: number) => number): number[] =>
  Array.from({ length: count }, (_, i) => Array.from({ length: i + 1 }, (__, k) => value(i, k))).flat()
const kind = (changes: Partial<Likeness> = {}): Likeness => ({
  name: 'any', mean: Array.from({ length: count }, () => 0), spread: Array.from({ length: count }, () => 1), precision: triangle((i, k) => i === k ? 1 : 0), ...changes,
})
const at = (values: Readonly<Record<number, number>>): number[] => Array.from({ length: count }, (_, i) => values[i] ?? 0)

t.test('the distance is the quadratic form of the deviations, by their number', async t => {
  t.equal(distanceFrom(kind(), at({ 0: 3, 5: 4 })), 25 / count)
  t.equal(distanceFrom(kind({ spread: at({}).map(() => 2), mean: at({ 0: 1 }) }), at({ 0: 5 })), 4 / count)
  // 2·3² + 2·1·3·4 + 1·4², the off-diagonal entry counted twice
  const precision = triangle((i, k) => i === 0 && k === 0 ? 2 : i === k ? 1 : i === 1 && k === 0 ? 1 : 0)
  t.equal(distanceFrom(kind({ precision }), at({ 0: 3, 1: 4 })), (18 + 24 + 16) / count)
  t.equal(distance({ kinds: [kind(), kind({ mean: at({ 0: 3 }) })] }, at({ 0: 3 })), 0, 'from the nearest kind')
})

t.test('a slice within the limit passes, one beyond it is told with both numbers, and without a rule all pass', async t => {
  const size = 224
  const preprocessing: Preprocessing = {
    width: size, height: size, voi: { from: 'header' }, fit: 'pad', resample: 'area', quantize8bit: false, range: [0, 1], channels: 'equal',
  }
  const data = new Float32Array(3 * size * size)
  for (let i = 0; i < size * size; i++) data.fill(Math.hypot(i % size - 112, Math.floor(i / size) - 112) < 80 ? 0.5 : 0, 3 * i, 3 * i + 3)
  const raster = { width: size, height: size, channels: 3, data, toSource: { a: 1, b: 0, c: 0, d: 0, e: 1, f: 0 } }
  const mean = [...sliceStatistics(raster, preprocessing)!]
  const rule = (changes: Partial<Likeness>) => ({ preprocessing, distribution: { statistics: 1 as const, kinds: [kind({ mean, ...changes })], limit: 2.5 } })
  t.equal(unlikeness(raster, { preprocessing }), undefined)
  t.equal(unlikeness(raster, rule({})), undefined)
  t.match(unlikeness(raster, rule({ mean: mean.map(value => value + 2) })), { code: 'out-of-distribution', text: /distance 4\.0, limit 2\.5/ })
  t.match(unlikeness({ ...raster, data: new Float32Array(data.length) }, rule({})), { code: 'out-of-distribution', text: /hardly any head/ })
})

t.test('what comes twice, and a head on its side, are told by limits of their own; a manifest without them has none', async t => {
  const names = { aspect: sliceStatisticNames.indexOf('aspect'), mirror: sliceStatisticNames.indexOf('mirror'), frontBack: sliceStatisticNames.indexOf('frontBack') }
  const upright = at({ [names.aspect]: 1, [names.mirror]: 2, [names.frontBack]: 1 })
  const onSide = turned(upright)
  t.same(turned(onSide), upright, 'twice is there and back')
  t.match(onSide, at({ [names.aspect]: -1, [names.mirror]: 1, [names.frontBack]: 2 }).map(value => value === 0 ? Number : value))
  const plain = { statistics: 1 as const, kinds: [kind({ mean: upright })], limit: 2 }
  t.equal(nearerTurned(plain, onSide), (2 ** 2 + 1 + 1) / count)
  t.equal(nearerTurned(plain, upright), -nearerTurned(plain, onSide))
  t.equal(unlikenessOf({ statistics: onSide, repetition: 0.9 }, plain), undefined)
  t.match(unlikenessOf({ statistics: onSide, repetition: 0.1 }, { ...plain, turned: 0.1 }), { code: 'out-of-distribution', text: /on its side \(nearer by 0\.3 when turned, limit 0\.1\)/ })
  t.equal(unlikenessOf({ statistics: upright, repetition: 0.1 }, { ...plain, turned: 0, repetition: 0.3 }), undefined)
  t.match(unlikenessOf({ statistics: upright, repetition: 0.9 }, { ...plain, repetition: 0.3 }), { code: 'out-of-distribution', text: /twice.*\(repetition 0\.90, limit 0\.30\)/ })
  t.ok(distributionSchema.safeParse({ ...plain, turned: 0, repetition: 0.3 }).success)
})

t.test('a manifest with a block of another size is refused', async t => {
  t.ok(distributionSchema.safeParse({ statistics: 1, kinds: [kind()], limit: 2 }).success)
  t.notOk(distributionSchema.safeParse({ statistics: 1, kinds: [kind({ mean: [1, 2] })], limit: 2 }).success)
  t.notOk(distributionSchema.safeParse({ statistics: 2, kinds: [kind()], limit: 2 }).success)
  t.notOk(distributionSchema.safeParse({ statistics: 1, kinds: [], limit: 2 }).success)
})
