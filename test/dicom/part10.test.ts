import { deflateRawSync } from 'node:zlib'
import t from 'tap'
import { DataSet } from '../../src/dicom/data-set.ts'
import { parsePart10 } from '../../src/dicom/part10.ts'
import { defaultParseLimits } from '../../src/dicom/parse-limits.ts'
import {
  element, encapsulated, identity, item, itemDelimiter, part10, sequenceDelimiter, uint16, uint32, undefinedLength,
} from './encoded.ts'
import { thrownBy } from './thrown.ts'

const codeOf = (bytes: Uint8Array) => thrownBy(() => parsePart10(bytes))?.code
const read = (bytes: Uint8Array) => new DataSet(parsePart10(bytes).table)
const description = (text: string, encoding = {}) => element(0x0008103e, 'LO', text, encoding)

t.test('explicit, implicit and big endian data sets give the same values', async t => {
  const implicit = { explicit: false }
  const big = { littleEndian: false }
  const files = [
    part10(Buffer.concat([identity(), element(0x00280010, 'US', uint16(300))])),
    part10(Buffer.concat([identity(implicit), element(0x00280010, 'US', uint16(300), implicit)]), '1.2.840.10008.1.2'),
    part10(Buffer.concat([identity(big), element(0x00280010, 'US', Buffer.from([1, 44]), big)]), '1.2.840.10008.1.2.2'),
    part10(deflateRawSync(Buffer.concat([identity(), element(0x00280010, 'US', uint16(300))])), '1.2.840.10008.1.2.1.99'),
  ]
  for (const file of files) {
    t.strictSame(parsePart10(file).warnings, [])
    t.equal(read(file).string('SOPInstanceUID'), '1.2.3.4')
    t.equal(read(file).number('Rows'), 300)
  }
})

t.test('bare data sets are recognised, with a warning', async t => {
  for (const encoding of [{}, { explicit: false }]) {
    const file = parsePart10(identity(encoding))
    t.equal(file.dataSetOffset, 0)
    t.equal(file.meta, undefined)
    t.equal(new DataSet(file.table).string('SOPInstanceUID'), '1.2.3.4')
    t.strictSame(file.warnings, ['The file has no File Meta Information'])
  }
  const withoutPreamble = parsePart10(part10(identity()).subarray(132))
  t.strictSame(withoutPreamble.warnings, ['The file has no preamble'])
})

t.test('a transfer syntax that does not fit the elements is put right, with a warning', async t => {
  const explicit = parsePart10(part10(identity(), '1.2.840.10008.1.2'))
  t.equal(new DataSet(explicit.table).string('SOPInstanceUID'), '1.2.3.4')
  t.match(explicit.warnings[0], /TransferSyntaxUID/)
  const implicit = parsePart10(part10(identity({ explicit: false })))
  t.equal(new DataSet(implicit.table).string('SOPInstanceUID'), '1.2.3.4')
  t.match(implicit.warnings[0], /TransferSyntaxUID/)
})

t.test('a missing TransferSyntaxUID is guessed where the elements tell it', async t => {
  const meta = element(0x00020012, 'UI', '1.2.3')
  const start = Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), element(0x00020000, 'UL', uint32(meta.length)), meta])
  t.strictSame(parsePart10(Buffer.concat([start, identity()])).warnings, ['TransferSyntaxUID is missing'])
  t.equal(codeOf(Buffer.concat([start, element(0x00100010, 'PN', 'x')])), 'dicom-malformed')
  t.equal(codeOf(Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), identity()])), 'dicom-malformed')
})

t.test('what is no DICOM is said to be so', async t => {
  for (const bytes of [
    Buffer.alloc(0), Buffer.from('Patient list\nof today\n'), Buffer.alloc(4096), Buffer.from('{"a":1}'), Buffer.from([8, 0]),
    Buffer.from('<!doctype html>'.repeat(40)), Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]),
  ]) t.equal(codeOf(bytes), 'not-dicom')
  t.equal(codeOf(part10(Buffer.alloc(0)).subarray(0, 132)), 'dicom-truncated')
  t.equal(codeOf(part10(Buffer.alloc(0))), 'dicom-truncated')
})

t.test('sequences of defined and undefined length hold the same items', async t => {
  const content = description('inner')
  const forms = [
    element(0x00081140, 'SQ', Buffer.concat([item(content), item(content)])),
    element(0x00081140, 'SQ', Buffer.concat([item(content), item(content), sequenceDelimiter]), { length: undefinedLength }),
    element(0x00081140, 'SQ', Buffer.concat([
      item(Buffer.concat([content, itemDelimiter]), undefinedLength), item(content), sequenceDelimiter,
    ]), { length: undefinedLength }),
  ]
  for (const form of forms) {
    const dataSet = read(part10(Buffer.concat([element(0x00080018, 'UI', '1.2'), form, element(0x00100020, 'LO', 'after')])))
    t.strictSame(dataSet.items('ReferencedImageSequence').map(one => one.string('SeriesDescription')), ['inner', 'inner'])
    t.equal(dataSet.string('PatientID'), 'after')
  }
})

t.test('UN of a known attribute is read by its VR, a hidden sequence as implicit (PS3.5 6.2.2)', async t => {
  const implicitItem = item(description('inner', { explicit: false }))
  const dataSet = read(part10(Buffer.concat([
    element(0x00080018, 'UI', '1.2'),
    element(0x00081140, 'UN', implicitItem),
    element(0x00081150, 'UN', Buffer.concat([implicitItem, sequenceDelimiter]), { length: undefinedLength }),
    element(0x00180080, 'UN', '9000'),
    element(0x00191010, 'UN', Buffer.concat([implicitItem, sequenceDelimiter]), { length: undefinedLength }),
  ])))
  t.equal(dataSet.items('ReferencedImageSequence')[0]?.string('SeriesDescription'), 'inner')
  t.equal(dataSet.items('00191010')[0]?.string('SeriesDescription'), 'inner')
  t.equal(dataSet.number('RepetitionTime'), 9000)
})

t.test('VRs with 64-bit integers are read, which dicom-parser does not know', async t => {
  const eight = Buffer.from([5, 0, 0, 0, 0, 0, 0, 0])
  const dataSet = read(part10(Buffer.concat([
    element(0x00080018, 'UI', '1.2'), element(0x7fe00001, 'OV', eight), element(0x7fe00003, 'UV', eight),
  ])))
  t.strictSame(dataSet.numbers('ExtendedOffsetTable'), [5])
  t.equal(dataSet.number('EncapsulatedPixelDataValueTotalLength'), 5)
})

t.test('a file that is cut anywhere but between two outer elements is truncated', async t => {
  const dataSet = Buffer.concat([
    element(0x00080018, 'UI', '1.2'),
    element(0x00081140, 'SQ', item(description('inner'))),
    element(0x00081150, 'SQ', Buffer.concat([item(Buffer.concat([description('i'), itemDelimiter]), undefinedLength), sequenceDelimiter]),
      { length: undefinedLength }),
    encapsulated([], [Buffer.alloc(6)]),
  ])
  const file = part10(dataSet)
  const start = file.length - dataSet.length
  const boundaries = new Set([12, 32, 32].reduce<number[]>((ends, length) => [...ends, (ends.at(-1) ?? start) + length], []))
  let whole = 0
  for (let end = 133; end < file.length; end++) {
    const code = codeOf(file.subarray(0, end))
    if (code === undefined) whole++
    else t.match(code, /^dicom-truncated$/, `cut at ${end}`)
  }
  t.ok(boundaries.size > 0)
  t.equal(whole, 3, 'the ends of the three elements before the last one')
})

t.test('lengths that leave their container are refused', async t => {
  const uid = element(0x00080018, 'UI', '1.2')
  const cases: readonly (readonly [string, Buffer, string])[] = [
    ['4 GiB of pixels', element(0x7fe00010, 'OW', 'ab', { length: 0xfffffffe }), 'dicom-truncated'],
    ['an element longer than its item', element(0x00081140, 'SQ', item(element(0x0008103e, 'LO', 'abcd', { length: 60 }), 12)), 'dicom-malformed'],
    ['an item longer than its sequence', Buffer.concat([
      element(0x00081140, 'SQ', item(description('ab'), 40)), Buffer.alloc(60, 1)]), 'dicom-malformed'],
    ['an item longer than the file', element(0x00081140, 'SQ', item(description('ab'), 0xfffffff0), { length: undefinedLength }), 'dicom-truncated'],
    ['no item in a sequence', element(0x00081140, 'SQ', description('abcdef')), 'dicom-malformed'],
    ['an item among elements', Buffer.concat([item(Buffer.alloc(0)), uid]), 'dicom-malformed'],
    ['undefined length of text', element(0x0008103e, 'UT', 'ab', { length: undefinedLength }), 'dicom-malformed'],
    ['letters that are no VR', element(0x0008103e, 'ZZ', 'ab'), 'dicom-malformed'],
    ['a fragment of undefined length', element(0x7fe00010, 'OB', item(Buffer.alloc(4), undefinedLength), { length: undefinedLength }),
      'dicom-malformed'],
    ['a fragment longer than the file', element(0x7fe00010, 'OB', item(Buffer.alloc(4), 4000), { length: undefinedLength }), 'dicom-truncated'],
    ['an element among fragments', element(0x7fe00010, 'OB', description('ab'), { length: undefinedLength }), 'dicom-malformed'],
  ]
  for (const [name, bytes, code] of cases) t.equal(codeOf(part10(Buffer.concat([uid, bytes]))), code, name)
})

t.test('20,000 nested sequences are refused, of defined or undefined length, open or hidden in UN', async t => {
  const levels = 20_000
  const undefinedOnes = Buffer.concat(Array.from({ length: levels }, () => Buffer.concat([
    element(0x00081140, 'SQ', '', { length: undefinedLength }), item(Buffer.alloc(0), undefinedLength)])))
  const hidden = Buffer.concat([element(0x00081140, 'UN', '', { length: undefinedLength }), ...Array.from({ length: levels }, () => Buffer.concat([
    item(Buffer.alloc(0), undefinedLength), element(0x00081140, 'SQ', '', { explicit: false, length: undefinedLength })]))])
  let defined: Buffer = Buffer.alloc(0)
  for (let i = 0; i < 200; i++) defined = element(0x00081140, 'SQ', item(defined))
  for (const bytes of [undefinedOnes, hidden, defined]) {
    const error = thrownBy(() => parsePart10(part10(Buffer.concat([element(0x00080018, 'UI', '1.2'), bytes]))))
    t.equal(error?.code, 'dicom-malformed')
    t.equal(error?.facts['depth'], defaultParseLimits.depth)
  }
})

t.test('2 million tiny elements and fragments are refused', async t => {
  const tiny = Buffer.alloc(8 * 2_000_000)
  for (let i = 0; i < 2_000_000; i++) tiny.set([0x10, 0, 0x20, 0, 0x4c, 0x4f, 0, 0], i * 8)
  const error = thrownBy(() => parsePart10(part10(Buffer.concat([element(0x00080018, 'UI', '1.2'), tiny]))))
  t.equal(error?.code, 'dicom-malformed')
  t.equal(error?.facts['elements'], defaultParseLimits.elements)
  const fragments = Buffer.alloc(8 * 600_000)
  for (let i = 0; i < 600_000; i++) fragments.set([0xfe, 0xff, 0, 0xe0, 0, 0, 0, 0], i * 8)
  t.equal(codeOf(part10(Buffer.concat([element(0x00080018, 'UI', '1.2'), element(0x7fe00010, 'OB', fragments, { length: undefinedLength })]))),
    'dicom-malformed')
})

t.test('a deflate bomb, a cut one and a wrong one are refused without being blown up', async t => {
  const bomb = deflateRawSync(Buffer.alloc(300 * 2 ** 20))
  t.ok(bomb.length < 400_000)
  const before = process.memoryUsage().rss
  const error = thrownBy(() => parsePart10(part10(bomb, '1.2.840.10008.1.2.1.99')))
  t.equal(error?.code, 'instance-too-large')
  t.ok(process.memoryUsage().rss - before < 80 * 2 ** 20)
  const small = deflateRawSync(identity())
  t.equal(codeOf(part10(small.subarray(0, small.length - 4), '1.2.840.10008.1.2.1.99')), 'dicom-truncated')
  t.equal(codeOf(part10(Buffer.alloc(40, 0xff), '1.2.840.10008.1.2.1.99')), 'dicom-malformed')
})

t.test('a file beyond the limit of bytes is refused', async t => {
  const error = thrownBy(() => parsePart10(part10(identity()), { ...defaultParseLimits, bytes: 100 }))
  t.equal(error?.code, 'instance-too-large')
})

t.test('small deviations are read and named', async t => {
  const uid = element(0x00080018, 'UI', '1.2')
  const cases: readonly (readonly [Buffer, RegExp])[] = [
    [Buffer.concat([uid, element(0x0008103e, 'LO', Buffer.from('abc'))]), /SeriesDescription has an odd length/],
    [Buffer.concat([element(0x0008103e, 'LO', 'ab'), uid]), /SOPInstanceUID is out of order/],
    [Buffer.concat([uid, Buffer.alloc(510)]), /Zero bytes follow/],
    [Buffer.concat([uid, element(0x00081140, 'SQ', Buffer.concat([item(Buffer.concat([description('ab'), itemDelimiter])), sequenceDelimiter]))]),
      /defined length holds/],
  ]
  for (const [bytes, warning] of cases) {
    const file = parsePart10(part10(bytes))
    t.match(file.warnings.join('; '), warning)
    t.equal(new DataSet(file.table).string('SOPInstanceUID'), '1.2')
  }
})

t.test('an executable in the preamble does not matter to the reader', async t => {
  const file = part10(identity())
  file.write('MZ\x90\0\x03', 0, 'latin1')
  t.equal(read(file).string('SOPInstanceUID'), '1.2.3.4')
})
