import t from 'tap'
import type { LookUpTable, Voi } from '../../src/dicom/slice.ts'
import { invertMonochrome1 } from '../../src/imaging/photometric.ts'
import { applyModality, lookUp, paddingMask } from '../../src/imaging/rescale.ts'
import type { StoredPixels } from '../../src/imaging/stored-pixels.ts'
import { applyVoi, isUsable, linear, linearExact, sigmoid } from '../../src/imaging/voi-lut.ts'

const stored = (...values: number[]): StoredPixels =>
  ({ width: values.length, height: 1, samplesPerPixel: 1, data: Int16Array.from(values), warnings: [] })
const window = (center: number, width: number, name: 'LINEAR' | 'LINEAR_EXACT' | 'SIGMOID' = 'LINEAR'): Voi =>
  ({ kind: 'window', center, width, function: name })
const near = (a: number, b: number) => Math.abs(a - b) < 1e-9

// The worked examples of PS3.3 C.11.2.1.2.1, y_min = 0 and y_max = 1.
t.test('LINEAR: centre 2048, width 4096', async t => {
  t.equal(linear(-1, 2048, 4096), 0)
  t.equal(linear(0, 2048, 4096), 0, 'x ≤ 0')
  t.equal(linear(4096, 2048, 4096), 1, 'x > 4095')
  t.ok(near(linear(4095, 2048, 4096), 1))
  t.ok(near(linear(1, 2048, 4096), (1 - 2047.5) / 4095 + 0.5))
})

t.test('LINEAR: centre 2048, width 1 is a threshold', async t => {
  t.equal(linear(2047.5, 2048, 1), 0)
  t.equal(linear(2047.6, 2048, 1), 1)
  t.equal(linear(2047, 2048, 1), 0)
  t.equal(linear(2048, 2048, 1), 1)
})

t.test('LINEAR: centre 0, width 100', async t => {
  t.equal(linear(-50, 0, 100), 0, 'x ≤ −50')
  t.ok(near(linear(-49, 0, 100), (-49 + 0.5) / 99 + 0.5))
  t.ok(near(linear(49, 0, 100), 1), 'the ramp ends at 49')
  t.equal(linear(50, 0, 100), 1, 'x > 49')
})

t.test('LINEAR: centre 0, width 1', async t => {
  t.equal(linear(-0.5, 0, 1), 0)
  t.equal(linear(0, 0, 1), 1)
})

t.test('LINEAR_EXACT: the examples of C.11.2.1.3.2', async t => {
  t.equal(linearExact(0, 2048, 4096), 0)
  t.ok(near(linearExact(4096, 2048, 4096), 1))
  t.equal(linearExact(4097, 2048, 4096), 1)
  t.ok(near(linearExact(1024, 2048, 4096), 0.25))
  t.equal(linearExact(2047.5, 2048, 1), 0)
  t.ok(near(linearExact(2048, 2048, 1), 0.5))
  t.equal(linearExact(2048.6, 2048, 1), 1)
  t.equal(linearExact(-50, 0, 100), 0)
  t.ok(near(linearExact(0, 0, 100), 0.5))
  t.equal(linearExact(51, 0, 100), 1)
})

t.test('SIGMOID: half at the centre, symmetric about it', async t => {
  t.equal(sigmoid(40, 40, 80), 0.5)
  t.ok(near(sigmoid(60, 40, 80), 1 / (1 + Math.exp(-1))))
  t.ok(near(sigmoid(60, 40, 80) + sigmoid(20, 40, 80), 1))
  t.ok(sigmoid(10000, 40, 80) <= 1)
})

t.test('windows are applied to every value, on both sides of a negative centre', async t => {
  const values = new Float32Array([-19595, -927, 0, 19595])
  t.strictSame(applyVoi(values, window(-927, 2265, 'LINEAR_EXACT')), new Float32Array([0, 0.5, 927 / 2265 + 0.5, 1]))
  t.strictSame(applyVoi(values, window(-927, 2265, 'SIGMOID'))[1], 0.5)
  t.strictSame(applyVoi(new Float32Array([0, 1, 2]), window(1, 1)), new Float32Array([0, 1, 1]))
  t.strictSame(applyVoi(values, { kind: 'flat' }), new Float32Array(4))
})

t.test('a VOI LUT holds its end entries beyond its ends', async t => {
  const lut: LookUpTable = { first: -10, bits: 8, entries: new Uint16Array([0, 51, 255]) }
  t.strictSame(applyVoi(new Float32Array([-100, -10, -9, -8, 100]), { kind: 'table', lut }), new Float32Array([0, 0, 0.2, 1, 1]))
  const deep: LookUpTable = { first: 0, bits: 16, entries: new Uint16Array([0, 65535]) }
  t.strictSame(applyVoi(new Float32Array([0.4, 0.6]), { kind: 'table', lut: deep }), new Float32Array([0, 1]), 'values are rounded to an entry')
})

t.test('which VOI can be used', async t => {
  t.equal(isUsable(window(0, 1)), true)
  t.equal(isUsable(window(0, 0.99)), false, 'LINEAR needs 1 or more')
  t.equal(isUsable(window(0, 0)), false, 'as GE writes it')
  t.equal(isUsable(window(0, 0.5, 'LINEAR_EXACT')), true, 'the others need more than 0')
  t.equal(isUsable(window(0, 0, 'SIGMOID')), false)
  t.equal(isUsable(window(NaN, 100)), false)
  t.equal(isUsable({ kind: 'table', lut: { first: 0, bits: 8, entries: new Uint16Array(0) } }), false)
  t.equal(isUsable({ kind: 'table', lut: { first: 0, bits: 8, entries: new Uint16Array(1) } }), true)
})

t.test('rescale: slope · stored + intercept, in single precision', async t => {
  const values = applyModality(stored(0, 2048, -3), { kind: 'linear', slope: 9.57, intercept: -19595 })
  t.strictSame(values, new Float32Array([-19595, 9.57 * 2048 - 19595, 9.57 * -3 - 19595]))
})

t.test('a Modality LUT starts at its first stored value', async t => {
  const lut: LookUpTable = { first: -1, bits: 16, entries: new Uint16Array([5, 6, 9]) }
  t.strictSame(applyModality(stored(-7, -1, 0, 1, 30), { kind: 'table', lut }), new Float32Array([5, 5, 6, 9, 9]))
  t.equal(lookUp({ first: 0, bits: 8, entries: new Uint16Array(0) }, 3), 0, 'an empty table gives 0')
})

t.test('padding is a range with both ends', async t => {
  t.strictSame(paddingMask(stored(-2000, -1999, -1000, -999), [-2000, -1000]), new Uint8Array([1, 1, 1, 0]))
  t.equal(paddingMask(stored(1, 2), [0, 0]), undefined, 'nothing padded')
  t.equal(paddingMask(stored(0, 0), undefined), undefined, 'nothing declared')
})

t.test('MONOCHROME1 is inverted, MONOCHROME2 is not', async t => {
  t.strictSame(invertMonochrome1(new Float32Array([0, 0.25, 1]), 'MONOCHROME1'), new Float32Array([1, 0.75, 0]))
  t.strictSame(invertMonochrome1(new Float32Array([0, 0.25, 1]), 'MONOCHROME2'), new Float32Array([0, 0.25, 1]))
})
