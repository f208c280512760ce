import { createRequire } from 'node:module'
import t from 'tap'
import type { ImagePixel } from '../../src/dicom/slice.ts'
import { isReversible } from '../../src/imaging/codestream-header.ts'
import { createFastCodecs } from '../../src/imaging/fast-codecs.ts'
import { encodeFrame, picture, pixelOf } from './encode-frame.ts'

const fast = createFastCodecs()
const [columns, rows] = [40, 24]

const bytesOf = (samples: Uint16Array | Int16Array | Uint8Array): Uint8Array => new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength)

t.test('lossless JPEG-LS and HTJ2K give back what was encoded', async t => {
  const deep = new Uint16Array(picture(columns, rows, 0, 4095))
  const full = new Uint16Array(picture(columns, rows, 0, 65535))
  const signed = new Int16Array(picture(columns, rows, -32768, 32767))
  const eight = new Uint8Array(picture(columns, rows, 0, 255))
  const kinds: readonly (readonly [ImagePixel, Uint16Array | Int16Array | Uint8Array])[] = [
    [pixelOf(columns, rows), deep],
    [pixelOf(columns, rows, { bitsStored: 16 }), full],
    [pixelOf(columns, rows, { bitsStored: 16, signed: true }), signed],
    [pixelOf(columns, rows, { bitsAllocated: 8, bitsStored: 8 }), eight],
  ]
  for (const [pixel, samples] of kinds) {
    const name = `${pixel.bitsStored} bits${pixel.signed ? ', signed' : ''}`
    const decoded = await fast.decode(await encodeFrame(samples, pixel, 'encodeJpegLs', { lossy: false }), pixel, 'jpeg-ls')
    t.strictSame(decoded, bytesOf(samples), `JPEG-LS, ${name}`)
    t.equal(decoded?.buffer.byteLength, samples.byteLength, 'memory of its own')
    if (pixel.bitsAllocated === 8) continue
    const stream = await encodeFrame(samples, pixel, 'encodeHtJpeg2000', { lossy: false })
    const codestream = stream.subarray(0, stream.lastIndexOf(0xd9) + 1)
    t.strictSame(await fast.decode(codestream, pixel, 'htj2k'), bytesOf(samples), `HTJ2K, ${name}`)
  }
})

t.test('near-lossless JPEG-LS is as near as it says', async t => {
  const pixel = pixelOf(columns, rows)
  const samples = new Uint16Array(picture(columns, rows, 0, 4095))
  const decoded = await fast.decode(await encodeFrame(samples, pixel, 'encodeJpegLs', { lossy: true, allowedLossyError: 3 }), pixel, 'jpeg-ls')
  const values = new Uint16Array(decoded!.buffer)
  const errors = samples.map((value, i) => Math.abs(value - values[i]!))
  t.ok(errors.every(error => error <= 3) && errors.some(error => error > 0))
})

t.test('what might come out differently is left to the other decoder', async t => {
  const pixel = pixelOf(columns, rows)
  const samples = new Uint16Array(picture(columns, rows, 0, 4095))
  const lossy = await encodeFrame(samples, pixel, 'encodeHtJpeg2000', { lossy: true, rate: 4 })
  const lossless = await encodeFrame(samples, pixel, 'encodeHtJpeg2000', { lossy: false })
  t.equal(isReversible(lossy), false)
  t.equal(isReversible(lossless), true)
  // behind SOC and SIZ: another component, another wavelet
  const mixed = Buffer.concat([lossless.subarray(0, 45), Buffer.from([0xff, 0x53, 0, 9, 0, 0, 5, 4, 4, 0, 0]), lossless.subarray(45)])
  t.equal(isReversible(mixed), false)
  t.equal(await fast.decode(lossy, pixel, 'htj2k'), undefined)
  t.equal(await fast.decode(lossless, pixelOf(columns, rows, { signed: true }), 'htj2k'), undefined, 'the sign of another header')
  t.equal(await fast.decode(lossless, pixelOf(columns, rows, { bitsAllocated: 8, bitsStored: 8 }), 'htj2k'), undefined)
  const colour = pixelOf(columns, rows, { samplesPerPixel: 3, bitsAllocated: 8, bitsStored: 8, photometricInterpretation: 'RGB' })
  const rgb = new Uint8Array(picture(columns, rows * 3, 0, 255))
  t.equal(await fast.decode(await encodeFrame(rgb, colour, 'encodeJpegLs', { lossy: false }), colour, 'jpeg-ls'), undefined)
  t.equal(await fast.decode(await encodeFrame(samples, pixel, 'encodeJpeg', { lossy: false }), pixel, 'jpeg-lossless'), undefined)
  const other = pixelOf(columns, rows + 1)
  t.equal(await fast.decode(await encodeFrame(samples, pixel, 'encodeJpegLs', { lossy: false }), other, 'jpeg-ls'), undefined, 'another length')
})

t.test('after a stream that cannot be decoded the next one is', async t => {
  const pixel = pixelOf(columns, rows)
  const samples = new Uint16Array(picture(columns, rows, 0, 4095))
  const good = await encodeFrame(samples, pixel, 'encodeJpegLs', { lossy: false })
  const cut = new Uint8Array(Buffer.concat([good.subarray(0, good.length >> 1), Buffer.from([0xff, 0xd9])]))
  t.equal(await fast.decode(cut, pixel, 'jpeg-ls'), undefined)
  t.strictSame(await fast.decode(good, pixel, 'jpeg-ls'), bytesOf(samples))
})

t.test('a library that cannot be loaded, or is another, is done without', async t => {
  const pixel = pixelOf(columns, rows)
  const stream = await encodeFrame(new Uint16Array(picture(columns, rows, 0, 4095)), pixel, 'encodeJpegLs', { lossy: false })
  let asked = 0
  const none = createFastCodecs(() => {
    asked++
    throw new Error('no vector instructions')
  })
  t.equal(await none.decode(stream, pixel, 'jpeg-ls'), undefined)
  t.equal(await none.decode(stream, pixel, 'jpeg-ls'), undefined)
  t.equal(asked, 1, 'asked for once')
  const require = createRequire(import.meta.url)
  const wrong = createFastCodecs(() => require('@cornerstonejs/codec-openjph/wasmjs') as unknown)
  t.equal(await wrong.decode(stream, pixel, 'jpeg-ls'), undefined)
})
