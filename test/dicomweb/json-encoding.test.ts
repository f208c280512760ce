import t from 'tap'
import { encodeJson } from '../../src/dicomweb/json-encoding.ts'
import type { JsonDataset } from '../../src/dicomweb/json-model.ts'
import { thrownBy } from '../dicom/thrown.ts'
import { element, item, itemDelimiter, sequenceDelimiter, undefinedLength } from '../dicom/encoded.ts'

const none = { bulkData: () => { throw new Error('no bulk data') }, replace: new Map() }
const encoded = (dataset: JsonDataset): Buffer => Buffer.concat([...encodeJson<never>(dataset, none)] as Uint8Array[])
const charset = element(0x00080005, 'CS', 'ISO_IR 192')
/** What one element of JSON becomes, behind SpecificCharacterSet. */
const one = (tag: string, json: object): Buffer => encoded({ [tag]: json } as JsonDataset).subarray(charset.length)

t.test('every kind of value is encoded as PS3.5 says', async t => {
  const cases: readonly (readonly [string, object, Buffer])[] = [
    ['00180050', { vr: 'DS', Value: [5, '2.50', null, 0.1 + 0.2] }, element(0x00180050, 'DS', '5\\2.50\\\\0.3')],
    ['00200013', { vr: 'IS', Value: [7] }, element(0x00200013, 'IS', '7')],
    ['00100010', { vr: 'PN', Value: [{ Alphabetic: 'A^B', Phonetic: 'C' }, 'D^E'] }, element(0x00100010, 'PN', 'A^B==C\\D^E')],
    ['00280010', { vr: 'US', Value: [258] }, element(0x00280010, 'US', Buffer.from([2, 1]))],
    ['00280106', { vr: 'SS', Value: [-2, '3'] }, element(0x00280106, 'SS', Buffer.from([254, 255, 3, 0]))],
    ['00091001', { vr: 'SL', Value: [-1] }, element(0x00091001, 'SL', Buffer.alloc(4, 255))],
    ['00091001', { vr: 'SV', Value: ['-9223372036854775808'] }, element(0x00091001, 'SV', Buffer.from([0, 0, 0, 0, 0, 0, 0, 128]))],
    ['00091001', { vr: 'FL', Value: ['inf'] }, element(0x00091001, 'FL', Buffer.from([0, 0, 128, 127]))],
    ['00091001', { vr: 'FD', Value: ['0.5'] }, element(0x00091001, 'FD', Buffer.from(Float64Array.of(0.5).buffer))],
    ['00209165', { vr: 'AT', Value: ['0020000d'] }, element(0x00209165, 'AT', Buffer.from([0x20, 0, 0x0d, 0]))],
    ['00280010', { Value: [4] }, element(0x00280010, 'US', Buffer.from([4, 0]))],
    ['00091001', { InlineBinary: 'AQ==' }, element(0x00091001, 'UN', Buffer.from([1, 0]))],
    ['00100030', { vr: 'DA' }, element(0x00100030, 'DA', '')],
    ['00081140', { vr: 'SQ', Value: [{ '00081155': { vr: 'UI', Value: ['1.2'] }, '00080005': { vr: 'CS', Value: ['ISO_IR 100'] } }, null] }, Buffer.concat([
      element(0x00081140, 'SQ', Buffer.concat([
        item(Buffer.concat([element(0x00081155, 'UI', '1.2'), itemDelimiter]), undefinedLength), item(itemDelimiter, undefinedLength), sequenceDelimiter,
      ]), { length: undefinedLength }),
    ])],
  ]
  for (const [tag, json, expected] of cases) t.same(one(tag, json), expected, JSON.stringify(json))
})

t.test('tags are sorted, group 0002 and group lengths left out, the character set is UTF-8', async t => {
  const dataset = {
    '00100020': { vr: 'LO', Value: ['é'] }, '00080060': { vr: 'CS', Value: ['MR'] }, '00080000': { vr: 'UL', Value: [4] },
    '00020010': { vr: 'UI', Value: ['1.2'] }, '00080005': { vr: 'CS', Value: ['ISO_IR 100'] },
  }
  t.same(encoded(dataset), Buffer.concat([charset, element(0x00080060, 'CS', 'MR'), element(0x00100020, 'LO', Buffer.from('é'))]))
})

t.test('a value from elsewhere stands between its header and its padding', async t => {
  const value = { owner: 'file', bytes: 3 }
  const uris: string[] = []
  const pieces = [...encodeJson({ '7FE00010': { vr: 'OW', BulkDataURI: 'a' } }, { bulkData: uri => { uris.push(uri); return value }, replace: new Map() })]
  t.strictSame(uris, ['a'])
  const at = pieces.indexOf(value)
  t.same(Buffer.concat(pieces.slice(0, at) as Uint8Array[]), Buffer.concat([charset, element(0x7fe00010, 'OW', '', { length: 4 })]))
  t.same(pieces.slice(at + 1), [Buffer.from([0])])
})

t.test('what the model does not allow is refused by the name of its attribute', async t => {
  for (const [tag, json] of [
    ['00280010', { vr: 'US', Value: [1.5] }], ['00280010', { vr: 'US', Value: [-1] }], ['00091001', { vr: 'UV', Value: ['18446744073709551616'] }],
    ['00180050', { vr: 'DS', Value: [true] }], ['00091001', { vr: 'OB', InlineBinary: 5 }], ['00091001', { vr: 'OB', BulkDataURI: {} }],
    ['00091001', { vr: 'FD', Value: [''] }], ['00091001', { vr: 'constructor' }], ['00081140', { vr: 'SQ', Value: [[]] }], ['00081140', { vr: 'SQ', Value: [{ a: 1 }] }],
    ['00081140', { vr: 'SQ', Value: [{ Rows: {} }] }],
  ] as const) t.equal(thrownBy(() => one(tag, json))?.code, 'dicom-malformed', JSON.stringify(json))
  t.match(thrownBy(() => one('00280010', { vr: 'US', Value: [70000] })), { facts: { attribute: 'Rows' } })
})
