import t from 'tap'
import { AppError } from '../../src/errors.ts'
import { decodeRleFrame } from '../../src/imaging/decode-pixels.ts'
import { decodeRle } from '../../src/imaging/decode-rle.ts'
import { encodeFrame, picture, pixelOf } from './encode-frame.ts'

const small = pixelOf(4, 4, { bitsAllocated: 8, bitsStored: 8 })
const words = pixelOf(4, 4, { bitsStored: 16 })

/** A frame with these segments, by default with the offsets that they have (PS3.5 Figure G.5-1). */
function frame (segments: readonly (readonly number[])[], count = segments.length, offsets?: readonly number[]): Uint8Array {
  const head = Buffer.alloc(64)
  head.writeUInt32LE(count, 0)
  let at = 64
  segments.forEach((segment, i) => {
    head.writeUInt32LE(offsets?.[i] ?? at, 4 + 4 * i)
    at += segment.length
  })
  return new Uint8Array(Buffer.concat([head, ...segments.map(segment => Buffer.from(segment))]))
}

const sixteen = (value: number) => new Uint8Array(16).fill(value)

t.test('runs, copies, no-operations and padding (PS3.5 G.3.1)', async t => {
  t.strictSame(decodeRle(frame([[241, 9]]), small), sixteen(9), 'one run of 16')
  t.strictSame(decodeRle(frame([[7, 1, 2, 3, 4, 5, 6, 7, 8, 249, 9]]), small),
    new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 9, 9, 9, 9, 9]), 'a copy of 8 and a run of 8')
  t.strictSame(decodeRle(frame([[128, 241, 9, 128, 0, 0]]), small), sixteen(9))
  const last = decodeRle(frame([[242, 9, 0, 7]]), small)
  t.strictSame([...last.subarray(14)], [9, 7], 'the last byte may be that of a copy')
})

t.test('segments are samples, in each the most significant byte first (PS3.5 G.2)', async t => {
  t.strictSame(new Uint16Array(decodeRle(frame([[241, 0x12], [241, 0x34]]), words).buffer), new Uint16Array(16).fill(0x1234))
  const colour = pixelOf(4, 4, { bitsAllocated: 8, bitsStored: 8, samplesPerPixel: 3 })
  t.strictSame([...decodeRle(frame([[241, 1], [241, 2], [241, 3]]), colour).subarray(0, 6)], [1, 2, 3, 1, 2, 3])
  const deep = pixelOf(4, 4, { bitsStored: 16, samplesPerPixel: 3 })
  const cells = new Uint16Array(decodeRle(frame([1, 2, 3, 4, 5, 6].map(value => [241, value])), deep).buffer)
  t.strictSame([...cells.subarray(0, 4)], [0x0102, 0x0304, 0x0506, 0x0102])
})

t.test('what an encoder writes comes back', async t => {
  const samples = new Uint16Array(picture(48, 32, 0, 65535))
  const pixel = pixelOf(48, 32, { bitsStored: 16 })
  t.strictSame(decodeRleFrame(await encodeFrame(samples, pixel, 'encodeRle'), pixel).data, samples)
})

t.test('overrun, shortage and wild offsets are refused', async t => {
  const refused = (bytes: Uint8Array, message: RegExp, pixel = small): void => {
    try {
      decodeRle(bytes, pixel)
      t.fail(`accepted, expected ${String(message)}`)
    } catch (error) {
      t.ok(error instanceof AppError)
      t.match(error, { code: 'pixel-data-invalid', message })
    }
  }
  refused(frame([[200, 9]]), /more than the 16 pixels/)
  refused(frame([[241, 9, 3, 1, 2, 3, 4]]), /more than the 16 pixels/)
  refused(frame([[242, 9, 3, 1, 2, 3, 4]]), /more than the 16 pixels/)
  refused(frame([[250, 9]]), /less than the 16 pixels/)
  refused(frame([[15, 1, 2, 3]]), /less than the 16 pixels/)
  refused(frame([[242, 9, 7]]), /less than the 16 pixels/)
  refused(frame([[]]), /less than the 16 pixels/)
  refused(frame([[241, 9]], 1, [1000]), /outside the frame/)
  refused(frame([[241, 9]], 1, [0xffffffff]), /outside the frame/)
  refused(frame([[241, 9]], 1, [10]), /outside the frame/)
  refused(frame([[241, 9], [241, 9]], 2, [66, 64]), /outside the frame/, words)
  refused(frame([[241, 9]], 15), /15 segments/)
  refused(frame([[241, 9]]), /1 segments/, words)
  refused(new Uint8Array(63), /header is cut off/)
  refused(frame([[129, 9], [129, 9]]), /less than the 67108864 pixels/, pixelOf(8192, 8192))
})

t.test('cells of 32 bits are refused', async t => {
  const deep = pixelOf(4, 4, { bitsAllocated: 32, bitsStored: 32 })
  t.throws(() => decodeRleFrame(frame([1, 2, 3, 4].map(value => [241, value])), deep), { code: 'pixel-data-invalid', message: /BitsAllocated 32/ })
})
