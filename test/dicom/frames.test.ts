import t from 'tap'
import { readInstance } from '../../src/dicom/read-instance.ts'
import { element, encapsulated, identity, imagePixel, part10, uint32 } from './encoded.ts'
import { rejectionOf } from './thrown.ts'

const rle = '1.2.840.10008.1.2.5'
const jpeg2000 = '1.2.840.10008.1.2.4.90'

/** An image of frames with the given pixel data element. */
const instanceOf = (frames: number, pixelData: Uint8Array, before: readonly Uint8Array[] = [], syntax = rle) =>
  readInstance(part10(Buffer.concat([identity(), imagePixel(2, 2, 8, frames), ...before, pixelData]), syntax))
const framesOf = async (instance: ReturnType<typeof readInstance>) =>
  Promise.all(Array.from({ length: instance.frameCount }, async (_, i) => [...await instance.pixelData.frame(i + 1)]))
const long = (...values: readonly number[]) => new Uint8Array(BigUint64Array.from(values, BigInt).buffer)

const a = Buffer.from([1, 1])
const b = Buffer.from([2, 2, 2, 2])
const c = Buffer.from([3, 3])

t.test('native frames follow each other', async t => {
  const instance = instanceOf(2, element(0x7fe00010, 'OB', Buffer.from([1, 2, 3, 4, 5, 6, 7, 8])), [], '1.2.840.10008.1.2.1')
  t.strictSame(await framesOf(instance), [[1, 2, 3, 4], [5, 6, 7, 8]])
})

t.test('one frame is all its fragments, with or without an offset table', async t => {
  for (const offsets of [[], [0]]) t.strictSame(await framesOf(instanceOf(1, encapsulated(offsets, [a, b]))), [[1, 1, 2, 2, 2, 2]])
})

t.test('without an offset table each fragment is a frame', async t => {
  t.strictSame(await framesOf(instanceOf(3, encapsulated([], [a, b, c]))), [[...a], [...b], [...c]])
})

t.test('the Basic Offset Table joins the fragments of a frame', async t => {
  // a at 0, b at 8 + 2, c at 10 + 8 + 4
  t.strictSame(await framesOf(instanceOf(2, encapsulated([0, 10], [a, b, c]))), [[...a], [...b, ...c]])
  t.strictSame(await framesOf(instanceOf(2, encapsulated([0, 22], [a, b, c]))), [[...a, ...b], [...c]])
})

t.test('a wrong offset table is passed over where one fragment a frame explains all', async t => {
  for (const offsets of [[0, 11], [4, 10], [10, 0], [0]]) {
    t.strictSame(await framesOf(instanceOf(2, encapsulated(offsets, [a, b]))), [[...a], [...b]])
  }
})

t.test('the Extended Offset Table gives lengths without padding', async t => {
  const tables = [element(0x7fe00001, 'OV', long(0, 10)), element(0x7fe00002, 'OV', long(1, 4))]
  t.strictSame(await framesOf(instanceOf(2, encapsulated([], [a, b]), tables)), [[1], [...b]])
  const one = [element(0x7fe00001, 'OV', long(0)), element(0x7fe00002, 'OV', long(1))]
  t.strictSame(await framesOf(instanceOf(1, encapsulated([], [a]), one)), [[1]])
  const wrong = [element(0x7fe00001, 'OV', long(0, 9)), element(0x7fe00002, 'OV', long(1, 4))]
  t.strictSame(await framesOf(instanceOf(2, encapsulated([], [a, b]), wrong)), [[...a], [...b]], 'a table that meets no fragment')
  const short = [element(0x7fe00001, 'OV', long(0, 10)), element(0x7fe00002, 'OV', long(9, 1))]
  t.strictSame(await framesOf(instanceOf(2, encapsulated([], [a, b]), short)), [[...a], [...b]], 'lengths that cannot be')
})

t.test('as the last resort codestreams are told by how they begin', async t => {
  const soc = Buffer.from([0xff, 0x4f, 0xff, 0x51])
  const soi = Buffer.from([0xff, 0xd8, 0xff, 0xe0])
  const more = Buffer.from([9, 9])
  t.strictSame(await framesOf(instanceOf(2, encapsulated([], [soc, more, soc]), [], jpeg2000)), [[...soc, ...more], [...soc]])
  t.strictSame(await framesOf(instanceOf(2, encapsulated([], [soi, soi, more]), [], '1.2.840.10008.1.2.4.70')), [[...soi], [...soi, ...more]])
})

t.test('fragments that do not add up fail frame by frame, not the instance', async t => {
  for (const fragments of [[a], [a, b, c], []]) {
    const instance = instanceOf(2, encapsulated([], fragments))
    t.equal(instance.frameCount, 2)
    t.equal(instance.warnings.length, 1)
    t.equal((await rejectionOf(instance.pixelData.frame(1)))?.code, 'pixel-data-invalid')
  }
  const noTable = element(0x7fe00010, 'OB', Buffer.from([0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0]), { length: 0xffffffff })
  t.equal((await rejectionOf(instanceOf(1, noTable).pixelData.frame(1)))?.code, 'pixel-data-invalid')
})

t.test('an offset table of half a word is no table', async t => {
  const odd = element(0x7fe00010, 'OB', Buffer.concat([
    Buffer.from([0xfe, 0xff, 0, 0xe0]), uint32(2), Buffer.alloc(2), Buffer.from([0xfe, 0xff, 0, 0xe0]), uint32(2), a,
    Buffer.from([0xfe, 0xff, 0, 0xe0]), uint32(2), c, Buffer.from([0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0])]), { length: 0xffffffff })
  t.strictSame(await framesOf(instanceOf(2, odd)), [[...a], [...c]])
})
