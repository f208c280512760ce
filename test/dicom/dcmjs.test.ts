import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import t from 'tap'
import { checkedElements } from '../../src/dicom/checked-elements.ts'
import { DataSet } from '../../src/dicom/data-set.ts'
import type { Dataset } from '../../src/dicom/dataset.ts'
import { dictionaryEntries, writeElements } from '../../src/dicom/dcmjs.ts'
import { parsePart10 } from '../../src/dicom/part10.ts'
import { encodePart10 } from '../../src/dicom/write-part10.ts'
import type { WrittenElement, WrittenValues } from '../../src/dicom/written-element.ts'
import { mrDataset } from './mr-dataset.ts'
import { thrownBy } from './thrown.ts'

const metaOf = (transferSyntaxUid: string): WrittenElement[] => [{ tag: 0x00020010, vr: 'UI', values: [transferSyntaxUid] }]
const meta = metaOf('1.2.840.10008.1.2.1')
const first: WrittenElement = { tag: 0x00080018, vr: 'UI', values: ['1.2'] }
/** As no type of ours would let it through. */
const unchecked = (tag: number, vr: string, values: readonly unknown[]) =>
  writeElements(meta, [first, { tag, vr, values: values as WrittenValues }].sort((a, b) => a.tag - b.tag))
const written = (tag: number, vr: string, values: readonly unknown[]) => new DataSet(parsePart10(unchecked(tag, vr, values)).table)

t.test('the pinned version is the one whose defects are known', async t => {
  const path = createRequire(import.meta.url).resolve('dcmjs')
  const { version } = JSON.parse(readFileSync(new URL('../package.json', `file://${path}`), 'utf8')) as { version: string }
  t.equal(version, '0.50.3')
})

// When one of these fails after an update, its guard in checked-elements may have become needless.
t.test('the guards have their reasons: what dcmjs does without them', async t => {
  t.test('1: a view is written from the start of its memory', async t => {
    const view = Uint8Array.of(9, 9, 9, 9, 1, 2, 3, 4).subarray(4)
    t.not([...written(0x00420011, 'OB', [view]).bytes('EncapsulatedDocument') ?? []].slice(0, 4).join(), '1,2,3,4')
  })
  t.test('2: a decimal that is no number is written as text', async t => {
    t.equal(written(0x00180080, 'DS', [NaN]).string('RepetitionTime'), 'NaN')
  })
  t.test('3: an integer string takes a fraction, a short string any length', async t => {
    t.equal(written(0x00200011, 'IS', [1.5]).string('SeriesNumber'), '1.5')
    t.equal(written(0x00081010, 'SH', ['x'.repeat(40)]).string('StationName')?.length, 40)
  })
  t.test('11: a tag in hexadecimal text becomes another tag', async t => {
    t.not(Buffer.from(written(0x00280009, 'AT', ['00181063']).bytes('FrameIncrementPointer') ?? []).toString('hex'), '18006310')
  })
  t.test('12: a negative number in US wraps around', async t => {
    t.equal(written(0x00280106, 'US', [-5]).number('SmallestImagePixelValue'), 65_531)
  })
  t.test('13: undefined among values throws what is no error of ours', async t => {
    t.throws(() => written(0x00080070, 'LO', ['a', undefined]))
    t.throws(() => thrownBy(() => written(0x00080070, 'LO', ['a', undefined])), { name: 'TypeError' })
  })
  t.test('16: more than 64 KiB in a short VR becomes UN', async t => {
    t.equal(written(0x00081160, 'IS', Array.from({ length: 40_000 }, () => '1')).element('ReferencedFrameNumber')?.length, 80_000)
    const raw = Buffer.from(unchecked(0x00081160, 'IS', Array.from({ length: 40_000 }, () => '1')))
    t.ok(raw.includes(Buffer.from([8, 0, 0x60, 0x11, 0x55, 0x4e])))
  })
})

t.test('the dictionary has entries of the expected shape', async t => {
  const entries = dictionaryEntries()
  t.ok(entries.length > 5000)
  t.strictSame(entries.find(entry => entry.name === 'Rows'), { tag: '(0028,0010)', vr: 'US', vm: '1', name: 'Rows', version: 'DICOM' })
})

const varied: Dataset = mrDataset({
  PatientName: { Alphabetic: 'Müller^Jörg', Ideographic: '山田^太郎', Phonetic: 'やまだ^たろう' },
  ReferringPhysicianName: { Alphabetic: 'Doe^John' },
  OtherPatientNames: [{ Alphabetic: 'A' }, { Alphabetic: 'B', Ideographic: '乙' }],
  SeriesDescription: 'Épilepsie',
  PatientComments: 'two\r\nlines',
  RetrieveURL: 'http://localhost/1',
  StationAETitle: 'ODD',
  PatientAge: '034Y',
  AccessionNumber: null,
  ReferencedStudySequence: [],
  ReferencedPerformedProcedureStepSequence: [{}],
  SourceImageSequence: [
    { ReferencedSOPInstanceUID: '1.2', ReferencedFrameNumber: [1, 2] },
    { ReferencedSOPInstanceUID: '1.30', PurposeOfReferenceCodeSequence: [{ CodeValue: '121322', CodeMeaning: 'odd' }] },
  ],
  PixelPaddingValue: 65_535,
  FrameIncrementPointer: 0x00181063,
  DiffusionBValue: 0.1,
  RecommendedDisplayFrameRateInFloat: 1.5,
  SelectorULValue: [1, 0xffffffff],
  SelectorSLValue: -7,
  GraphicData: [1.5, -2.5, 3, 4],
  EncapsulatedDocument: Uint8Array.of(1, 2, 3).buffer,
  // longer than the pieces of memory that are written to
  TextValue: 'long '.repeat(20_000),
})

/** A whole file by dcmjs, without its file header. */
function byDcmjs (dataset: Dataset, transferSyntaxUid: string, encapsulated: boolean): Buffer {
  const elements = checkedElements({ ...dataset, SpecificCharacterSet: 'ISO_IR 192' }, encapsulated)
  return dataSetIn(writeElements(metaOf(transferSyntaxUid), elements))
}

/** What stands behind preamble, prefix, and the group length with as many bytes as it says. */
function dataSetIn (file: Uint8Array): Buffer {
  const bytes = Buffer.from(file)
  return bytes.subarray(144 + bytes.readUInt32LE(140))
}

t.test('pixels are put behind a data set as dcmjs puts them, byte by byte', async t => {
  const cases: readonly (readonly [string, string, boolean, Dataset])[] = [
    ['explicit', '1.2.840.10008.1.2.1', false, { BitsAllocated: 8, PixelData: new Uint8Array(50_001).fill(7).buffer }],
    ['implicit', '1.2.840.10008.1.2', false, { BitsAllocated: 16, PixelData: new Uint8Array(30_000).fill(9).buffer }],
    ['floats', '1.2.840.10008.1.2.1', false, { FloatPixelData: Float32Array.of(1, 0.5, -2).buffer }],
    ['frames', '1.2.840.10008.1.2.5', true, { NumberOfFrames: 3, PixelData: [50_001, 4, 7].map((length, i) => new Uint8Array(length).fill(i + 1).buffer) }],
  ]
  for (const [name, transferSyntaxUid, encapsulated, pixels] of cases) {
    const { PixelData: _, ...rest } = varied
    const dataset = { ...rest, PixelRepresentation: 1, SmallestImagePixelValue: -5, ...pixels }
    t.ok(dataSetIn(encodePart10(dataset, { transferSyntaxUid })).equals(byDcmjs(dataset, transferSyntaxUid, encapsulated)), name)
  }
})

t.test('frames that are not compressed stand one behind the other', async t => {
  const frames = [Uint8Array.of(1, 2, 3).buffer, Uint8Array.of(4, 5).buffer]
  const { table } = parsePart10(encodePart10({ ...varied, BitsAllocated: 8, NumberOfFrames: 2, PixelData: frames }))
  t.same([...new DataSet(table).bytes('PixelData') ?? []], [1, 2, 3, 4, 5, 0])
})
