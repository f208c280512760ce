import t from 'tap'
import type { ImagePixel, ImagePlane, Slice, Vector3 } from '../../src/dicom/slice.ts'
import { readInstanceFile } from '../../src/dicom/read-instance.ts'
import { slicesOf } from '../../src/dicom/slices.ts'
import { applyAffine } from '../../src/imaging/affine.ts'
import { createDecoder } from '../../src/imaging/decoder-pool.ts'
import { displayImage } from '../../src/imaging/display.ts'
import { mapToSource } from '../../src/imaging/map-to-source.ts'
import type { Preprocessing } from '../../src/imaging/preprocessing.ts'
import type { Raster } from '../../src/imaging/raster.ts'
import { rasterize, rasterizeGray } from '../../src/imaging/rasterize.ts'
import type { StoredPixels } from '../../src/imaging/stored-pixels.ts'
import { dataPath } from '../helpers/data.ts'
import { attributesOf, sliceOf } from '../helpers/slice.ts'

const preprocessing: Preprocessing = {
  width: 224,
  height: 224,
  voi: { from: 'window', center: 500, width: 1000 },
  fit: 'pad',
  resample: 'area',
  quantize8bit: false,
  range: [0, 1],
  channels: 'equal',
}
const stored = (columns: number, rows: number, data = new Uint16Array(columns * rows)): StoredPixels =>
  ({ width: columns, height: rows, samplesPerPixel: 1, data, warnings: [] })
const slice = (columns: number, rows: number, plane: Partial<ImagePlane> | null = {}, pixel: Partial<ImagePixel> = {}): Slice =>
  sliceOf({ plane, pixel: { columns, rows, ...pixel } })
const first = (raster: Raster) => raster.data.filter((_, i) => i % raster.channels === 0)
/** The centre of mass, in pixels. */
const centre = (values: Float32Array, width: number): [number, number] => {
  let [sum, x, y] = [0, 0, 0]
  values.forEach((value, i) => {
    sum += value
    x += value * (i % width)
    y += value * Math.floor(i / width)
  })
  return [x / sum, y / sum]
}
const turned = (degrees: number): [Vector3, Vector3] => {
  const [c, s] = [Math.cos(degrees * Math.PI / 180), Math.sin(degrees * Math.PI / 180)]
  return [[c, s, 0], [-s, c, 0]]
}
const tilted = (degrees: number): [Vector3, Vector3] => {
  const [c, s] = [Math.cos(degrees * Math.PI / 180), Math.sin(degrees * Math.PI / 180)]
  return [[1, 0, 0], [0, c, s]]
}
const layings: readonly (readonly [Vector3, Vector3])[] = [
  [[1, 0, 0], [0, 1, 0]], [[-1, 0, 0], [0, 1, 0]], [[1, 0, 0], [0, -1, 0]], [[-1, 0, 0], [0, -1, 0]],
  [[0, 1, 0], [1, 0, 0]], [[0, 1, 0], [-1, 0, 0]], [[0, -1, 0], [1, 0, 0]], [[0, -1, 0], [-1, 0, 0]],
  turned(25), turned(70), turned(-50), turned(200), tilted(30), tilted(-20),
]

t.test('a bright pixel lands where the affine says, and comes back where it was', async t => {
  const matrices = [
    { columns: 64, rows: 48, spacing: [3, 3] }, // enlarged
    { columns: 288, rows: 288, spacing: [0.8, 0.8] }, // shrunk
    { columns: 320, rows: 200, spacing: [1.1, 0.6] }, // one way each, pixels not square
  ] as const
  for (const { columns, rows, spacing } of matrices) {
    for (const [rowCosines, columnCosines] of layings) {
      for (const fit of ['pad', 'stretch'] as const) {
        const of = slice(columns, rows, { rowCosines, columnCosines, spacing })
        for (const [column, row] of [[20, 9], [columns - 8, 31], [41, rows - 5]] as const) {
          const name = `${columns} × ${rows}, rows ${rowCosines.map(v => v.toFixed(1)).join()}, ${fit}, (${column}, ${row})`
          const data = new Uint16Array(columns * rows)
          data[row * columns + column] = 1000
          const raster = rasterize(of, stored(columns, rows, data), { ...preprocessing, fit })
          const spot = first(raster)
          const [x, y] = applyAffine(raster.toSource, ...centre(spot, 224))
          // the mean over the area of one raster pixel is known to half of it
          const [stepX, stepY] = [raster.toSource.a + raster.toSource.b, raster.toSource.d + raster.toSource.e].map(Math.abs) as [number, number]
          t.ok(Math.abs(x - column) <= Math.max(0.02, stepX / 2) && Math.abs(y - row) <= Math.max(0.02, stepY / 2),
            `${name} → (${x.toFixed(2)}, ${y.toFixed(2)})`)
          const back = mapToSource(spot, 224, 224, raster.toSource, columns, rows)
          const [backX, backY] = centre(back, columns)
          t.ok(Math.abs(backX - column) <= Math.max(0.3, stepX / 2) && Math.abs(backY - row) <= Math.max(0.3, stepY / 2),
            `${name} comes back at (${backX.toFixed(2)}, ${backY.toFixed(2)})`)
        }
      }
    }
  }
})

t.test('the network sees the patient\'s left on the right and the back below, however the matrix lies', async t => {
  for (const [rowCosines, columnCosines] of layings) {
    const spacing = [1.1, 0.6] as const
    const { a, b, d, e } = rasterize(slice(320, 200, { rowCosines, columnCosines, spacing }), stored(320, 200), preprocessing).toSource
    const towards = (columns: number, rows: number) =>
      [0, 1, 2].map(k => columns * spacing[1] * rowCosines[k]! + rows * spacing[0] * columnCosines[k]!) as [number, number, number]
    const [right, down] = [towards(a, d), towards(b, e)]
    const name = rowCosines.map(v => v.toFixed(1)).join()
    t.ok(right[0] > Math.abs(right[1]) - 1e-9, `${name}: x goes to the left of the patient`)
    t.ok(down[1] > Math.abs(down[0]) - 1e-9, `${name}: y goes to the back`)
    t.ok(Math.abs(Math.hypot(...right) - Math.hypot(...down)) < 1e-9, `${name}: a raster pixel is as wide as high in mm`)
  }
})

t.test('the steps come in their order: rescale, window, polarity, fit, range', async t => {
  const values = new Uint16Array([100, 200, 300, 400])
  const of: Slice = {
    ...slice(2, 2, {}, { photometricInterpretation: 'MONOCHROME1' }),
    modality: { kind: 'linear', slope: 2, intercept: -100 }, // 100, 300, 500, 700
  }
  const raster = rasterize(of, stored(2, 2, values), {
    ...preprocessing, width: 2, height: 2, voi: { from: 'window', center: 400, width: 800 }, range: [-1, 1],
  })
  // (v − 400) / 800 + 0.5 = 1/8, 3/8, 5/8, 7/8; inverted; −1..1
  t.strictSame([...first(raster)], [0.75, 0.25, -0.25, -0.75])
  t.match(raster, { width: 2, height: 2, channels: 3 })
  t.equal(raster.data.length, 12)
})

t.test('padding is black in either polarity, also in what is shown', async t => {
  for (const photometricInterpretation of ['MONOCHROME1', 'MONOCHROME2']) {
    const of = slice(2, 1, {}, { photometricInterpretation, padding: [0, 0] })
    const pixels = stored(2, 1, new Uint16Array([0, 500]))
    t.equal(first(rasterize(of, pixels, { ...preprocessing, width: 2, height: 1 }))[0], 0)
    t.strictSame(displayImage(of, pixels, preprocessing.voi).data, new Uint8Array([0, 128]), photometricInterpretation)
  }
})

t.test('what is shown keeps the source\'s matrix and laying, and the header\'s window by default', async t => {
  const of: Slice = {
    ...slice(3, 1, { rowCosines: [-1, 0, 0] }),
    voi: [{ kind: 'window', center: 50, width: 100, function: 'LINEAR_EXACT' }],
  }
  t.strictSame(displayImage(of, stored(3, 1, new Uint16Array([0, 20, 900]))), { width: 3, height: 1, data: new Uint8Array([0, 51, 255]) })
})

t.test('an even image is black, not noise', async t => {
  for (const photometricInterpretation of ['MONOCHROME1', 'MONOCHROME2']) {
    const pixels = stored(8, 8, new Uint16Array(64).fill(700))
    const of = slice(8, 8, {}, { photometricInterpretation })
    t.ok(rasterize(of, pixels, { ...preprocessing, voi: { from: 'header' } }).data.every(value => value === 0), photometricInterpretation)
  }
})

t.test('colour, and a frame of another size, are refused', async t => {
  const refusal = { code: 'pixel-data-invalid' }
  const rgb = slice(2, 2, {}, { photometricInterpretation: 'RGB', samplesPerPixel: 3 })
  t.throws(() => rasterize(rgb, { ...stored(2, 2), samplesPerPixel: 3 }, preprocessing), refusal)
  t.throws(() => rasterize(slice(2, 2, {}, { photometricInterpretation: 'PALETTE COLOR' }), stored(2, 2), preprocessing), refusal)
  t.throws(() => rasterize(slice(2, 2), stored(2, 3), preprocessing), refusal)
  t.throws(() => displayImage(slice(2, 2), stored(2, 2, new Uint16Array(3))), refusal)
})

t.test('without geometry, pixel spacing or aspect ratio still keep the shape', async t => {
  const height = (header: Record<string, number[]>) => {
    const of = { ...slice(10, 10, null), attributes: attributesOf(header) }
    const raster = rasterize(of, stored(10, 10, new Uint16Array(100).fill(1000)), { ...preprocessing, width: 20, height: 20 })
    return Array.from({ length: 20 }, (_, y) => first(raster)[y * 20 + 10]).filter(value => value === 1).length
  }
  t.equal(height({}), 20)
  t.equal(height({ PixelSpacing: [1, 2] }), 10)
  t.equal(height({ PixelAspectRatio: [1, 2] }), 10)
  t.equal(height({ PixelSpacing: [0, 2], PixelAspectRatio: [1, 5] }), 4, 'a spacing of 0 is none')
})

t.test('a picture and a DICOM slice of the same brightness give the same raster', async t => {
  const data = new Uint16Array(60 * 50).map((_, i) => i * 37 % 256)
  const of = slice(60, 50, { spacing: [1.5, 1] })
  for (const changes of [{}, { fit: 'stretch' }, { resample: 'nearest', quantize8bit: true }, { channels: 'normalized' }] as const) {
    const settings: Preprocessing = { ...preprocessing, ...changes, voi: { from: 'window', center: 127.5, width: 255 } }
    const picture = rasterizeGray({ width: 60, height: 50, data: new Uint8Array(data), spacing: [1.5, 1] }, settings)
    const fromDicom = rasterize(of, stored(60, 50, data), settings)
    t.strictSame(picture.toSource, fromDicom.toSource)
    t.ok(picture.data.every((value, i) => Math.abs(value - fromDicom.data[i]!) < 1e-5), JSON.stringify(changes))
  }
})

t.test('a picture in modality units gets the window that a DICOM slice without one gets', async t => {
  const data = new Uint16Array(60 * 50).map((_, i) => i * 91 % 3000)
  for (const voi of [{ from: 'header' }, { from: 'percentiles', low: 5, high: 90 }, { from: 'window', center: 900, width: 300 }] as const) {
    const settings: Preprocessing = { ...preprocessing, voi }
    t.strictSame(
      rasterizeGray({ width: 60, height: 50, data: Float32Array.from(data), values: 'modality', spacing: [0.9, 0.9] }, settings),
      rasterize(slice(60, 50), stored(60, 50, data), settings), voi.from)
  }
})

t.test('values beyond black and white are cut; a picture of the wrong length is refused', async t => {
  const settings = { ...preprocessing, width: 2, height: 1 }
  const raster = rasterizeGray({ width: 2, height: 1, data: new Float32Array([-50, 400]) }, settings)
  t.strictSame([...first(raster)], [0, 1])
  t.throws(() => rasterizeGray({ width: 2, height: 2, data: new Uint8Array(3) }, settings), { code: 'pixel-data-invalid' })
  t.throws(() => rasterizeGray({ width: 0, height: 0, data: new Uint8Array(0) }, settings), { code: 'pixel-data-invalid' })
})

t.test('8 bits: as many levels as a picture file keeps', async t => {
  const data = Float32Array.from({ length: 4096 }, (_, i) => i)
  const settings: Preprocessing = { ...preprocessing, width: 64, height: 64, quantize8bit: true, voi: { from: 'window', center: 2048, width: 4096 } }
  const raster = rasterizeGray({ width: 64, height: 64, data, values: 'modality' }, settings)
  t.equal(new Set(raster.data).size, 256)
})

t.test('the Philips FLAIR series: the same brain in every slice\'s raster, on real pixels', async t => {
  const path = dataPath(t, 'mr-dicom/philips-flair-axial/IM-0001-0010.dcm')
  if (path === undefined) return
  const decoder = createDecoder()
  t.teardown(async () => { await decoder.close() })
  const [of] = slicesOf(await readInstanceFile(path))
  const pixels = await decoder.decodeSlice(of!)
  for (const voi of [{ from: 'header' }, { from: 'percentiles', low: 1, high: 99 }] as const) {
    const raster = rasterize(of!, pixels, { ...preprocessing, voi, channels: 'normalized' })
    const intensity = first(raster)
    const [x, y] = centre(intensity, 224)
    t.ok(x > 90 && x < 134 && y > 90 && y < 134, `${voi.from}: the head is in the middle`)
    const dark = intensity.filter(value => value < 0.06).length / intensity.length
    const white = intensity.filter(value => value >= 1).length / intensity.length
    t.ok(dark > 0.4 && dark < 0.75, `${voi.from}: air and fluid ${(100 * dark).toFixed(0)} %`)
    t.ok(white < 0.05, `${voi.from}: hardly anything saturates (${(100 * white).toFixed(1)} %)`)
    // the large lesion is on the right of the picture, the patient's left: brighter than its mirror image
    const mean = (x0: number) => {
      let sum = 0
      for (let row = 90; row < 120; row++) for (let column = x0; column < x0 + 20; column++) sum += intensity[row * 224 + column]!
      return sum / 600
    }
    t.ok(mean(135) > 1.5 * mean(69), `${voi.from}: lesion ${mean(135).toFixed(2)} against ${mean(69).toFixed(2)}`)
    t.strictSame(rasterize(of!, pixels, { ...preprocessing, voi, channels: 'normalized' }), raster, 'the same input gives the same raster')
  }
})
