import t from 'tap'
import { AppError } from '../../src/errors.ts'
import { checkImagePixel, guardFrame } from '../../src/imaging/codec-guard.ts'
import type { CodecFamily } from '../../src/imaging/codec-guard.ts'
import { encodeFrame, picture, pixelOf } from './encode-frame.ts'

interface Asserting {
  ok: (value: unknown) => unknown
  match: (found: unknown, pattern: object) => unknown
  fail: (message: string) => unknown
}

const samples = (columns: number, rows: number) => new Uint16Array(picture(columns, rows, 0, 4095))
const pixel = pixelOf(24, 16)
const lossless = await encodeFrame(samples(24, 16), pixel, 'encodeJpeg', { lossy: false })
/** Bytes changed at an offset. */
const patched = (stream: Uint8Array, at: number, ...bytes: number[]) => {
  const copy = stream.slice()
  copy.set(bytes, at)
  return copy
}
const indexOf = (stream: Uint8Array, ...bytes: number[]) => Buffer.from(stream).indexOf(Buffer.from(bytes))
const streams = {
  // the guard reads the frame header only: SOF1 for SOF3 makes an extended stream of it
  jpeg: patched(lossless, indexOf(lossless, 0xff, 0xc3), 0xff, 0xc1),
  'jpeg-lossless': lossless,
  'jpeg-ls': await encodeFrame(samples(24, 16), pixel, 'encodeJpegLs', { lossy: false }),
  'jpeg-2000': await encodeFrame(samples(24, 16), pixel, 'encodeJpeg2000', { lossy: false }),
  htj2k: await encodeFrame(samples(24, 16), pixel, 'encodeHtJpeg2000', { lossy: false }),
} satisfies Partial<Record<CodecFamily, Uint8Array>>
const families = Object.keys(streams) as (keyof typeof streams)[]

function refused (t: Asserting, act: () => unknown, message: RegExp, code = 'pixel-data-invalid'): void {
  try {
    act()
    t.fail(`accepted, expected ${String(message)}`)
  } catch (error) {
    t.ok(error instanceof AppError)
    t.match(error, { code, message })
  }
}

const joined = (...parts: (Uint8Array | number[])[]) => new Uint8Array(Buffer.concat(parts.map(part => Buffer.from(part))))

t.test('a stream that agrees with its header passes', async t => {
  for (const family of families) {
    const { codestream, precision, warnings } = guardFrame(streams[family], pixel, family)
    // this encoder writes BitsAllocated into JPEG-LS and HTJ2K, BitsStored into the others; both are seen in the field
    const bits = family === 'jpeg-ls' || family === 'htj2k' ? 16 : 12
    t.equal(precision, bits, family)
    t.strictSame([...codestream.subarray(-2)], [0xff, 0xd9], `${family} ends with its marker`)
    t.strictSame(warnings, bits === 12 ? [] : ['the codestream has 16 bits per sample, BitsStored is 12'], family)
  }
})

t.test('padding behind the end marker, 00 or FF, is cut', async t => {
  for (const family of families) {
    const bare = guardFrame(streams[family], pixel, family).codestream
    for (const padding of [[0], [0xff], [0, 0, 0]]) {
      t.strictSame(guardFrame(joined(bare, padding), pixel, family).codestream, bare, `${family} with ${padding.join()}`)
    }
  }
})

t.test('a stream without its end marker is refused', async t => {
  for (const family of families) {
    const bare = guardFrame(streams[family], pixel, family).codestream
    for (const cut of [1, 2, 20, bare.length - 60]) {
      refused(t, () => guardFrame(bare.subarray(0, bare.length - cut), pixel, family), /end marker/)
    }
  }
  refused(t, () => guardFrame(new Uint8Array(0), pixel, 'jpeg'), /end marker/)
})

t.test('another size than the header says is refused', async t => {
  for (const family of families) {
    refused(t, () => guardFrame(streams[family], pixelOf(16, 24), family), /24 × 16, Columns × Rows is 16 × 24/)
    refused(t, () => guardFrame(streams[family], pixelOf(24, 17), family), /24 × 16/)
  }
})

t.test('another number of components than the header says is refused', async t => {
  for (const family of families) {
    refused(t, () => guardFrame(streams[family], pixelOf(24, 16, { samplesPerPixel: 3 }), family), /1 components, SamplesPerPixel is 3/)
  }
})

t.test('precision may differ from BitsStored within BitsAllocated, with a warning', async t => {
  const { precision, warnings } = guardFrame(lossless, pixelOf(24, 16, { bitsStored: 16 }), 'jpeg-lossless')
  t.equal(precision, 12)
  t.strictSame(warnings, ['the codestream has 12 bits per sample, BitsStored is 16'])
})

t.test('precision beyond BitsAllocated, or of 8 bits under a longer BitsStored, is refused', async t => {
  refused(t, () => guardFrame(lossless, pixelOf(24, 16, { bitsAllocated: 8, bitsStored: 8 }), 'jpeg-lossless'), /12 bits per sample/)
  const sof = indexOf(streams['jpeg-ls'], 0xff, 0xf7)
  refused(t, () => guardFrame(patched(streams['jpeg-ls'], sof + 4, 8), pixel, 'jpeg-ls'), /8 bits per sample/)
})

t.test('a few hundred bytes that claim 288 MB are refused before any decoder sees them', async t => {
  // 12000 × 12000 × 2 bytes
  const size = [0, 0, 0x2e, 0xe0]
  const huge = pixelOf(12000, 12000)
  const j2k = patched(patched(streams['jpeg-2000'], 8, ...size, ...size), 24, ...size, ...size)
  refused(t, () => guardFrame(j2k, pixel, 'jpeg-2000'), /12000 × 12000/)
  refused(t, () => guardFrame(j2k, huge, 'jpeg-2000'), /beyond the limit/, 'instance-too-large')
  const sof = indexOf(streams['jpeg-ls'], 0xff, 0xf7)
  const jls = patched(streams['jpeg-ls'], sof + 5, 0x2e, 0xe0, 0x2e, 0xe0)
  refused(t, () => guardFrame(jls, pixel, 'jpeg-ls'), /12000 × 12000/)
  refused(t, () => guardFrame(jls, huge, 'jpeg-ls'), /beyond the limit/, 'instance-too-large')
})

t.test('JPEG structure that could mislead a decoder is refused', async t => {
  const jpeg = streams['jpeg-lossless']
  const sof = indexOf(jpeg, 0xff, 0xc3)
  const length = 2 + (jpeg[sof + 2]! << 8 | jpeg[sof + 3]!)
  const frameHeader = jpeg.subarray(sof, sof + length)
  refused(t, () => guardFrame(joined(jpeg.subarray(0, sof), frameHeader, jpeg.subarray(sof)), pixel, 'jpeg-lossless'), /two frame headers/)
  refused(t, () => guardFrame(joined(jpeg.subarray(0, sof), jpeg.subarray(sof + length)), pixel, 'jpeg-lossless'), /no frame header/)
  refused(t, () => guardFrame(patched(jpeg, sof + 2, 0xff, 0xff), pixel, 'jpeg-lossless'), /passes the end/)
  refused(t, () => guardFrame(patched(jpeg, sof + 2, 0, 1), pixel, 'jpeg-lossless'), /passes the end/)
  refused(t, () => guardFrame(patched(jpeg, sof, 0x12), pixel, 'jpeg-lossless'), /outside its segments/)
  refused(t, () => guardFrame(patched(jpeg, 0, 0x12), pixel, 'jpeg-lossless'), /SOI/)
  refused(t, () => guardFrame(joined(jpeg.subarray(0, 2), [0xff, 0xc3, 0, 4, 12, 0, 0xff, 0xd9]), pixel, 'jpeg-lossless'), /too short/)
  t.equal(guardFrame(joined(jpeg.subarray(0, sof), [0xff], jpeg.subarray(sof)), pixel, 'jpeg-lossless').precision, 12, 'a fill byte is allowed')
})

t.test('JPEG 2000 structure that could mislead a decoder is refused', async t => {
  const j2k = streams['jpeg-2000']
  refused(t, () => guardFrame(patched(j2k, 3, 0x52), pixel, 'jpeg-2000'), /SOC and SIZ/)
  refused(t, () => guardFrame(patched(j2k, 4, 0, 99), pixel, 'jpeg-2000'), /wrong length/)
  refused(t, () => guardFrame(patched(j2k, 16, 0, 0, 0, 24), pixel, 'jpeg-2000'), /no area/)
  refused(t, () => guardFrame(patched(j2k, 24, 0, 0, 0, 0), pixel, 'jpeg-2000'), /no area/)
  refused(t, () => guardFrame(patched(j2k, 43, 2), pixel, 'jpeg-2000'), /subsampled/)
  const wide = pixelOf(4096, 4096)
  const size = [0, 0, 0x10, 0]
  const tiny = patched(patched(j2k, 8, ...size, ...size), 24, 0, 0, 0, 1, 0, 0, 0, 1)
  refused(t, () => guardFrame(tiny, wide, 'jpeg-2000'), /too many tiles/)
})

t.test('a JPEG 2000 stream cut in the middle is refused although its end marker was put back', async t => {
  for (const family of ['jpeg-2000', 'htj2k'] as const) {
    const stream = streams[family]
    const sot = indexOf(stream, 0xff, 0x90)
    for (const kept of [sot + 13, sot + 40, stream.length - 30]) {
      refused(t, () => guardFrame(joined(stream.subarray(0, kept), [0xff, 0xd9]), pixel, family), /cut off/)
    }
    refused(t, () => guardFrame(joined(stream.subarray(0, sot), [0xff, 0xd9]), pixel, family), /no tile-part/)
    refused(t, () => guardFrame(patched(stream, sot + 6, 0, 0, 0, 30), pixel, family), /does not end where the next begins/)
    refused(t, () => guardFrame(patched(stream, sot + 6, 0, 0, 0, 3), pixel, family), /cut off/)
    t.equal(guardFrame(patched(stream, sot + 6, 0, 0, 0, 0), pixel, family).precision, family === 'htj2k' ? 16 : 12, 'length 0: up to EOC')
  }
})

t.test('components of different precision are refused', async t => {
  const colour = pixelOf(8, 8, { samplesPerPixel: 3, photometricInterpretation: 'RGB', bitsAllocated: 8, bitsStored: 8 })
  const stream = await encodeFrame(new Uint8Array(192), colour, 'encodeJpeg2000', { lossy: false })
  t.equal(guardFrame(stream, colour, 'jpeg-2000').precision, 8)
  refused(t, () => guardFrame(patched(stream, 45, 11), colour, 'jpeg-2000'), /differ in precision/)
})

t.test('JP2 boxes around the codestream are skipped with a warning', async t => {
  const j2k = streams['jpeg-2000']
  const box = (type: string, content: Uint8Array, length = content.length + 8) => {
    const head = Buffer.alloc(8)
    head.writeUInt32BE(length)
    head.write(type, 4, 'latin1')
    return Buffer.concat([head, content])
  }
  const signature = box('jP  ', new Uint8Array([0x0d, 0x0a, 0x87, 0x0a]))
  for (const length of [undefined, 0]) {
    const guarded = guardFrame(joined(signature, box('ftyp', new Uint8Array(12)), box('jp2c', j2k, length)), pixel, 'jpeg-2000')
    t.strictSame(guarded.codestream, j2k)
    t.match(guarded.warnings, ['a JP2 file header around the codestream was skipped'])
  }
  refused(t, () => guardFrame(joined(signature, box('ftyp', new Uint8Array(12))), pixel, 'jpeg-2000'), /no codestream/)
  refused(t, () => guardFrame(joined(signature, box('ftyp', new Uint8Array(12), 3), [0xff, 0xd9]), pixel, 'jpeg-2000'), /no codestream/)
})

t.test('claims of the header that no frame can have are refused', async t => {
  const cases: [Parameters<typeof pixelOf>, RegExp, string?][] = [
    [[0, 16], /Rows or Columns is zero/],
    [[16, NaN], /Rows or Columns is zero/],
    [[65535, 65535], /65535 × 65535/, 'instance-too-large'],
    [[16, 16, { bitsAllocated: 0 }], /BitsAllocated 0/],
    [[16, 16, { bitsAllocated: 7 }], /BitsAllocated 7/],
    [[16, 16, { bitsAllocated: 64 }], /BitsAllocated 64/],
    [[16, 16, { bitsStored: 17 }], /BitsStored 17/],
    [[16, 16, { bitsStored: 0 }], /BitsStored 0/],
    [[16, 16, { highBit: 16 }], /HighBit 16/],
    [[16, 16, { highBit: 10 }], /HighBit 10/],
    [[16, 16, { samplesPerPixel: 255 }], /SamplesPerPixel 255/],
  ]
  for (const [literal, message, code] of cases) refused(t, () => checkImagePixel(pixelOf(...literal)), message, code)
  t.doesNotThrow(() => checkImagePixel(pixelOf(8192, 8192)), '64 M pixels are the limit, included')
  refused(t, () => checkImagePixel(pixelOf(8192, 8193)), /beyond the limit/, 'instance-too-large')
})

t.test('32-bit cells cannot be compressed', async t => {
  refused(t, () => guardFrame(streams['jpeg-ls'], pixelOf(24, 16, { bitsAllocated: 32, bitsStored: 32 }), 'jpeg-ls'), /BitsAllocated 32/)
})
