import t from 'tap'
import { level, viridis, colorBar } from '../../src/imaging/colormap.ts'
import { enlarge, overlay, toRgb } from '../../src/imaging/overlay.ts'
import type { RgbImage } from '../../src/imaging/raster.ts'

const identity = { a: 1, b: 0, c: 0, d: 0, e: 1, f: 0 }
const pixel = ({ width, data }: RgbImage, x: number, y: number) => [...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)]
const rgbOf = (entry: number) => [...viridis.subarray(entry * 3, entry * 3 + 3)]

t.test('viridis has the published colours at its ends and in the middle, and lightness rises throughout', async t => {
  t.strictSame(rgbOf(0), [0x44, 0x01, 0x54])
  t.strictSame(rgbOf(128), [0x21, 0x91, 0x8c])
  t.strictSame(rgbOf(255), [0xfd, 0xe7, 0x25])
  const luminance = (entry: number) => {
    const [red, green, blue] = rgbOf(entry)
    return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!
  }
  for (let entry = 16; entry < 256; entry += 16) t.ok(luminance(entry) > luminance(entry - 16))
})

t.test('levels are rounded and clamped; NaN is 0', async t => {
  t.strictSame([-1, 0, 0.5, 1, 2, NaN].map(level), [0, 0, 128, 255, 255, 0])
})

t.test('a colour bar goes from the first entry to the last', async t => {
  const bar = colorBar(256, 2)
  t.strictSame(pixel(bar, 0, 0), rgbOf(0))
  t.strictSame(pixel(bar, 77, 1), rgbOf(77))
  t.strictSame(pixel(bar, 255, 1), rgbOf(255))
  t.strictSame(pixel(colorBar(1, 1), 0, 0), rgbOf(0))
})

t.test('enlarging keeps outer edges: by hand for two pixels times two', async t => {
  // canvas centres lie at source columns -0.25, 0.25, 0.75, 1.25, the outer ones clamped
  const two = enlarge({ width: 2, height: 1, data: Uint8Array.of(0, 100) }, 2)
  t.strictSame([two.width, two.height, ...two.data], [4, 2, 0, 25, 75, 100, 0, 25, 75, 100])
  const image = { width: 1, height: 1, data: Uint8Array.of(7) }
  t.equal(enlarge(image, 1), image)
})

t.test('opacity is the map times the opacity, the colour that of the map: by hand for three pixels', async t => {
  const image = { width: 3, height: 1, data: Uint8Array.of(100, 100, 100) }
  const map = { width: 3, height: 1, values: Float32Array.of(0, 0.5, 1) }
  const drawn = overlay(image, map, identity, { factor: 1, opacity: 0.5 })
  t.strictSame(pixel(drawn, 0, 0), [100, 100, 100])
  t.strictSame(pixel(drawn, 1, 0), rgbOf(128).map(channel => Math.round(100 + (channel - 100) * 0.25)))
  t.strictSame(pixel(drawn, 2, 0), rgbOf(255).map(channel => Math.round(100 + (channel - 100) * 0.5)))
})

t.test('the map goes through its affine, mirrored here, and nowhere beyond its raster', async t => {
  const image = { width: 4, height: 1, data: new Uint8Array(4) }
  const map = { width: 2, height: 1, values: Float32Array.of(1, 0) }
  // raster x → source column 2 − x: raster pixel 0 is column 2, pixel 1 is column 1
  const drawn = overlay(image, map, { a: -1, b: 0, c: 2, d: 0, e: 1, f: 0 }, { factor: 1, opacity: 1 })
  t.strictSame(pixel(drawn, 2, 0), rgbOf(255))
  for (const column of [0, 1, 3]) t.strictSame(pixel(drawn, column, 0), [0, 0, 0], `column ${column}`)
})

t.test('between raster pixels the map is bilinear', async t => {
  const map = { width: 2, height: 2, values: Float32Array.of(0, 1, 1, 0) }
  const drawn = overlay({ width: 1, height: 1, data: Uint8Array.of(0) }, map, { ...identity, c: -0.5, f: -0.5 }, { factor: 1, opacity: 1 })
  t.strictSame(pixel(drawn, 0, 0), rgbOf(128).map(channel => Math.round(channel * 0.5)))
})

t.test('grey becomes three equal channels', async t => {
  t.strictSame([...toRgb({ width: 2, height: 1, data: Uint8Array.of(1, 2) }).data], [1, 1, 1, 2, 2, 2])
})
