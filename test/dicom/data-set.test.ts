import t from 'tap'
import { DataSet } from '../../src/dicom/data-set.ts'
import { LayeredAttributes } from '../../src/dicom/layered-attributes.ts'
import { parsePart10 } from '../../src/dicom/part10.ts'
import { privateAttributes, privateName } from '../../src/dicom/private-dictionary.ts'
import { element, item, part10, uint16 } from './encoded.ts'

const read = (...elements: readonly Uint8Array[]) => new DataSet(parsePart10(part10(Buffer.concat(elements))).table)
const uid = element(0x00080018, 'UI', '1.2')
const doubles = (...values: readonly number[]) => new Uint8Array(Float64Array.from(values).buffer)

t.test('absent, empty and zero are three different things', async t => {
  const dataSet = read(uid, element(0x00180080, 'DS', ''), element(0x00180081, 'DS', '0'))
  t.ok(dataSet.has('RepetitionTime'))
  t.equal(dataSet.number('RepetitionTime'), undefined)
  t.equal(dataSet.string('RepetitionTime'), undefined)
  t.strictSame(dataSet.strings('RepetitionTime'), [])
  t.equal(dataSet.number('EchoTime'), 0)
  t.notOk(dataSet.has('InversionTime'))
  t.equal(dataSet.number('InversionTime'), undefined)
  t.strictSame(dataSet.numbers('InversionTime'), [])
  t.strictSame(dataSet.items('InversionTime'), [])
  t.equal(dataSet.bytes('InversionTime'), undefined)
  t.notOk(dataSet.has('NoSuchKeyword'))
})

t.test('text loses its padding and splits at backslashes where the VR allows it', async t => {
  const dataSet = read(
    element(0x00080008, 'CS', ' ORIGINAL \\PRIMARY\\\\M '),
    element(0x00080018, 'UI', '1.2.3'),
    element(0x00204000, 'LT', '  two\\words  '),
  )
  t.strictSame(dataSet.strings('ImageType'), ['ORIGINAL', 'PRIMARY', '', 'M'])
  t.equal(dataSet.string('SOPInstanceUID'), '1.2.3')
  t.strictSame(dataSet.strings('ImageComments'), ['  two\\words'])
})

t.test('numbers come from text and from every binary VR', async t => {
  const dataSet = read(
    uid,
    element(0x00180050, 'DS', '+1.5e1 '),
    element(0x00180082, 'DS', '1,5'),
    element(0x00181310, 'US', uint16(0, 256, 192, 0)),
    element(0x00189087, 'FD', doubles(1000.5)),
    element(0x00189089, 'FD', doubles(0.5, -0.5, NaN)),
    element(0x00200013, 'IS', ' 12 '),
    element(0x00200032, 'DS', '-1.5\\ 2\\3e0'),
    element(0x00200037, 'DS', '1\\\\0'),
    element(0x00281052, 'FL', new Uint8Array(Float32Array.of(0.5).buffer)),
    element(0x00720078, 'UL', new Uint8Array(Uint32Array.of(4_000_000_000).buffer)),
    element(0x0072007c, 'SL', new Uint8Array(Int32Array.of(-70_000).buffer)),
    element(0x0072007e, 'SS', new Uint8Array(Int16Array.of(-5).buffer)),
    element(0x00720082, 'SV', new Uint8Array(BigInt64Array.of(-5n).buffer)),
  )
  t.equal(dataSet.number('SliceThickness'), 15)
  t.equal(dataSet.number('InversionTime'), undefined, 'a comma is no decimal point')
  t.strictSame(dataSet.numbers('AcquisitionMatrix'), [0, 256, 192, 0])
  t.strictSame(dataSet.strings('AcquisitionMatrix'), ['0', '256', '192', '0'])
  t.equal(dataSet.number('DiffusionBValue'), 1000.5)
  t.equal(dataSet.number('DiffusionGradientOrientation'), 0.5)
  t.strictSame(dataSet.numbers('DiffusionGradientOrientation'), [], 'one value is not finite')
  t.equal(dataSet.number('InstanceNumber'), 12)
  t.strictSame(dataSet.numbers('ImagePositionPatient'), [-1.5, 2, 3])
  t.strictSame(dataSet.numbers('ImageOrientationPatient'), [], 'one value is empty')
  t.equal(dataSet.number('RescaleIntercept'), 0.5)
  t.equal(dataSet.number('SelectorSLValue'), -70_000)
  t.equal(dataSet.number('SelectorULValue'), 4_000_000_000)
  t.equal(dataSet.number('SelectorSSValue'), -5)
  t.equal(dataSet.number('SelectorSVValue'), -5)
})

t.test('US or SS is signed where the pixels are, in items too', async t => {
  const minusFive = uint16(0xfffb)
  const dataSet = read(
    uid,
    element(0x00280103, 'US', uint16(1)),
    element(0x00280120, 'US', minusFive),
    element(0x00283000, 'SQ', item(element(0x00283002, 'US', uint16(2, 0xfffb, 16)))),
  )
  t.equal(dataSet.number('PixelPaddingValue'), -5)
  t.strictSame(dataSet.items('ModalityLUTSequence')[0]?.numbers('LUTDescriptor'), [2, -5, 16])
  t.equal(read(uid, element(0x00280103, 'US', uint16(0)), element(0x00280120, 'US', minusFive)).number('PixelPaddingValue'), 65_531)
})

t.test('a person name has three groups', async t => {
  const dataSet = read(uid, element(0x00080090, 'PN', ''), element(0x00081050, 'PN', '=Wang\\B'), element(0x00100010, 'PN', 'A^B = C = D'))
  t.strictSame(dataSet.personName('PatientName'), { alphabetic: 'A^B', ideographic: 'C', phonetic: 'D' })
  t.equal(dataSet.string('PatientName'), 'A^B')
  t.equal(dataSet.personName('ReferringPhysicianName'), undefined)
  t.equal(dataSet.personName('OperatorsName'), undefined)
  t.strictSame(dataSet.strings('PerformingPhysicianName'), ['', 'B'])
  t.strictSame(dataSet.personName('PerformingPhysicianName'), { alphabetic: '', ideographic: 'Wang', phonetic: '' })
})

t.test('private elements are found in the block of their creator', async t => {
  const dataSet = read(
    uid,
    element(0x00080070, 'LO', 'SIEMENS'),
    element(0x00190010, 'LO', 'SOMEONE ELSE'),
    element(0x00190011, 'LO', 'SIEMENS MR HEADER'),
    element(0x0019100c, 'IS', '5'),
    element(0x0019110c, 'UN', '1000'),
    element(0x00191101, 'UN', 'ab'),
  )
  t.equal(privateName(dataSet, privateAttributes.siemensBValue), '0019110c')
  t.equal(dataSet.number('0019110c'), 1000, 'UN is read by the creator’s VR')
  t.equal(dataSet.vr(dataSet.element('00191101')!), 'UN')
  t.equal(privateName(dataSet, privateAttributes.geBValue), undefined)
})

t.test('without creators the first block is tried for the right manufacturer only', async t => {
  const value = element(0x20011003, 'UN', new Uint8Array(Float32Array.of(800).buffer))
  const philips = read(element(0x00080070, 'LO', 'Philips Medical Systems'), value)
  t.equal(privateName(philips, privateAttributes.philipsBValue), '20011003')
  t.equal(philips.number('20011003'), 800)
  t.equal(privateName(read(element(0x00080070, 'LO', 'Other'), value), privateAttributes.philipsBValue), undefined)
  t.equal(privateName(read(uid, value), privateAttributes.philipsBValue), undefined)
  const listless = { ...stub(philips), string: (name: string) => name === '20010010' ? 'PHILIPS IMAGING DD 001' : undefined }
  t.equal(privateName(listless, privateAttributes.philipsBValue), '20011003', 'also where tags cannot be listed')
})

t.test('in layers the first one that has an attribute counts', async t => {
  const near = read(uid, element(0x00180080, 'DS', ''))
  const far = read(
    uid, element(0x00180080, 'DS', '5'), element(0x00180081, 'DS', '7\\8'), element(0x00081140, 'SQ', item(uid)), element(0x00100010, 'PN', 'A=B'),
  )
  const layers = new LayeredAttributes([near, far])
  t.equal(layers.number('RepetitionTime'), undefined, 'an empty value hides a filled one')
  t.strictSame(layers.numbers('EchoTime'), [7, 8])
  t.equal(layers.string('EchoTime'), '7')
  t.strictSame(layers.strings('EchoTime'), ['7', '8'])
  t.equal(layers.items('ReferencedImageSequence').length, 1)
  t.equal(layers.personName('PatientName')?.ideographic, 'B')
  t.strictSame([...layers.bytes('EchoTime') ?? []], [...Buffer.from('7\\8 ')])
  t.ok(layers.has('EchoTime'))
  t.notOk(layers.has('FlipAngle'))
  t.strictSame([layers.string('FlipAngle'), layers.strings('FlipAngle'), layers.numbers('FlipAngle'), layers.items('FlipAngle')], [undefined, [], [], []])
  t.equal(layers.tags.length, 5)
})

function stub (dataSet: DataSet) {
  return {
    has: (name: string) => dataSet.has(name),
    personName: () => undefined,
    strings: () => [],
    number: () => undefined,
    numbers: () => [],
    items: () => [],
    bytes: () => undefined,
  }
}
