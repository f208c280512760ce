import t from 'tap'
import type { ImagePixel } from '../../src/dicom/slice.ts'
import { displayColor } from '../../src/imaging/display-color.ts'

const pixel = (photometricInterpretation: string, bitsStored = 8): ImagePixel => ({
  rows: 1,
  columns: 2,
  samplesPerPixel: 3,
  photometricInterpretation,
  bitsAllocated: bitsStored > 8 ? 16 : 8,
  bitsStored,
  highBit: bitsStored - 1,
  signed: false,
  planarConfiguration: 0,
  padding: undefined,
})
const stored = (data: Uint8Array | Uint16Array) => ({ width: 2, height: 1, samplesPerPixel: 3, data, warnings: [] })

t.test('RGB stays what it is, more bits are scaled to 8', async t => {
  const bytes = Uint8Array.of(1, 2, 3, 253, 254, 255)
  for (const name of ['RGB', 'YBR_RCT', 'YBR_ICT']) {
    t.strictSame(displayColor(stored(bytes), pixel(name)), { width: 2, height: 1, data: bytes }, name)
  }
  const deep = Uint16Array.of(0, 4095, 2048, 4095, 0, 16)
  t.strictSame([...displayColor(stored(deep), pixel('RGB', 12)).data], [0, 255, 128, 255, 0, 1])
})

t.test('full-range YCbCr becomes RGB: the primaries of JFIF', async t => {
  // JFIF 1.02: red is (76, 85, 255), blue (29, 255, 107), both rounded
  const data = displayColor(stored(Uint8Array.of(76, 85, 255, 29, 255, 107)), pixel('YBR_FULL')).data
  for (const [i, expected] of [254, 0, 0, 0, 0, 254].entries()) t.ok(Math.abs(data[i]! - expected) <= 1, `${i}: ${data[i]}`)
  t.strictSame([...displayColor(stored(Uint8Array.of(7, 128, 128, 200, 128, 128)), pixel('YBR_FULL_422')).data], [7, 7, 7, 200, 200, 200])
})

t.test('other interpretations are refused', async t => {
  const data = new Uint8Array(6)
  t.throws(() => displayColor(stored(data), pixel('YBR_PARTIAL_420')), { code: 'pixel-data-invalid', message: /YBR_PARTIAL_420/ })
  t.throws(() => displayColor({ ...stored(data), samplesPerPixel: 1 }, pixel('RGB')), { code: 'pixel-data-invalid' })
})
