import t from 'tap'
import type { Dataset, DatasetValue } from '../../src/dicom/dataset.ts'
import { DataSet } from '../../src/dicom/data-set.ts'
import { parsePart10 } from '../../src/dicom/part10.ts'
import { readInstance } from '../../src/dicom/read-instance.ts'
import { isUid } from '../../src/dicom/uid.ts'
import { encodePart10, implementationClassUid, implementationVersionName } from '../../src/dicom/write-part10.ts'
import { AppError } from '../../src/errors.ts'
import { requireTool } from '../helpers/tools.ts'
import { mrDataset } from './mr-dataset.ts'
import { ask, askPython, requirePydicom, temporaryFile } from './second-reader.ts'

const attributesOf = (changes: Dataset) => new DataSet(parsePart10(encodePart10(mrDataset(changes))).table)
const bytesOf = (changes: Dataset, name: string) => [...attributesOf(changes).bytes(name) ?? []]

t.test('what is written is read back', async t => {
  const instance = readInstance(encodePart10(mrDataset()))
  t.strictSame(instance.warnings, [])
  t.equal(instance.sopInstanceUid, '1.2.3.4')
  t.equal(instance.attributes.string('PatientName'), 'Doe^Jane')
  t.strictSame(instance.attributes.numbers('ImagePositionPatient'), [-120.5, -110, 30])
  t.strictSame(instance.attributes.strings('ImageType'), ['ORIGINAL', 'PRIMARY', 'M'])
  t.strictSame(instance.attributes.numbers('PixelData'), [0, 1, 2, 3, 4, 4095])
  t.strictSame([...await instance.pixelData.frame(1)], [0, 0, 1, 0, 2, 0, 3, 0, 4, 0, 0xff, 0x0f])
})

t.test('the same data set gives the same bytes, whatever the order of its keys', async t => {
  const reversed = Object.fromEntries(Object.entries(mrDataset()).reverse())
  t.ok(Buffer.from(encodePart10(mrDataset())).equals(encodePart10(reversed)))
})

t.test('the preamble is zero and File Meta Information is our own', async t => {
  const bytes = encodePart10(mrDataset())
  t.ok(bytes.subarray(0, 128).every(byte => byte === 0))
  const file = parsePart10(bytes)
  const meta = new DataSet(file.meta!)
  t.strictSame([...meta.bytes('FileMetaInformationVersion') ?? []], [0, 1])
  t.equal(meta.string('MediaStorageSOPInstanceUID'), '1.2.3.4')
  t.equal(meta.string('TransferSyntaxUID'), '1.2.840.10008.1.2.1')
  t.equal(meta.string('ImplementationClassUID'), implementationClassUid)
  t.ok(isUid(implementationClassUid) && BigInt(implementationClassUid.slice(5)) < 2n ** 128n)
  t.equal(meta.string('ImplementationVersionName'), implementationVersionName)
  t.ok(implementationVersionName.length <= 16)
  t.equal(meta.number('FileMetaInformationGroupLength'), file.dataSetOffset - 128 - 4 - 12)
})

t.test('a view into a larger memory writes its own bytes (dcmjs defect 1)', async t => {
  const pool = Uint8Array.of(9, 9, 9, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9)
  const view = pool.subarray(4, 10) as unknown as ArrayBuffer
  t.strictSame(bytesOf({ BitsAllocated: 8, BitsStored: 8, HighBit: 7, PixelData: view }, 'PixelData'), [1, 2, 3, 4, 5, 6])
  const small = Buffer.from([1, 2, 3, 4, 5, 6]) as unknown as ArrayBuffer
  t.strictSame(bytesOf({ BitsAllocated: 8, BitsStored: 8, HighBit: 7, PixelData: small }, 'PixelData'), [1, 2, 3, 4, 5, 6])
})

t.test('a long decimal keeps its magnitude (dcmjs defect 2)', async t => {
  t.equal(attributesOf({ RepetitionTime: 1.234567890123456e-7 }).number('RepetitionTime'), 1.23456789012e-7)
  t.equal(attributesOf({ RepetitionTime: 1 / 3 }).string('RepetitionTime'), '0.33333333333333')
})

t.test('what a VR cannot hold is refused and the attribute is named (dcmjs defects 2, 3, 11, 12, 13)', async t => {
  const cases: readonly (readonly [string, unknown])[] = [
    ['RepetitionTime', NaN],
    ['RepetitionTime', Infinity],
    ['RepetitionTime', '1.23456789012345678'],
    ['RepetitionTime', 'soon'],
    ['SeriesNumber', 1.5],
    ['SeriesNumber', 2 ** 31],
    ['StationName', 'a name of more than 16'],
    ['StationName', 5],
    ['Manufacturer', 'x'.repeat(65)],
    ['Manufacturer', 'a\\b'],
    ['Manufacturer', 'a\nb'],
    ['Manufacturer', 'a\ud800'],
    ['Manufacturer', ['a', null]],
    ['Manufacturer', undefined],
    ['Manufacturer', ['a', 'b']],
    ['Modality', 'mr'],
    ['Modality', 'A CODE OF MORE THAN 16'],
    ['FrameOfReferenceUID', '1.2.03'],
    ['FrameOfReferenceUID', `1.${'2'.repeat(63)}`],
    ['StudyDate', '2024-01-02'],
    ['StudyDate', '20241301'],
    ['StudyTime', '250000'],
    ['AcquisitionDateTime', '2024010112000'],
    ['PatientAge', '5Y'],
    ['PatientComments', 'a\u0007b'],
    ['RetrieveURL', ' http://x'],
    ['StationAETitle', ' '],
    ['PatientName', { Alphabetic: 'x'.repeat(65) }],
    ['PatientName', { Alphabetic: 'a=b' }],
    ['PatientName', 'a=b=c=d'],
    ['PatientName', { Alphabetic: 'a^b^c^d^e^f' }],
    ['FrameIncrementPointer', '00181063'],
    ['SmallestImagePixelValue', -40_000],
    ['Rows', -1],
    ['Rows', 1.5],
    ['DiffusionBValue', 'ten'],
    ['RecommendedDisplayFrameRateInFloat', 1e300],
    ['ImageOrientationPatient', [1, 0, 0]],
    ['ImageType', 'ORIGINAL'],
    ['ReferencedFrameNumber', Array.from({ length: 40_000 }, (_, i) => i)],
    ['SourceImageSequence', 'text'],
    ['PixelData', [1, 2]],
    ['ExtendedOffsetTable', new ArrayBuffer(8)],
    ['EncapsulatedPixelDataValueTotalLength', 1],
    ['NoSuchKeyword', 'x'],
    ['00191010', 'private'],
    ['TransferSyntaxUID', '1.2'],
  ]
  for (const [keyword, value] of cases) {
    const error = thrownBy(() => encodePart10(mrDataset({ [keyword]: value as DatasetValue })))
    t.equal(error?.code, 'value-not-encodable', keyword)
    t.equal(error?.facts['attribute'], keyword)
    t.match(error?.message, keyword)
  }
})

t.test('a refused value of an item is named with its path and not repeated', async t => {
  const error = thrownBy(() => encodePart10(mrDataset({
    SourceImageSequence: [{ ReferencedSOPClassUID: '1.2', PurposeOfReferenceCodeSequence: [{ CodeMeaning: 'secret'.repeat(20) }] }],
  })))
  t.equal(error?.facts['attribute'], 'SourceImageSequence[0].PurposeOfReferenceCodeSequence[0].CodeMeaning')
  t.notMatch(error?.message, 'secret')
})

t.test('UIDs of the instance have to be valid', async t => {
  for (const keyword of ['SOPInstanceUID', 'SOPClassUID']) {
    for (const value of [null, '', '../../etc/passwd', '1.2/3']) {
      t.equal(thrownBy(() => encodePart10(mrDataset({ [keyword]: value })))?.code, 'value-not-encodable')
    }
  }
})

t.test('text is UTF-8 and says so (dcmjs defect 5)', async t => {
  const attributes = attributesOf({
    PatientName: { Alphabetic: 'Müller^Jörg', Ideographic: '山田^太郎', Phonetic: 'やまだ^たろう' },
    SeriesDescription: 'Épilepsie',
  })
  t.equal(attributes.string('SpecificCharacterSet'), 'ISO_IR 192')
  t.strictSame(attributes.personName('PatientName'), { alphabetic: 'Müller^Jörg', ideographic: '山田^太郎', phonetic: 'やまだ^たろう' })
  t.equal(attributes.string('SeriesDescription'), 'Épilepsie')
  t.equal(thrownBy(() => encodePart10(mrDataset({ SpecificCharacterSet: 'ISO_IR 100' })))?.code, 'value-not-encodable')
})

t.test('one fragment a frame, of even length, however large (dcmjs defect 7)', async t => {
  const frames = [new Uint8Array(50_001).fill(1).buffer, new Uint8Array(4).fill(2).buffer]
  const bytes = encodePart10(mrDataset({ NumberOfFrames: 2, PixelData: frames }), { transferSyntaxUid: '1.2.840.10008.1.2.5' })
  const instance = readInstance(bytes)
  t.strictSame(instance.warnings, [])
  const element = parsePart10(bytes).table.elements.get(0x7fe00010)
  t.equal(element?.vr, 'OB')
  t.strictSame(element?.fragments?.map(fragment => fragment.length), [8, 50_002, 4])
  t.equal((await instance.pixelData.frame(1)).length, 50_002)
  t.strictSame([...await instance.pixelData.frame(2)], [2, 2, 2, 2])
})

t.test('deflated and big endian are not written (dcmjs defect 8), implicit is', async t => {
  for (const transferSyntaxUid of ['1.2.840.10008.1.2.1.99', '1.2.840.10008.1.2.2', '1.2.3']) {
    t.equal(thrownBy(() => encodePart10(mrDataset(), { transferSyntaxUid }))?.code, 'transfer-syntax-unsupported')
  }
  const implicit = readInstance(encodePart10(mrDataset(), { transferSyntaxUid: '1.2.840.10008.1.2' }))
  t.strictSame(implicit.warnings, [])
  t.equal(implicit.attributes.number('RepetitionTime'), 9000)
})

t.test('8-bit pixel data is OB, also of odd length (dcmjs defect 9)', async t => {
  const pixels = Uint8Array.of(1, 2, 3).buffer
  const attributes = attributesOf({ Rows: 1, BitsAllocated: 8, BitsStored: 8, HighBit: 7, PixelData: pixels })
  t.equal(attributes.element('PixelData')?.vr, 'OB')
  t.strictSame([...attributes.bytes('PixelData') ?? []], [1, 2, 3, 0])
  t.equal(attributesOf({}).element('PixelData')?.vr, 'OW')
})

t.test('tags are written from numbers (dcmjs defect 11)', async t => {
  t.strictSame(bytesOf({ FrameIncrementPointer: 0x00181063 }, 'FrameIncrementPointer'), [0x18, 0, 0x63, 0x10])
})

t.test('US or SS follows PixelRepresentation and the value (dcmjs defect 12)', async t => {
  const signed = attributesOf({ PixelRepresentation: 1, PixelPaddingValue: -5 })
  t.equal(signed.element('PixelPaddingValue')?.vr, 'SS')
  t.equal(signed.number('PixelPaddingValue'), -5)
  t.equal(attributesOf({ PixelPaddingValue: 65_535 }).number('PixelPaddingValue'), 65_535)
  t.equal(attributesOf({ PixelPaddingValue: 5 }).element('PixelPaddingValue')?.vr, 'US')
  const item = attributesOf({ PixelRepresentation: 1, ModalityLUTSequence: [{ LUTDescriptor: [2, -10, 16], LUTData: [1, 2] }] })
  t.strictSame(item.items('ModalityLUTSequence')[0]?.numbers('LUTDescriptor'), [2, -10, 16])
  t.strictSame(item.items('ModalityLUTSequence')[0]?.numbers('LUTData'), [1, 2])
})

t.test('empty elements are written for every VR and absent ones are not (dcmjs defects 13, 14)', async t => {
  const keywords = ['AccessionNumber', 'PatientName', 'StudyDate', 'PatientWeight', 'NumberOfFrames', 'DiffusionBValue',
    'SmallestImagePixelValue', 'ReferencedStudySequence', 'StationAETitle', 'PatientComments', 'FrameOfReferenceUID', 'RetrieveURL',
    'IconImageSequence', 'FrameIncrementPointer', 'EncapsulatedDocument']
  for (const empty of [null, []] as const) {
    const attributes = attributesOf(Object.fromEntries(keywords.map(keyword => [keyword, empty])))
    for (const keyword of keywords) {
      t.ok(attributes.has(keyword), keyword)
      t.equal(attributes.string(keyword), undefined)
    }
  }
  t.notOk(attributesOf({}).has('AccessionNumber'))
  t.ok(attributesOf({ PatientID: '' }).has('PatientID'))
})

t.test('sequences, one item and many, survive with items in their order', async t => {
  const attributes = attributesOf({
    SourceImageSequence: [{ ReferencedSOPInstanceUID: '1.2' }, { ReferencedSOPInstanceUID: '1.3', ReferencedFrameNumber: [1, 2] }],
    ReferencedStudySequence: { ReferencedSOPInstanceUID: '1.4' },
    ReferencedPerformedProcedureStepSequence: [{}],
  })
  t.strictSame(attributes.items('SourceImageSequence').map(item => item.string('ReferencedSOPInstanceUID')), ['1.2', '1.3'])
  t.strictSame(attributes.items('SourceImageSequence')[1]?.numbers('ReferencedFrameNumber'), [1, 2])
  t.equal(attributes.items('ReferencedStudySequence').length, 1)
  t.strictSame(attributes.items('ReferencedPerformedProcedureStepSequence')[0]?.tags, [])
})

t.test('pydicom and dcmdump read what is written', async t => {
  if (!requirePydicom(t) || !requireTool(t, 'dcmdump')) return
  const path = temporaryFile(t, encodePart10(mrDataset({
    PatientName: { Alphabetic: 'Müller^Jörg', Ideographic: '山田^太郎' },
    PixelPaddingValue: 7,
    FrameIncrementPointer: 0x00181063,
    DiffusionBValue: 0.1,
    RescaleSlope: 1.234567890123456e-7,
    SourceImageSequence: [{ ReferencedSOPClassUID: '1.2', ReferencedSOPInstanceUID: '1.3' }],
  })))
  const seen = askPython(`
import sys, json, pydicom
ds = pydicom.dcmread(sys.argv[1])
print(json.dumps([str(ds.PatientName), ds.PatientName.ideographic, float(ds.RescaleSlope), ds.DiffusionBValue, ds.PixelPaddingValue,
  int(ds.FrameIncrementPointer), ds.SourceImageSequence[0].ReferencedSOPInstanceUID, ds.StudyDate, list(ds.PixelData),
  ds.file_meta.ImplementationVersionName, [e.VR for e in ds]]))`, path) as unknown[]
  t.strictSame(seen.slice(0, 10), ['Müller^Jörg=山田^太郎', '山田^太郎', 1.23456789012e-7, 0.1, 7, 0x00181063, '1.3', '',
    [0, 0, 1, 0, 2, 0, 3, 0, 4, 0, 255, 15], 'TUBERLENS'])
  t.notMatch(ask('dcmdump', '+L', path), /W:|E:/)
})

function thrownBy (action: () => unknown): AppError | undefined {
  try {
    action()
  } catch (error) {
    return error instanceof AppError ? error : undefined
  }
  return undefined
}
