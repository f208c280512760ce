import t from 'tap'
import { applyAffine } from '../../src/imaging/affine.ts'
import { mapToSource } from '../../src/imaging/map-to-source.ts'
import { quantize8bit, toBytes } from '../../src/imaging/quantize.ts'
import { fitAffine, fitPad, fitStretch, resample } from '../../src/imaging/resample.ts'

const line = (values: number[], size: number, method: 'area' | 'nearest' = 'area') =>
  [...resample(new Float32Array(values), values.length, 1, size, 1, fitStretch(values.length, 1, size, 1), method)]
const close = (found: readonly number[], wanted: readonly number[]) =>
  found.length === wanted.length && found.every((value, i) => Math.abs(value - wanted[i]!) < 1e-5)

t.test('shrinking averages the area that each pixel covers', async t => {
  t.ok(close(line([1, 3, 5, 7], 2), [2, 6]))
  t.ok(close(line([1, 2, 4], 2), [(1 + 0.5 * 2) / 1.5, (0.5 * 2 + 4) / 1.5]))
  t.ok(close(line([9, 9, 9, 9, 9], 3), [9, 9, 9]), 'a constant stays')
  t.ok(close(line([1, 2, 3, 4, 5, 6, 7], 1), [4]))
})

t.test('3 × 3 to 2 × 2, by hand', async t => {
  // 1 2 3     each output pixel: 1.5 × 1.5 source pixels, 2.25 in all
  // 4 5 6
  // 7 8 9
  const found = resample(new Float32Array([1, 2, 3, 4, 5, 6, 7, 8, 9]), 3, 3, 2, 2, fitStretch(3, 3, 2, 2), 'area')
  const corner = (a: number, b: number, c: number, d: number) => (a + 0.5 * b + 0.5 * c + 0.25 * d) / 2.25
  t.ok(close([...found], [corner(1, 2, 4, 5), corner(3, 2, 6, 5), corner(7, 8, 4, 5), corner(9, 8, 6, 5)]))
})

t.test('enlarging interpolates between pixel centres', async t => {
  t.ok(close(line([0, 8], 4), [0, 2, 6, 8]))
  t.ok(close(line([5], 3), [5, 5, 5]), 'one pixel')
  t.ok(close(line([1, 2, 3], 3), [1, 2, 3]), 'the same size changes nothing')
})

t.test('nearest takes the pixel that PIL takes: floor((i + 0.5) · scale)', async t => {
  t.strictSame(line([10, 11, 12, 13, 14], 3, 'nearest'), [10, 12, 14])
  t.strictSame(line([10, 11, 12, 13], 2, 'nearest'), [11, 13])
  t.strictSame(line([10, 11], 4, 'nearest'), [10, 10, 11, 11])
})

t.test('each axis is resampled its own way', async t => {
  const found = resample(new Float32Array([1, 3, 5, 7]), 4, 1, 2, 2, fitStretch(4, 1, 2, 2), 'area')
  t.ok(close([...found], [2, 6, 2, 6]))
})

t.test('padding keeps millimetres square and the picture in the middle', async t => {
  // 4 columns of 1 mm, 2 rows of 1 mm on 4 × 4: a band of two rows
  const fit = fitPad(4, 2, 4, 4, [1, 1])
  const found = resample(new Float32Array(8).fill(1), 4, 2, 4, 4, fit, 'area')
  t.strictSame([...found], [0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0])
  // the same matrix with rows of 2 mm is square
  t.strictSame([...resample(new Float32Array(8).fill(1), 4, 2, 4, 4, fitPad(4, 2, 4, 4, [1, 2]), 'area')], new Array(16).fill(1))
  // columns of 2 mm: four rows of raster to one of 2 mm, 2 rows high in all
  const wide = resample(new Float32Array(8).fill(1), 4, 2, 8, 8, fitPad(4, 2, 8, 8, [2, 1]), 'nearest')
  t.strictSame(Array.from({ length: 8 }, (_, y) => wide[y * 8]), [0, 0, 0, 1, 1, 0, 0, 0])
})

t.test('the affine of a fit puts pixel centres where the resampling reads them', async t => {
  t.strictSame(applyAffine(fitAffine(fitStretch(4, 8, 2, 2)), 0, 0), [0.5, 1.5])
  t.strictSame(applyAffine(fitAffine(fitStretch(2, 2, 2, 2)), 1, 1), [1, 1])
  const [column, row] = applyAffine(fitAffine(fitPad(100, 50, 10, 10, [1, 1])), 4.5, 4.5)
  t.strictSame([column, row], [49.5, 24.5], 'the centre stays the centre')
})

t.test('a map goes back to the source: what was linear stays linear', async t => {
  const fit = fitPad(40, 20, 16, 16, [1, 1])
  const toSource = fitAffine(fit)
  const ramp = Float32Array.from({ length: 256 }, (_, i) => i % 16 + 100 * Math.floor(i / 16))
  const back = mapToSource(ramp, 16, 16, toSource, 40, 20)
  for (const [column, row] of [[5, 5], [20, 10], [33, 14], [39, 0]] as const) {
    // x = (column + 0.5) / 2.5 − 0.5; 4 rows of black above
    const x = Math.min((column + 0.5) / 2.5 - 0.5, 15)
    const expected = x + 100 * ((row + 0.5) / 2.5 - 0.5 + 4)
    t.ok(Math.abs(back[row * 40 + column]! - expected) < 1e-3, `(${column}, ${row})`)
  }
})

t.test('beyond the raster a map is zero', async t => {
  const toSource = { a: 1, b: 0, c: 1, d: 0, e: 1, f: 1 }
  t.strictSame([...mapToSource(new Float32Array(4).fill(1), 2, 2, toSource, 4, 4)],
    [0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0])
})

t.test('256 levels', async t => {
  const found = quantize8bit(new Float32Array([0, 0.5, 1, 0.0019, 0.002]))
  t.ok(close([...found], [0, 128 / 255, 1, 0, 1 / 255]))
  t.strictSame(toBytes(new Float32Array([-1, 0, 0.5, 1, 2])), new Uint8Array([0, 0, 128, 255, 255]))
})
