import t from 'tap'
import { decodedFrame, decodeNativeFrame } from '../../src/imaging/decode-pixels.ts'
import { pixelOf } from './encode-frame.ts'

const bytes = (...values: number[]) => new Uint8Array(values)

t.test('byte order', async t => {
  const pixel = pixelOf(2, 1, { bitsStored: 16 })
  t.strictSame(decodeNativeFrame(bytes(0x01, 0x02, 0x03, 0x04), pixel, false).data, new Uint16Array([0x0201, 0x0403]))
  t.strictSame(decodeNativeFrame(bytes(0x01, 0x02, 0x03, 0x04), pixel, true).data, new Uint16Array([0x0102, 0x0304]))
  const long = pixelOf(1, 1, { bitsAllocated: 32, bitsStored: 32 })
  t.strictSame(decodeNativeFrame(bytes(1, 2, 3, 0xff), long, false).data, new Uint32Array([0xff030201]))
  t.strictSame(decodeNativeFrame(bytes(0xff, 3, 2, 1), { ...long, signed: true }, true).data, new Int32Array([0xff030201 | 0]))
})

t.test('bits above HighBit are dropped: an old overlay is not brightness', async t => {
  const pixel = pixelOf(2, 1)
  t.strictSame(decodeNativeFrame(bytes(0xff, 0xff, 0x34, 0x82), pixel, false).data, new Uint16Array([0x0fff, 0x0234]))
})

t.test('the sign is bit BitsStored − 1 of the value', async t => {
  const pixel = pixelOf(4, 1, { signed: true })
  // 12 bits: 0x7ff is the greatest, 0x800 the least, 0xfff is −1; what stands above is no sign
  t.strictSame(decodeNativeFrame(bytes(0xff, 0x07, 0x00, 0x08, 0xff, 0x0f, 0x01, 0x70), pixel, false).data,
    new Int16Array([2047, -2048, -1, 1]))
  const eight = pixelOf(2, 1, { bitsAllocated: 8, bitsStored: 8, signed: true })
  t.strictSame(decodeNativeFrame(bytes(0x80, 0x7f), eight, false).data, new Int8Array([-128, 127]))
})

t.test('HighBit says where the value sits', async t => {
  const left = pixelOf(2, 1, { highBit: 15 })
  t.strictSame(decodeNativeFrame(bytes(0xf0, 0xff, 0x1f, 0x00), left, false).data, new Uint16Array([0x0fff, 0x0001]))
  const signed = { ...left, signed: true }
  t.strictSame(decodeNativeFrame(bytes(0xf0, 0xff, 0x10, 0x80), signed, false).data, new Int16Array([-1, -2047]))
})

t.test('an unaligned view of a file is read right and left unchanged', async t => {
  for (const file of [bytes(9, 0x01, 0x82, 0x03, 0x84, 9), Buffer.from([9, 0x01, 0x82, 0x03, 0x84, 9])]) {
    const { data } = decodeNativeFrame(file.subarray(1, 5), pixelOf(2, 1), true)
    t.strictSame(data, new Uint16Array([0x0182, 0x0384]))
    data[0] = 0
    t.strictSame(new Uint8Array(file), bytes(9, 0x01, 0x82, 0x03, 0x84, 9))
  }
})

t.test('cells that are values already are not copied, wherever they begin', async t => {
  const values = Uint16Array.from({ length: 21 }, (_, i) => 4095 - i)
  for (const skipped of [0, 1]) {
    for (const length of [1, 2, 7, 8, 19, 20]) {
      const file = new Uint8Array(values.buffer.slice(0)).subarray(2 * skipped, 2 * (skipped + length))
      const { data } = decodeNativeFrame(file, pixelOf(length, 1), false)
      t.strictSame(data, values.slice(skipped, skipped + length))
      t.equal(data.buffer, file.buffer, 'the same memory')
      for (let dirty = 0; dirty < length; dirty++) {
        const cells = values.slice(skipped, skipped + length)
        cells[dirty]! |= 0x8000
        t.strictSame(decodeNativeFrame(new Uint8Array(cells.buffer), pixelOf(length, 1), false).data, values.slice(skipped, skipped + length))
        t.equal(cells[dirty]! >> 15, 1, 'what has to change is copied')
      }
    }
  }
  const full = bytes(1, 2, 3, 0xff)
  t.equal(decodeNativeFrame(full, pixelOf(2, 1, { bitsStored: 16, signed: true }), false).data.buffer, full.buffer)
  const seven = pixelOf(2, 1, { bitsAllocated: 8, bitsStored: 7 })
  t.strictSame(decodeNativeFrame(bytes(0x7f, 0x81), seven, false).data, bytes(0x7f, 1))
})

t.test('a frame of the wrong length is refused; one byte of padding is not', async t => {
  const pixel = pixelOf(3, 1, { bitsAllocated: 8, bitsStored: 8 })
  t.strictSame(decodeNativeFrame(bytes(1, 2, 3), pixel, false).data, bytes(1, 2, 3))
  t.strictSame(decodeNativeFrame(bytes(1, 2, 3, 0), pixel, false).data, bytes(1, 2, 3))
  for (const wrong of [bytes(1, 2), bytes(1, 2, 3, 0, 0), bytes()]) {
    t.throws(() => decodeNativeFrame(wrong, pixel, false), { code: 'pixel-data-invalid', facts: { length: wrong.length, expected: 3 } })
  }
  t.throws(() => decodeNativeFrame(bytes(1, 2, 3, 4, 5), pixelOf(2, 1), false), { code: 'pixel-data-invalid' })
})

t.test('colour by plane is interleaved', async t => {
  const pixel = pixelOf(2, 1, { samplesPerPixel: 3, bitsAllocated: 8, bitsStored: 8, planarConfiguration: 1 })
  const { data, samplesPerPixel } = decodeNativeFrame(bytes(1, 2, 11, 12, 21, 22), pixel, false)
  t.equal(samplesPerPixel, 3)
  t.strictSame(data, bytes(1, 11, 21, 2, 12, 22))
  const byPixel = bytes(1, 11, 21, 2, 12, 22)
  t.strictSame(decodeNativeFrame(byPixel, { ...pixel, planarConfiguration: 0 }, false).data, byPixel)
})

t.test('what a decoder delivers', async t => {
  t.strictSame(decodedFrame(bytes(0xff, 0x0f, 0x00, 0x08), pixelOf(2, 1, { signed: true }), 12, ['note']),
    { width: 2, height: 1, samplesPerPixel: 1, data: new Int16Array([-1, -2048]), warnings: ['note'] }, 'signed samples get their sign')
  const signed = pixelOf(2, 1, { signed: true })
  t.strictSame(decodedFrame(bytes(0xff, 0xff, 0x00, 0xf8), signed, 16, []).data, new Int16Array([-1, -2048]),
    'also where the encoder had extended it to 16 bits')
  t.strictSame(decodedFrame(bytes(0xff, 0x0f, 0x00, 0x08), pixelOf(2, 1, { signed: true, bitsStored: 16 }), 12, []).data,
    new Int16Array([-1, -2048]), 'and where the codestream is narrower than BitsStored')
  t.strictSame(decodedFrame(bytes(0x01, 0x10), pixelOf(1, 1), 16, []).data, new Uint16Array([0x1001]),
    'a lossy overshoot of unsigned samples stays bright')
})
