import { createHash } from 'node:crypto'
import t from 'tap'
import type { ByteRange } from '../../src/dicom/element.ts'
import { type OpenFile, parsePart10File } from '../../src/dicom/part10-file.ts'
import { parsePart10 } from '../../src/dicom/part10.ts'
import { defaultParseLimits } from '../../src/dicom/parse-limits.ts'
import { readInstance, readInstanceFile, readOpenInstance } from '../../src/dicom/read-instance.ts'
import { element, encapsulated, identity, imagePixel, item, part10, sequenceDelimiter, undefinedLength } from './encoded.ts'
import { temporaryFile } from './second-reader.ts'
import { rejectionOf, thrownBy } from './thrown.ts'

const [rows, columns, frames] = [1000, 1000, 2] as const
const pixels = Buffer.from(Uint16Array.from({ length: rows * columns * frames }, (_, i) => i % 4096).buffer)
const header = Buffer.concat([identity(), imagePixel(rows, columns, 16, frames)])
const large = part10(Buffer.concat([header, element(0x7fe00010, 'OW', pixels)]))

/** A file in memory that tells what was read of it. */
function fileOf (bytes: Buffer): OpenFile & { readonly ranges: ByteRange[], digests: number } {
  return {
    size: bytes.length,
    ranges: [],
    digests: 0,
    read (range) {
      this.ranges.push(range)
      return Promise.resolve(bytes.subarray(range.offset, range.offset + range.length))
    },
    digestFrom (offset) {
      this.digests++
      return Promise.resolve(createHash('sha256').update(bytes.subarray(offset)).digest('hex'))
    },
  }
}

t.test('of a large file that ends with native pixels only the beginning is read, and told as from the whole', async t => {
  for (const [name, bytes] of [
    ['explicit', large],
    ['implicit', part10(Buffer.concat([header, element(0x7fe00010, 'OW', pixels)]), '1.2.840.10008.1.2')],
    ['zeros', part10(Buffer.concat([header, element(0x7fe00010, 'OW', Buffer.alloc(pixels.length))]))],
  ] as const) {
    const file = fileOf(bytes)
    const { part10: parsed, bytes: held } = await parsePart10File(file, defaultParseLimits)
    const whole = parsePart10(bytes)
    t.strictSame(file.ranges, [{ offset: 0, length: 2 ** 20 }], name)
    t.equal(held, undefined)
    t.strictSame([...parsed.table.elements], [...whole.table.elements])
    t.strictSame(parsed.warnings, whole.warnings)
    t.equal(parsed.dataSetOffset, whole.dataSetOffset)
  }
})

t.test('what does not end with native pixels, or begins later than a MiB, is read whole', async t => {
  const long = element(0x00090010, 'OB', Buffer.alloc(2 ** 20))
  for (const [name, bytes] of [
    ['small', part10(Buffer.concat([identity(), imagePixel(1, 1, 16, 1), element(0x7fe00010, 'OW', 'ab')]))],
    ['elements after the pixels', Buffer.concat([large, element(0xfffcfffc, 'OB', 'ab')])],
    ['zeros after the pixels', Buffer.concat([large, Buffer.alloc(512)])],
    ['long header', part10(Buffer.concat([identity(), long, imagePixel(rows, columns, 16, frames), element(0x7fe00010, 'OW', pixels)]))],
    ['no pixels', part10(Buffer.concat([identity(), long]))],
    ['fragments', part10(Buffer.concat([header, element(0x7fe00010, 'OB', Buffer.concat([item(Buffer.alloc(0)), item(pixels), item(pixels), sequenceDelimiter]),
      { length: undefinedLength })]), '1.2.840.10008.1.2.4.90')],
  ] as const) {
    const file = fileOf(bytes)
    const { part10: parsed, bytes: held } = await parsePart10File(file, defaultParseLimits)
    t.strictSame(file.ranges.at(-1), { offset: 0, length: bytes.length }, name)
    t.equal(held, parsed.table.bytes)
    t.strictSame(parsed.warnings, parsePart10(bytes).warnings)
  }
})

t.test('a large file that is spoilt fails as it does in memory', async t => {
  for (const bytes of [
    large.subarray(0, large.length - 2),
    Buffer.concat([large, Buffer.from('rest')]),
    Buffer.alloc(2 ** 21, 'no DICOM'),
    part10(Buffer.concat([header, element(0x7fe00010, 'OW', pixels.subarray(2))])),
  ]) {
    const memory = thrownBy(() => readInstance(bytes))
    t.match(await rejectionOf(readOpenInstance(fileOf(bytes))), { code: memory?.code, message: memory?.message, facts: memory?.facts })
  }
  const limits = { ...defaultParseLimits, bytes: 2 ** 20 }
  t.match(await rejectionOf(parsePart10File(fileOf(large), limits)), { code: 'instance-too-large', facts: { bytes: large.length, limit: 2 ** 20 } })
})

t.test('an instance of a large file is that of its bytes, frame by frame', async t => {
  const memory = readInstance(large)
  const onDisk = await readInstanceFile(temporaryFile(t, large))
  const open = await readOpenInstance(fileOf(large))
  for (const instance of [onDisk, open]) {
    t.equal(instance.digest, memory.digest)
    t.equal(instance.frameCount, frames)
    t.ok(Buffer.from(await instance.pixelData.frame(2)).equals(pixels.subarray(pixels.length / 2)))
    t.strictSame(instance.attributes.numbers('Rows'), [rows])
    t.ok(instance.attributes.has('PixelData'))
  }
  t.equal(onDisk.attributes.bytes('PixelData')?.length, 0, 'pixels are not held')
})

t.test('a digest that is known is not computed again', async t => {
  const file = fileOf(large)
  t.equal((await readOpenInstance(file, {}, { digest: 'known' })).digest, 'known')
  t.equal(file.digests, 0)
  t.equal((await readInstanceFile(temporaryFile(t, large), {}, { digest: 'known' })).digest, 'known')
})

t.test('frames of an open file that is not native or deflated come from memory', async t => {
  const fragments = encapsulated([], [Buffer.from('abcd')])
  const bytes = part10(Buffer.concat([identity(), imagePixel(1, 2, 16, 1), fragments]), '1.2.840.10008.1.2.5')
  const file = fileOf(bytes)
  const instance = await readOpenInstance(file)
  t.strictSame(Buffer.from(await instance.pixelData.frame(1)).toString(), 'abcd')
  t.equal(file.ranges.length, 1)
})
