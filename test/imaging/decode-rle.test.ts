import t from 'tap'
import { AppError } from '../../src/errors.ts'
import { decodeRleFrame } from '../../src/imaging/decode-pixels.ts'
import { decodeRle } from '../../src/imaging/decode-rle.ts'
import { Random } from '../../src/training/random.ts'
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

const cellsOf = (encoded: Uint8Array, pixel = small): Uint8Array => decodeRle(encoded, pixel).cells
const sixteen = (value: number) => new Uint8Array(16).fill(value)

t.test('runs, copies, no-operations and padding (PS3.5 G.3.1)', async t => {
  t.strictSame(cellsOf(frame([[241, 9]]), small), sixteen(9), 'one run of 16')
  t.strictSame(cellsOf(frame([[7, 1, 2, 3, 4, 5, 6, 7, 8, 249, 9]]), small),
    new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 9, 9, 9, 9, 9]), 'a copy of 8 and a run of 8')
  t.strictSame(cellsOf(frame([[128, 241, 9, 128, 0, 0]]), small), sixteen(9))
  const last = cellsOf(frame([[242, 9, 0, 7]]), small)
  t.strictSame([...last.subarray(14)], [9, 7], 'the last byte may be that of a copy')
})

t.test('segments are samples, in each the most significant byte first (PS3.5 G.2)', async t => {
  t.strictSame(new Uint16Array(cellsOf(frame([[241, 0x12], [241, 0x34]]), words).buffer), new Uint16Array(16).fill(0x1234))
  const colour = pixelOf(4, 4, { bitsAllocated: 8, bitsStored: 8, samplesPerPixel: 3 })
  t.strictSame([...cellsOf(frame([[241, 1], [241, 2], [241, 3]]), colour).subarray(0, 6)], [1, 2, 3, 1, 2, 3])
  const deep = pixelOf(4, 4, { bitsStored: 16, samplesPerPixel: 3 })
  const cells = new Uint16Array(cellsOf(frame([1, 2, 3, 4, 5, 6].map(value => [241, value])), deep).buffer)
  t.strictSame([...cells.subarray(0, 4)], [0x0102, 0x0304, 0x0506, 0x0102])
})

t.test('what an encoder writes comes back', async t => {
  const samples = new Uint16Array(picture(48, 32, 0, 65535))
  const pixel = pixelOf(48, 32, { bitsStored: 16 })
  t.strictSame(decodeRleFrame(await encodeFrame(samples, pixel, 'encodeRle'), pixel).data, samples)
})

/** A plane as an encoder might write it: copies and repetitions of any length, and codes that do nothing. */
function packed (plane: Uint8Array, random: Random): number[] {
  const out: number[] = []
  for (let at = 0; at < plane.length;) {
    let same = 1
    while (same < 128 && plane[at + same] === plane[at]) same++
    if (random.chance(0.1)) out.push(128)
    if (same > 1 && random.chance(0.8)) {
      out.push(257 - same, plane[at]!)
      at += same
    } else {
      const count = Math.min(1 + random.below(128), plane.length - at)
      out.push(count - 1, ...plane.subarray(at, at + count))
      at += count
    }
  }
  return out
}

t.test('runs of every length, frames of every size, whatever was decoded before', async t => {
  const random = new Random(1)
  for (let round = 0; round < 200; round++) {
    const [samplesPerPixel, bytes] = [random.choice([1, 3]), random.choice([1, 2])]
    const pixel = pixelOf(1 + random.below(40), 1 + random.below(9), { samplesPerPixel, bitsAllocated: 8 * bytes, bitsStored: 8 * bytes })
    const pixels = pixel.rows * pixel.columns
    const planes = Array.from({ length: samplesPerPixel * bytes }, () => {
      const plane = new Uint8Array(pixels)
      for (let at = 0; at < pixels;) {
        const end = at + random.geometric(0.2)
        plane.fill(random.below(256), at, end)
        at = end
      }
      return plane
    })
    const expected = new Uint8Array(pixels * planes.length)
    // the most significant byte of a sample comes first in the frame, and last in the cell
    for (const [i, plane] of planes.entries()) plane.forEach((value, k) => { expected[k * planes.length + (i ^ (bytes - 1))] = value })
    t.strictSame(cellsOf(frame(planes.map(plane => packed(plane, random))), pixel), expected)
  }
})

t.test('bits above BitsStored are dropped where there are some', async t => {
  for (const [high, expected] of [[0x0a, 0x0a05], [0xfa, 0x0a05]] as const) {
    for (const last of [0, 5]) {
      // throughout, and in the last pixel alone
      const pixel = pixelOf(5, 1)
      const { data } = decodeRleFrame(frame([last === 0 ? [252, high] : [253, 0x0a, 0, high], [252, 5]]), pixel)
      t.strictSame([...data], new Array(5).fill(expected))
    }
  }
  const seven = pixelOf(4, 1, { bitsStored: 7 })
  t.strictSame([...decodeRleFrame(frame([[253, 0], [1, 0x7f, 0xff, 255, 0x80]]), seven).data], [0x7f, 0x7f, 0, 0])
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
