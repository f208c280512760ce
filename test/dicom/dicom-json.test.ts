import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Attributes } from '../../src/dicom/attributes.ts'
import { DataSet } from '../../src/dicom/data-set.ts'
import type { DicomJsonObject } from '../../src/dicom/dicom-json.ts'
import { toDicomJson } from '../../src/dicom/dicom-json.ts'
import { fromDicomJson } from '../../src/dicom/json-attributes.ts'
import { instanceFromDicomJson } from '../../src/dicom/json-instance.ts'
import { parsePart10 } from '../../src/dicom/part10.ts'
import { readInstance } from '../../src/dicom/read-instance.ts'
import { slicesOf } from '../../src/dicom/slices.ts'
import { encodePart10 } from '../../src/dicom/write-part10.ts'
import { dataPath } from '../helpers/data.ts'
import { element, identity, item, part10, uint16 } from './encoded.ts'
import { mrDataset } from './mr-dataset.ts'
import { askPython, requirePydicom, temporaryFile } from './second-reader.ts'
import { rejectionOf, thrownBy } from './thrown.ts'

const jsonOf = (...elements: readonly Uint8Array[]) => toDicomJson(new DataSet(parsePart10(part10(Buffer.concat([
  element(0x00080018, 'UI', '1.2'), ...elements]))).table))

t.test('each VR becomes the JSON type of PS3.18 table F.2.3-1', async t => {
  t.strictSame(jsonOf(
    element(0x00081140, 'SQ', Buffer.concat([item(element(0x00081155, 'UI', '1.3')), item(Buffer.alloc(0))])),
    element(0x00100010, 'PN', 'A^B=C'),
    element(0x00100020, 'LO', ''),
    element(0x00180050, 'DS', '5.50'),
    element(0x00200013, 'IS', '12'),
    element(0x00200032, 'DS', '1\\\\3'),
    element(0x00204000, 'LT', 'a\\b'),
    element(0x00280009, 'AT', uint16(0x0018, 0x1063)),
    element(0x00280010, 'US', uint16(300)),
    element(0x00420011, 'OB', Buffer.from([1, 2, 3, 4])),
  ), {
    '00080018': { vr: 'UI', Value: ['1.2'] },
    '00081140': { vr: 'SQ', Value: [{ '00081155': { vr: 'UI', Value: ['1.3'] } }, {}] },
    '00100010': { vr: 'PN', Value: [{ Alphabetic: 'A^B', Ideographic: 'C' }] },
    '00100020': { vr: 'LO' },
    '00180050': { vr: 'DS', Value: [5.5] },
    '00200013': { vr: 'IS', Value: [12] },
    '00200032': { vr: 'DS', Value: [1, null, 3] },
    '00204000': { vr: 'LT', Value: ['a\\b'] },
    '00280009': { vr: 'AT', Value: ['00181063'] },
    '00280010': { vr: 'US', Value: [300] },
    '00420011': { vr: 'OB', InlineBinary: 'AQIDBA==' },
  })
})

t.test('numbers that are none stay text, as PS3.18 F.2.3.1 allows', async t => {
  const doubles = (...values: readonly number[]) => new Uint8Array(Float64Array.from(values).buffer)
  const json = jsonOf(element(0x00180050, 'DS', '5,5'), element(0x00189089, 'FD', doubles(NaN, Infinity, -Infinity)))
  t.strictSame(json['00180050'], { vr: 'DS', Value: ['5,5'] })
  t.strictSame(json['00189089'], { vr: 'FD', Value: ['NaN', 'inf', '-inf'] })
  t.strictSame(JSON.parse(JSON.stringify(json)), json)
})

t.test('text is said to be UTF-8, group lengths are left out, empty sequences have no value', async t => {
  const json = jsonOf(
    element(0x00080000, 'UL', uint16(1, 0)), element(0x00080005, 'CS', 'ISO_IR 100'), element(0x0008103e, 'LO', Buffer.from([0xc4, 0x20])),
    element(0x00081140, 'SQ', ''),
  )
  t.strictSame(Object.keys(json), ['00080005', '00080018', '0008103E', '00081140'])
  t.strictSame(json['00080005'], { vr: 'CS', Value: ['ISO_IR 192'] })
  t.strictSame(json['0008103E'], { vr: 'LO', Value: ['Ä'] })
  t.strictSame(json['00081140'], { vr: 'SQ' })
})

t.test('bulk data is referred to by its path, pixels always', async t => {
  const file = encodePart10(mrDataset({
    EncapsulatedDocument: new ArrayBuffer(2000),
    IconImageSequence: [{ PixelData: new ArrayBuffer(4) }],
  }))
  const { attributes } = readInstance(file)
  const json = toDicomJson(attributes, { bulkDataUri: path => `http://x/bulk/${path}` })
  t.strictSame(json['7FE00010'], { vr: 'OW', BulkDataURI: 'http://x/bulk/7FE00010' })
  t.strictSame(json['00420011'], { vr: 'OB', BulkDataURI: 'http://x/bulk/00420011' })
  t.strictSame(json['00880200']?.Value, [{ '7FE00010': { vr: 'OW', BulkDataURI: 'http://x/bulk/00880200/0/7FE00010' } }])
  t.strictSame(toDicomJson(attributes)['7FE00010'], { vr: 'OW' })
  t.equal(toDicomJson(attributes, { inlineBytes: 4000 })['00420011']?.InlineBinary?.length, Math.ceil(2000 / 3) * 4)
})

t.test('words of a big endian file are inline in little endian', async t => {
  const big = { littleEndian: false }
  const json = (tag: number, vr: string, value: readonly number[]) => toDicomJson(new DataSet(parsePart10(part10(Buffer.concat([
    identity(big), element(tag, vr, Uint8Array.from(value), big)]), '1.2.840.10008.1.2.2')).table))
  t.equal(json(0x00283006, 'OW', [1, 2, 3, 4])['00283006']?.InlineBinary, Buffer.from([2, 1, 4, 3]).toString('base64'))
  t.equal(json(0x00720067, 'OF', [1, 2, 3, 4])['00720067']?.InlineBinary, Buffer.from([4, 3, 2, 1]).toString('base64'))
  t.equal(json(0x00720073, 'OD', [1, 2, 3, 4, 5, 6, 7, 8])['00720073']?.InlineBinary, Buffer.from([8, 7, 6, 5, 4, 3, 2, 1]).toString('base64'))
  t.equal(json(0x00420011, 'OB', [1, 2])['00420011']?.InlineBinary, Buffer.from([1, 2]).toString('base64'))
  t.strictSame(json(0x00280009, 'AT', [0, 0x18, 0x10, 0x63])['00280009']?.Value, ['00181063'])
})

t.test('attributes that were not parsed from bytes have no JSON', async t => {
  t.equal(thrownBy(() => toDicomJson(fromDicomJson({})))?.code, 'internal')
})

t.test('the way out and back keeps every answer', async t => {
  const { attributes } = readInstance(encodePart10(mrDataset({
    PatientName: { Alphabetic: 'A^B', Ideographic: 'C' }, ImageComments: ' a\\b', DiffusionBValue: 0.5,
    ModalityLUTSequence: [{ LUTDescriptor: [2, 0, 16], LUTData: Uint16Array.of(7, 8).buffer }],
  })))
  const back = fromDicomJson(JSON.parse(JSON.stringify(toDicomJson(attributes))))
  for (const name of ['Modality', 'ImageType', 'PatientName', 'RepetitionTime', 'ImagePositionPatient', 'StudyDate', 'Rows', 'DiffusionBValue', 'FlipAngle']) {
    t.equal(back.has(name), attributes.has(name), name)
    t.equal(back.string(name), attributes.string(name), name)
    t.equal(back.number(name), attributes.number(name), name)
    t.strictSame(back.strings(name), attributes.strings(name), name)
    t.strictSame(back.numbers(name), attributes.numbers(name), name)
  }
  t.strictSame(back.personName('PatientName'), attributes.personName('PatientName'))
  t.equal(back.personName('Modality'), undefined)
  t.strictSame(back.tags, attributes.tags)
  const lut = (one: Attributes) => one.items('ModalityLUTSequence')[0]?.numbers('LUTData')
  t.strictSame(lut(back), [7, 8])
  t.strictSame(back.bytes('PixelData'), undefined)
  t.strictSame(slicesOf(instanceFromDicomJson(toDicomJson(attributes)))[0]?.modality, { kind: 'table', lut: { first: 0, bits: 16, entries: Uint16Array.of(7, 8) } })
})

t.test('JSON of another kind is refused, and odd values of the right kind are no numbers', async t => {
  for (const json of [null, 5, 'x', [], { x: { vr: 'CS' } }, { '00100010': 5 }, { '00100010': { vr: 7 } }, { '00100010': { vr: 'PN', Value: 'x' } }]) {
    t.equal(thrownBy(() => fromDicomJson(json))?.code, 'dicom-malformed', JSON.stringify(json))
  }
  const odd = fromDicomJson({
    '00180080': { vr: 'DS', Value: ['9000', null] }, '00180081': { vr: 'DS', Value: ['soon'] }, '00081140': { vr: 'SQ', Value: [{}, { x: 1 }, null] },
    '00100010': { vr: 'PN', Value: [{ Alphabetic: 5 }] }, '00100020': { vr: 'LO', Value: [null, 5] },
  })
  t.equal(odd.number('RepetitionTime'), 9000)
  t.strictSame(odd.numbers('RepetitionTime'), [])
  t.equal(odd.number('EchoTime'), undefined)
  t.equal(odd.items('ReferencedImageSequence').length, 1)
  t.strictSame(odd.personName('PatientName'), { alphabetic: '', ideographic: '', phonetic: '' })
  t.strictSame(odd.strings('PatientID'), ['', '5'])
  t.strictSame(odd.strings('PatientName'), [''])
  t.notOk(odd.has('constructor'))
})

t.test('JSON that is nested 100,000 deep is met without overflow', async t => {
  const open = '{"00081140":{"vr":"SQ","Value":['
  const deep: unknown = JSON.parse(`${open.repeat(100_000)}${']}}'.repeat(100_000)}`)
  t.equal(fromDicomJson(deep).items('ReferencedImageSequence').length, 1)
})

t.test('an instance of metadata has frames that cannot be read', async t => {
  const json = toDicomJson(readInstance(encodePart10(mrDataset({ AvailableTransferSyntaxUID: '1.2.840.10008.1.2.4.90' }))).attributes)
  const instance = instanceFromDicomJson(json)
  t.equal(instance.sopInstanceUid, '1.2.3.4')
  t.equal(instance.transferSyntaxUid, '1.2.840.10008.1.2.4.90')
  t.equal(instance.frameCount, 1)
  t.match(instance.digest, /^[0-9a-f]{64}$/)
  t.equal((await rejectionOf(instance.pixelData.frame(1)))?.code, 'pixel-data-missing')
  t.equal(slicesOf(instance)[0]?.acquisition.repetitionTime, 9000)
  const { '00280010': rows, ...withoutRows } = json
  t.ok(rows)
  t.equal(instanceFromDicomJson(withoutRows).frameCount, 0)
  t.equal(instanceFromDicomJson({ ...json, '00280008': { vr: 'IS', Value: [1e9] } }).frameCount, 0)
  const { '00080018': uid, ...withoutUid } = json
  t.ok(uid)
  t.equal(thrownBy(() => instanceFromDicomJson(withoutUid))?.code, 'uid-invalid')
})

t.test('pydicom makes the same JSON of the shared data', async t => {
  const root = dataPath(t, 'mr-dicom')
  if (root === undefined || !requirePydicom(t)) return
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8' }).sort().map(name => join(root, name))
    .filter(path => statSync(path).isFile() && statSync(path).size < 1_200_000 && parsed(path) !== undefined)
  const theirs = askPython(`
import sys, json, warnings, pydicom
warnings.simplefilter('ignore')
out = []
for path in json.load(open(sys.argv[1])):
    out.append(pydicom.dcmread(path, stop_before_pixels=True).to_json_dict(bulk_data_threshold=1 << 30))
print(json.dumps(out))`, temporaryFile(t, Buffer.from(JSON.stringify(paths)), 'paths.json')) as DicomJsonObject[]
  let compared = 0
  for (const [i, path] of paths.entries()) {
    compared += compare(t, toDicomJson(parsed(path)!, { inlineBytes: 2 ** 30 }), theirs[i]!, '')
  }
  t.ok(compared > 20_000, `${compared} attributes`)
})

interface Asserting { fail: (message: string) => unknown, strictSame: (a: unknown, b: unknown, message: string) => unknown }

/** Attribute by attribute; private VRs that only one dictionary knows, the character set and pixels aside. */
function compare (t: Asserting, ours: DicomJsonObject, theirs: DicomJsonObject, path: string): number {
  let compared = 0
  for (const key of new Set([...Object.keys(ours), ...Object.keys(theirs)])) {
    if (key === '00080005' || key === '7FE00010' || key.endsWith('0000') || key > 'FFF') continue
    const [a, b] = [ours[key], theirs[key]]
    compared++
    if (a !== undefined && b !== undefined && a.vr !== b.vr && (a.vr === 'UN' || b.vr === 'UN') && parseInt(key.slice(3, 4), 16) % 2 === 1) continue
    if (a?.vr === 'SQ' && b?.vr === 'SQ') {
      const [p, q] = [a.Value ?? [], b.Value ?? []] as [DicomJsonObject[], DicomJsonObject[]]
      if (p.length !== q.length) t.fail(`${path}${key}: ${p.length} items, pydicom has ${q.length}`)
      p.forEach((one, i) => { compared += compare(t, one, q[i] ?? {}, `${path}${key}/`) })
    } else if (JSON.stringify(a) !== JSON.stringify(b)) {
      t.strictSame(a, b, path + key)
    }
  }
  return compared
}

function parsed (path: string): Attributes | undefined {
  try {
    return readInstance(readFileSync(path)).attributes
  } catch {
    return undefined
  }
}
