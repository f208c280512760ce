import t from 'tap'
import type { Preprocessing } from '../../src/imaging/preprocessing.ts'
import type { Raster } from '../../src/imaging/raster.ts'
import { repetition } from '../../src/imaging/repetition.ts'

const preprocessing: Preprocessing = {
  width: 112, height: 112, voi: { from: 'header' }, fit: 'pad', resample: 'area', quantize8bit: false, range: [0, 1], channels: 'equal',
}

function rasterOf (value: (x: number, y: number) => number, size = 112, range = 1): Raster {
  const data = new Float32Array(size * size * 3)
  for (let i = 0; i < size * size; i++) data.fill(range * value(i % size, Math.floor(i / size)), 3 * i, 3 * i + 3)
  return { width: size, height: size, channels: 3, data, toSource: { a: 1, b: 0, c: 0, d: 0, e: 1, f: 0 } }
}

/** Blobs without any order, the same on every machine. */
function blobs (x: number, y: number): number {
  const value = Math.sin(Math.floor(x / 4) * 12.9898 + Math.floor(y / 4) * 78.233) * 43758.5453
  return value - Math.floor(value)
}

t.test('a picture that comes twice is told, across and down', async t => {
  t.ok(repetition(rasterOf(blobs), preprocessing) < 0.3)
  t.ok(repetition(rasterOf((x, y) => blobs(x % 56, y)), preprocessing) > 0.95, 'folded in half')
  t.ok(repetition(rasterOf((x, y) => 0.6 * blobs(x, y) + 0.4 * blobs(x, (y + 28) % 112)), preprocessing) > 0.4, 'a ghost a quarter below')
  const whole = rasterOf((x, y) => blobs(x % 56, y), 112, 255)
  t.ok(repetition(whole, { ...preprocessing, range: [0, 255] }) > 0.95, 'whatever the range')
})

t.test('small and blank pictures have a measure too', async t => {
  t.equal(repetition(rasterOf(() => 0), preprocessing), 0)
  t.equal(repetition(rasterOf(() => 0.5), preprocessing), 0, 'one value has no edges')
  const small = repetition(rasterOf(blobs, 20), { ...preprocessing, width: 20, height: 20 })
  t.ok(small >= -1 && small <= 1)
})
