import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import t from 'tap'
import { ByteWriter } from '../../src/dicom/byte-writer.ts'
import { checkedElements } from '../../src/dicom/checked-elements.ts'
import type { Dataset } from '../../src/dicom/dataset.ts'
import { dictionaryEntries } from '../../src/dicom/dcmjs.ts'
import { encodeElements } from '../../src/dicom/encode-elements.ts'
import type { Encoding, WrittenElement } from '../../src/dicom/encode-elements.ts'
import { mrDataset } from './mr-dataset.ts'

type RawDictionary = Record<string, { vr: string, Value: readonly unknown[] }>
interface DicomDict { dict: RawDictionary, write (options: object): ArrayBuffer }
interface Writer { readonly data: { readonly DicomDict: new (meta: RawDictionary) => DicomDict } }

t.test('the pinned version is the one whose dictionary is known', async t => {
  const path = createRequire(import.meta.url).resolve('dcmjs')
  const { version } = JSON.parse(readFileSync(new URL('../package.json', `file://${path}`), 'utf8')) as { version: string }
  t.equal(version, '0.50.3')
})

t.test('the dictionary has entries of the expected shape', async t => {
  const entries = dictionaryEntries()
  t.ok(entries.length > 5000)
  t.strictSame(entries.find(entry => entry.name === 'Rows'), { tag: '(0028,0010)', vr: 'US', vm: '1', name: 'Rows', version: 'DICOM' })
})

/** What dcmjs makes of the same elements, without its file header. */
function byDcmjs (elements: readonly WrittenElement[], transferSyntaxUid: string): Buffer {
  const { data: { DicomDict } } = createRequire(import.meta.url)('dcmjs') as Writer
  const meta = { '00020010': { vr: 'UI', Value: [transferSyntaxUid] } }
  const raw = (inside: readonly WrittenElement[]): RawDictionary => Object.fromEntries(inside.map(({ tag, vr, values }) => [
    tag.toString(16).padStart(8, '0').toUpperCase(),
    { vr, Value: vr === 'SQ' ? (values as readonly (readonly WrittenElement[])[]).map(raw) : values },
  ]))
  const file = new DicomDict(meta)
  file.dict = raw(elements)
  const whole = Buffer.from(file.write({ allowInvalidVRLength: false, fragmentMultiframe: false }))
  // preamble, prefix and group length, then what that length says
  return whole.subarray(144 + whole.readUInt32LE(140))
}

function encoded (elements: readonly WrittenElement[], encoding: Encoding): Buffer {
  const to = new ByteWriter()
  encodeElements(elements, encoding, to)
  return Buffer.from(to.joined())
}

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

t.test('data sets are encoded as dcmjs encodes them, byte by byte', async t => {
  for (const [transferSyntaxUid, explicitVr] of [['1.2.840.10008.1.2.1', true], ['1.2.840.10008.1.2', false]] as const) {
    const elements = checkedElements({ ...varied, PixelRepresentation: 1, SmallestImagePixelValue: -5 }, false)
    t.ok(encoded(elements, { explicitVr, encapsulated: false }).equals(byDcmjs(elements, transferSyntaxUid)), transferSyntaxUid)
  }
})

t.test('so are encapsulated frames, of odd length too', async t => {
  const frames = [50_001, 4, 7].map((length, i) => new Uint8Array(length).fill(i + 1).buffer)
  const elements = checkedElements({ ...varied, NumberOfFrames: 3, PixelData: frames }, true)
  t.ok(encoded(elements, { explicitVr: true, encapsulated: true }).equals(byDcmjs(elements, '1.2.840.10008.1.2.5')))
})
