import t from 'tap'
import type { Preprocessing } from '../../src/imaging/preprocessing.ts'
import type { Raster } from '../../src/imaging/raster.ts'
import { sliceStatisticNames, sliceStatistics, turned } from '../../src/imaging/slice-statistics.ts'

const size = 224
const preprocessing: Preprocessing = {
  width: size, height: size, voi: { from: 'header' }, fit: 'pad', resample: 'area', quantize8bit: false, range: [0, 1], channels: 'equal',
}

function raster (value: (x: number, y: number) => number, range: readonly [number, number] = [0, 1]): Raster {
  const data = new Float32Array(3 * size * size)
  for (let i = 0; i < size * size; i++) {
    data.fill(range[0] + (range[1] - range[0]) * value(i % size - 111.5, Math.floor(i / size) - 111.5), 3 * i, 3 * i + 3)
  }
  return { width: size, height: size, channels: 3, data, toSource: { a: 1, b: 0, c: 0, d: 0, e: 1, f: 0 } }
}

const disc = (radius: number, level = 0.5) => (x: number, y: number): number => Math.hypot(x, y) < radius ? level : 0
const of = (one: Raster, range: [number, number] = [0, 1]): Record<string, number> =>
  Object.fromEntries(sliceStatistics(one, { ...preprocessing, range })!.map((value, i) => [sliceStatisticNames[i]!, value]))
const near = (t: Tap, found: number | undefined, wanted: number, slack: number, what: string): void => {
  t.ok(Math.abs(found! - wanted) <= slack, `${what}: ${found ?? '?'} is about ${wanted}`)
}
type Tap = { ok: (value: unknown, message: string) => unknown }

t.test('of a disc the outline, the level and the likeness of its sides are as they can be computed', async t => {
  const found = of(raster(disc(80)))
  near(t, found['area'], Math.sqrt(Math.PI * 80 ** 2 / size ** 2), 0.03, 'root of the area')
  near(t, found['aspect'], 0, 0.02, 'as high as wide')
  near(t, found['fill'], Math.PI / 4, 0.04, 'share of its box')
  near(t, found['offset'], Math.log(0.02), 0.3, 'in the middle')
  near(t, found['air'], Math.log(0.02), 0.1, 'air is black')
  near(t, found['mean'], 0.5, 0.03, 'mean')
  near(t, found['mirror'], 1, 0.01, 'left is right')
  near(t, found['frontBack'], 1, 0.01, 'front is back')
  near(t, found['centre'], 0, 0.05, 'the centre is as bright as the whole')
})

t.test('layers, tails, sides and stripes tell pictures apart', async t => {
  const plain = of(raster(disc(80)))
  const bright = of(raster((x, y) => Math.hypot(x, y) < 80 ? Math.hypot(x, y) < 20 ? 1 : 0.4 : 0))
  t.ok(bright['centre']! > plain['centre']! + 0.2 && bright['skew']! > 0)
  t.ok(bright['bright']! > plain['bright']!)
  const ring = of(raster((x, y) => Math.hypot(x, y) < 80 ? Math.hypot(x, y) > 68 ? 1 : 0.3 : 0))
  t.ok(ring['rim']! > plain['rim']! + 0.2)
  const half = of(raster((x, y) => Math.hypot(x, y) < 80 ? x < 0 ? 0.8 : 0.3 : 0))
  t.ok(half['mirror']! < 0.9 && half['frontBack']! > 0.98)
  t.ok(of(raster((x, y) => Math.hypot(x, y) < 80 ? 0.5 + 0.3 * Math.sin(x) : 0))['stripes']! > 1)
  t.ok(of(raster((x, y) => Math.hypot(x / 0.7, y) < 80 ? 0.5 : 0))['aspect']! > 0.3)
  t.ok(of(raster((x, y) => Math.hypot(x - 25, y) < 80 ? 0.5 : 0))['offset']! > plain['offset']! + 1)
})

t.test('the range of the network\'s input makes no difference', async t => {
  const plain = sliceStatistics(raster(disc(70)), preprocessing)!
  const shifted = sliceStatistics(raster(disc(70), [-1, 1]), { ...preprocessing, range: [-1, 1] })!
  t.ok(plain.every((value, i) => Math.abs(value - shifted[i]!) < 1e-4))
})

t.test('where there is hardly a head there are no statistics', async t => {
  t.equal(sliceStatistics(raster(() => 0), preprocessing), undefined)
  t.equal(sliceStatistics(raster(disc(20)), preprocessing), undefined)
})

t.test('what a quarter turn does to the statistics is known without turning the picture', async t => {
  const head = (x: number, y: number): number =>
    Math.hypot(x / 70 + 0.1 * Math.sin(y / 30), y / 90) < 1 ? 0.5 + 0.2 * Math.sin(x / 9) + 0.1 * Math.cos(y / 15) + 0.002 * y : 0
  const upright = sliceStatistics(raster(head), preprocessing)!
  const onSide = sliceStatistics(raster((x, y) => head(-y, x)), preprocessing)!
  const told = turned(upright)
  t.notOk(upright.every((value, i) => Math.abs(value - onSide[i]!) < 0.02), 'they change')
  for (const [i, name] of sliceStatisticNames.entries()) near(t, told[i], onSide[i]!, 0.02, name)
})
