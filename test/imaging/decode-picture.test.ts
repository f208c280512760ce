import { encode } from 'fast-png'
import { Buffer } from 'node:buffer'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { createDecoder } from '../../src/imaging/decoder-pool.ts'
import { decodePicture } from '../../src/imaging/decode-picture.ts'
import { dataPath } from '../helpers/data.ts'

const decoder = createDecoder({ workers: 1, timeoutMs: 30_000 })
t.teardown(() => decoder.close())
const read = (bytes: Uint8Array) => decodePicture(bytes, decoder)

t.test('PNG pictures of every kind become grey of 8 bits', async t => {
  const png = async (image: Parameters<typeof encode>[0]) => [...(await read(encode(image))).data]
  t.same(await png({ width: 2, height: 1, channels: 3, depth: 8, data: Uint8Array.of(30, 60, 90, 255, 255, 255) }), [60, 255])
  t.same(await png({ width: 2, height: 1, channels: 1, depth: 16, data: Uint16Array.of(0, 65535) }), [0, 255])
  t.same(await png({ width: 1, height: 1, channels: 4, depth: 8, data: Uint8Array.of(3, 6, 9, 0) }), [6], 'transparency is ignored')
  // 3 × 2 pixels of one bit, written by Pillow: 0 1 1 / 1 0 0
  const oneBit = 'iVBORw0KGgoAAAANSUhEUgAAAAMAAAACAQAAAAC1D1u3AAAADElEQVR4nGNIYFIAAAFIAIMySF1YAAAAAElFTkSuQmCC'
  t.same([...(await read(Buffer.from(oneBit, 'base64'))).data], [0, 255, 255, 255, 0, 0])
  // 2 × 1 pixels of a palette of two colours, written by Pillow: (30, 60, 90) and white
  const palette = 'iVBORw0KGgoAAAANSUhEUgAAAAIAAAABAQMAAADO7O3JAAAABlBMVEUePFr///9cZEZ3AAAACklEQVR4nGNwAAAAQgBBKTf07wAAAABJRU5ErkJggg=='
  t.same([...(await read(Buffer.from(palette, 'base64'))).data], [60, 255])
})

t.test('a JPG is decoded, grey or colour, with what cameras append', async t => {
  const width = 24
  const data = Uint8Array.from({ length: 24 * 16 }, (_, i) => i % width < 12 ? 20 : 200)
  const jpg = await decoder.encodeJpeg({ width, height: 16, data }, 95)
  const close = (found: Uint8Array) => found.every((value, i) => Math.abs(value - data[i]!) <= 4)
  const grey = await read(jpg)
  t.same([grey.width, grey.height], [24, 16])
  t.ok(close(grey.data))
  t.ok(close((await read(Buffer.concat([jpg, Buffer.from('appended by a camera')]))).data))
  const colours = Uint8Array.from({ length: data.length * 3 }, (_, i) => data[Math.floor(i / 3)]!)
  t.ok(close((await read(await decoder.encodeJpeg({ width, height: 16, data: colours }, 95))).data))
  const red = Uint8Array.from({ length: data.length * 3 }, (_, i) => i % 3 === 0 ? 210 : 0)
  t.ok((await read(await decoder.encodeJpeg({ width, height: 16, data: red }, 95))).data.every(value => Math.abs(value - 70) <= 4), 'the mean of the colours')
  // a first segment by Adobe whose transform is 0: the same samples are now red, green and blue
  const adobe = Buffer.from('ffee000e41646f6265006400000000' + '00', 'hex')
  const plain = await decoder.encodeJpeg({ width, height: 16, data: red }, 95)
  const rgb = await read(Buffer.concat([plain.subarray(0, 2), adobe, plain.subarray(2)]))
  t.ok(rgb.data.every(value => Math.abs(value - (63 + 92 + 233) / 3) <= 5), 'read as it stands')
})

t.test('a JPG of a scanner\'s export is read', async t => {
  const folder = dataPath(t, 'mr-slices/ms')
  if (folder === undefined) return
  const name = (await readdir(folder)).find(one => one.endsWith('.jpg'))!
  const { width, height, data } = await read(await readFile(join(folder, name)))
  t.same([width, height], [512, 512])
  t.ok(data.some(value => value > 150) && data[0]! < 20)
})

t.test('what is no such picture is refused', async t => {
  const refuses = (bytes: Uint8Array, code: string, message: RegExp) => t.rejects(read(bytes), { code, message })
  await refuses(Buffer.from('GIF89a'), 'training-data-invalid', /neither JPG nor PNG/)
  await refuses(Buffer.of(0x89, 0x50, 0x4e), 'instance-too-large', /cut off/)
  const png = Buffer.from(encode({ width: 2, height: 2, channels: 1, depth: 8, data: Uint8Array.of(1, 2, 3, 4) }))
  const huge = Buffer.from(png)
  huge.writeUInt32BE(1e6, 16)
  huge.writeUInt32BE(1e6, 20)
  await refuses(huge, 'instance-too-large', /too many/)
  const damaged = Buffer.from(png)
  damaged.fill(0, 41, 46)
  await refuses(damaged, 'training-data-invalid', /cannot|can be read/)
  const jpg = Buffer.from(await decoder.encodeJpeg({ width: 8, height: 8, data: new Uint8Array(64) }, 90))
  const frame = jpg.indexOf(Buffer.of(0xff, 0xc0))
  jpg[frame + 4] = 12
  await refuses(jpg, 'training-data-invalid', /components of 12 bits/)
  await refuses(jpg.subarray(0, 3), 'pixel-data-invalid', /frame header/)
})
