import t from 'tap'
import type { ImagePixel } from '../../src/dicom/slice.ts'
import { createDecoder } from '../../src/imaging/decoder-pool.ts'
import { encodeFrame, picture, pixelOf, syntax } from './encode-frame.ts'

const decoder = createDecoder({ workers: 1 })
t.teardown(async () => { await decoder.close() })

const good = pixelOf(32, 32)
const samples = new Uint16Array(picture(32, 32, 0, 4095, 7))
const streams = {
  rle: await encodeFrame(samples, good, 'encodeRle'),
  jpegLossless: await encodeFrame(samples, good, 'encodeJpeg', { lossy: false }),
  jpegLs: await encodeFrame(samples, good, 'encodeJpegLs', { lossy: false }),
  jpeg2000: await encodeFrame(samples, good, 'encodeJpeg2000', { lossy: false }),
  htj2k: await encodeFrame(samples, good, 'encodeHtJpeg2000', { lossy: false }),
}
type Family = keyof typeof streams

const patched = (stream: Uint8Array, at: number, ...bytes: readonly number[]): Uint8Array => {
  const copy = stream.slice()
  copy.set(bytes, at)
  return copy
}
const find = (stream: Uint8Array, ...bytes: readonly number[]): number => Buffer.from(stream).indexOf(Buffer.from(bytes))
const joined = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts))
const word = (value: number): number[] => [value >>> 24, value >>> 16 & 255, value >>> 8 & 255, value & 255]

/** A JPEG 2000 codestream of one tile that claims to be of this size (ISO 15444-1 A.5.1), a few hundred bytes of an empty picture. */
const blank = await encodeFrame(new Uint16Array(1024), good, 'encodeJpeg2000', { lossy: false })
const claim2000 = (edge: number): Uint8Array => patched(patched(blank, 8, ...word(edge), ...word(edge)), 24, ...word(edge), ...word(edge))
/** A JPEG-LS stream that claims to be of this size (ISO 14495-1 C.2.2). */
const blankLs = await encodeFrame(new Uint16Array(1024), good, 'encodeJpegLs', { lossy: false })
const claimLs = (edge: number): Uint8Array => patched(blankLs, find(blankLs, 0xff, 0xf7) + 5, edge >> 8, edge & 255, edge >> 8, edge & 255)

/** Refused before a decoder sees it, failed in the decoder, or ended after its time. */
async function outcome (stream: Uint8Array, pixel: ImagePixel, family: Family): Promise<string> {
  return await decoder.decode(stream, pixel, syntax[family]).then(({ data }) => `decoded ${data.length}`, (error: unknown) => (error as { code: string }).code)
}

const cases: readonly (readonly [string, Family, Uint8Array, ImagePixel, RegExp])[] = [
  ['a few hundred bytes of JPEG 2000 that are 288 MB', 'jpeg2000', claim2000(12_000), pixelOf(12_000, 12_000), /^instance-too-large$/],
  ['a few hundred bytes of JPEG-LS that are 288 MB', 'jpegLs', claimLs(12_000), pixelOf(12_000, 12_000), /^instance-too-large$/],
  ['JPEG 2000 of 288 MB under a small header', 'jpeg2000', claim2000(12_000), good, /^pixel-data-invalid$/],
  ['JPEG-LS of 288 MB under a small header', 'jpegLs', claimLs(12_000), good, /^pixel-data-invalid$/],
  ['JPEG 2000 that is 128 MB, as its header allows', 'jpeg2000', claim2000(8192), pixelOf(8192, 8192), /^(pixel-decode-(failed|timeout)|decoded 67108864)$/],
  ['JPEG-LS that is 128 MB, as its header allows', 'jpegLs', claimLs(8192), pixelOf(8192, 8192), /^pixel-decode-(failed|timeout)$/],
  ...(['jpegLossless', 'jpegLs', 'jpeg2000', 'htj2k'] as const).flatMap(family => [
    [`${family}: other dimensions than the header's`, family, streams[family], pixelOf(32, 33), /^pixel-data-invalid$/] as const,
    [`${family}: no end marker`, family, streams[family].subarray(0, Buffer.from(streams[family]).lastIndexOf(Buffer.from([0xff, 0xd9]))), good,
      /^pixel-data-invalid$/] as const,
  ]),
  ...[0.2, 0.5, 0.8].map(kept => [`JPEG-LS cut at ${kept}, its end marker put back`, 'jpegLs',
    joined(streams.jpegLs.subarray(0, Math.floor(streams.jpegLs.length * kept)), Uint8Array.of(0xff, 0xd9)), good, /^pixel-decode-(failed|timeout)$/] as const),
  ['RLE that unpacks to more than the frame', 'rle', joined(streams.rle, Uint8Array.of(129, 7, 129, 7)), good, /^pixel-data-invalid$/],
  ['RLE with an offset behind its end', 'rle', patched(streams.rle, 8, 0xff, 0xff, 0xff, 0x7f), good, /^pixel-data-invalid$/],
  ['RLE of fifteen segments', 'rle', patched(streams.rle, 0, 15), good, /^pixel-data-invalid$/],
]

t.test('D5: codestreams that are bombs, cut or lie are refused or ended, and the next good frame decodes right', async t => {
  t.ok(blank.length < 700 && blankLs.length < 1700, `${blank.length} and ${blankLs.length} bytes`)
  for (const [name, family, stream, pixel, expected] of cases) {
    t.match(await outcome(stream, pixel, family), expected, `D5: ${name}`)
    t.strictSame((await decoder.decode(streams[family], good, syntax[family])).data, samples, `D5: a good frame after ${name}`)
  }
})
