import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { LightMyRequestResponse } from 'fastify'
import fc from 'fast-check'
import t from 'tap'
import { diskError } from '../../src/archive/spool.ts'
import { readInstance } from '../../src/dicom/read-instance.ts'
import { askPython, requirePydicom } from '../dicom/second-reader.ts'
import { dataPath } from '../helpers/data.ts'
import { dicomFile, multipart } from './support/dicom-file.ts'
import { itemsIn, reasonsIn, storedIn } from './support/store-answer.ts'
import { type TestService, testService } from './support/test-service.ts'

type Json = Record<string, Record<string, unknown>>
interface Bulk { readonly location?: string, readonly type?: string, readonly content: Buffer }

const multipartType = 'multipart/related; type="application/dicom+json"; boundary=b'
const mrStorage = '1.2.840.10008.1.2.4.90'
const pixels = Buffer.alloc(32, 3)

/** The slice of `dicomFile`, written by hand in the DICOM JSON Model. */
function metadata (change: Json | Record<string, undefined> = {}): Json {
  const all: Record<string, Record<string, unknown> | undefined> = {
    '00080005': { vr: 'CS', Value: ['ISO_IR 100'] },
    '00080008': { vr: 'CS', Value: ['ORIGINAL', 'PRIMARY', 'M', 'SE'] },
    '00080016': { vr: 'UI', Value: ['1.2.840.10008.5.1.4.1.1.4'] },
    '00080018': { vr: 'UI', Value: ['1.2.3.4.1'] },
    '00080020': { vr: 'DA', Value: ['20200102'] },
    '00080030': { vr: 'TM', Value: ['101112'] },
    '00080050': { vr: 'SH', Value: ['ACC1'] },
    '00080060': { vr: 'CS', Value: ['MR'] },
    '00081030': { vr: 'LO', Value: ['Brain'] },
    '0008103E': { vr: 'LO', Value: ['FLAIR'] },
    '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Doe^Jane' }] },
    '00100020': { vr: 'LO', Value: ['PID1'] },
    '00180020': { vr: 'CS', Value: ['SE', 'IR'] },
    '00180050': { vr: 'DS', Value: [5] },
    '00180080': { vr: 'DS', Value: [9000] },
    '00180081': { vr: 'DS', Value: ['100'] },
    '00180082': { vr: 'DS', Value: [2500] },
    '0020000D': { vr: 'UI', Value: ['1.2.3'] },
    '0020000E': { vr: 'UI', Value: ['1.2.3.4'] },
    '00200011': { vr: 'IS', Value: [3] },
    '00200013': { vr: 'IS', Value: ['1'] },
    '00200032': { vr: 'DS', Value: [0, 0, 0] },
    '00200037': { vr: 'DS', Value: [1, 0, 0, 0, 1, 0] },
    '00280002': { vr: 'US', Value: [1] },
    '00280004': { vr: 'CS', Value: ['MONOCHROME2'] },
    '00280010': { vr: 'US', Value: [4] },
    '00280011': { vr: 'US', Value: [4] },
    '00280030': { vr: 'DS', Value: [1, 1] },
    '00280100': { vr: 'US', Value: [16] },
    '00280101': { vr: 'US', Value: [12] },
    '00280102': { vr: 'US', Value: [11] },
    '00280103': { vr: 'US', Value: [0] },
    '7FE00010': { vr: 'OW', BulkDataURI: 'bulk/1' },
    ...change,
  }
  return Object.fromEntries(Object.entries(all).filter((entry): entry is [string, Record<string, unknown>] => entry[1] !== undefined))
}

const sop = (uid: string): Json => ({ '00080018': { vr: 'UI', Value: [uid] } })

function message (datasets: unknown, bulk: readonly Bulk[] = [{ location: 'bulk/1', content: pixels }], json = 'Content-Type: application/dicom+json\r\n'): Buffer {
  const parts = [
    { headers: json, content: Buffer.from(JSON.stringify(datasets)) },
    ...bulk.map(({ location, type = 'application/octet-stream', content }) =>
      ({ headers: `Content-Type: ${type}\r\n${location === undefined ? '' : `Content-Location: ${location}\r\n`}`, content })),
  ]
  return Buffer.concat([...parts.flatMap(({ headers, content }) => [Buffer.from(`--b\r\n${headers}\r\n`), content, Buffer.from('\r\n')]), Buffer.from('--b--\r\n')])
}

const send = async (service: TestService, body: Buffer, type = multipartType): Promise<LightMyRequestResponse> =>
  await service.store(body, { headers: { 'content-type': type } })

const fileOf = ({ archive }: TestService, uid = '1.2.3.4.1'): Buffer => readFileSync(archive.findInstances({ sop: uid as never })[0]!.path)
const leftovers = (service: TestService): unknown[] => [service.temporaryFiles(), service.spoolFiles()]
/** The data set of a file of ours, after group 0002. */
const dataSetOf = (file: Buffer): Buffer => file.subarray(file.indexOf(Buffer.from([8, 0, 5, 0, 0x43, 0x53])))

t.test('metadata and pixels become the file that they are the JSON of, byte by byte', async t => {
  const service = await testService(t)
  const answer = await send(service, message([metadata()]))
  t.equal(answer.statusCode, 200, answer.body)
  t.strictSame(storedIn(answer), ['1.2.3.4.1'])
  const expected = dicomFile({ pixels, change: { '00080005': ['00080005', 'CS', 'ISO_IR 192'] } })
  t.ok(dataSetOf(fileOf(service)).equals(dataSetOf(expected)))
  t.strictSame(service.temporaryFiles(), [])
  t.equal(service.stored(), 1)
  const again = await service.store(multipart([expected]))
  t.equal(again.statusCode, 200)
  t.match(service.archive.findInstances({}), [{ revision: 0 }], 'the same instance, whichever way it comes')
})

t.test('several data sets in one array, bulk data before, after and by absolute URI', async t => {
  const service = await testService(t)
  const other = { ...metadata(sop('1.2.3.4.2')), '7FE00010': { vr: 'OW', BulkDataURI: 'http://pacs.example/bulk/2?a=b' } }
  const answer = await send(service, message([metadata(), other], [
    { location: 'http://pacs.example/bulk/2?a=b', content: Buffer.alloc(32, 5) }, { location: '/bulk/1', content: pixels }, { location: 'unasked', content: pixels },
  ]))
  t.equal(answer.statusCode, 200, answer.body)
  t.strictSame(storedIn(answer), ['1.2.3.4.1', '1.2.3.4.2'])
  t.ok(fileOf(service, '1.2.3.4.2').subarray(-32).equals(Buffer.alloc(32, 5)))
})

t.test('one value may serve several instances', async t => {
  const service = await testService(t)
  const answer = await send(service, message([metadata(), metadata(sop('1.2.3.4.2'))]))
  t.strictSame(storedIn(answer), ['1.2.3.4.1', '1.2.3.4.2'])
})

t.test('metadata alone holds its pixels inline', async t => {
  const inline = { '7FE00010': { vr: 'OW', InlineBinary: pixels.toString('base64') } }
  for (const body of [[metadata(inline)], metadata(inline)]) {
    const service = await testService(t)
    const answer = await send(service, Buffer.from(JSON.stringify(body)), 'application/dicom+json')
    t.equal(answer.statusCode, 200, answer.body)
    t.ok(fileOf(service).subarray(-32).equals(pixels))
  }
})

t.test('bytes that look like a preamble are pixels all the same', async t => {
  const service = await testService(t)
  const rows = { '00280010': { vr: 'US', Value: [10] }, '00280011': { vr: 'US', Value: [8] } }
  const content = Buffer.alloc(160, 9)
  content.write('DICM', 128)
  t.equal((await send(service, message([metadata(rows)], [{ location: 'bulk/1', content }]))).statusCode, 200)
  t.ok(fileOf(service).subarray(-160).equals(content))
})

t.test('text, names and private elements arrive as they are in JSON', async t => {
  const service = await testService(t)
  const change = {
    '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Doe^Jané', Ideographic: '杜^珍' }] },
    '00090010': { vr: 'LO', Value: ['ACME'] },
    '00091001': { vr: 'FD', Value: [1.5, 'NaN', '-inf'] },
    '00091002': { vr: 'UV', Value: ['18446744073709551615'] },
    '00091003': { vr: 'UN', InlineBinary: 'AQID' },
    '00081140': { vr: 'SQ', Value: [{ '00081155': { vr: 'UI', Value: ['1.2.9'] } }, {}] },
    '00080051': { vr: 'SQ' },
    '00083002': { vr: 'UI', Value: ['1.2.840.10008.1.2.1'] },
  }
  t.equal((await send(service, message([metadata(change)]))).statusCode, 200)
  const { attributes } = readInstance(fileOf(service))
  t.match(attributes.personName('PatientName'), { alphabetic: 'Doe^Jané', ideographic: '杜^珍' })
  t.same(attributes.bytes('00091001'), Buffer.concat([Buffer.from(Float64Array.of(1.5, NaN, -Infinity).buffer)]))
  t.same(attributes.bytes('00091002'), Buffer.alloc(8, 0xff))
  t.same(attributes.bytes('00091003'), Buffer.from([1, 2, 3, 0]))
  t.strictSame(attributes.items('ReferencedImageSequence').map(item => item.string('ReferencedSOPInstanceUID')), ['1.2.9', undefined])
  t.ok(attributes.has('IssuerOfAccessionNumberSequence'))
  t.notOk(attributes.has('AvailableTransferSyntaxUID'), 'said of a server’s copy')
})

t.test('compressed frames keep their codec, by parameter, by metadata, by their own header or by default', async t => {
  const stream = Buffer.from([0xff, 0x4f, 0xff, 0x51, 0, 0, 0xff, 0xd9, 0])
  const jpeg = (sof: number): Buffer => Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, sof, 0, 11, 8, 0, 4, 0, 4, 1, 1, 0x11, 0, 0xff, 0xd9])
  const cases: readonly (readonly [string, Buffer, string, Json?])[] = [
    ['image/jp2', stream, mrStorage],
    ['image/jp2; transfer-syntax=1.2.840.10008.1.2.4.91', stream, '1.2.840.10008.1.2.4.91'],
    ['image/jp2', stream, '1.2.840.10008.1.2.4.91', { '00083002': { vr: 'UI', Value: ['1.2.840.10008.1.2.4.91'] } }],
    ['image/jp2', stream, mrStorage, { '00083002': { vr: 'UI', Value: ['1.2.840.10008.1.2.4.50'] } }],
    ['image/jls', stream, '1.2.840.10008.1.2.4.80'],
    ['image/dicom-rle', stream, '1.2.840.10008.1.2.5'],
    ['image/jphc', stream, '1.2.840.10008.1.2.4.201'],
    ['image/jpeg', jpeg(0xc0), '1.2.840.10008.1.2.4.50'],
    ['image/jpeg', jpeg(0xc1), '1.2.840.10008.1.2.4.51'],
    ['image/jpeg', jpeg(0xc3), '1.2.840.10008.1.2.4.70'],
    ['image/jpeg', Buffer.from([0xff, 0xd8]), '1.2.840.10008.1.2.4.70'],
  ]
  for (const [type, content, syntax, change] of cases) {
    const service = await testService(t)
    const answer = await send(service, message([metadata(change)], [{ location: 'bulk/1', type, content }]))
    t.equal(answer.statusCode, 200, `${type} ${answer.body}`)
    const instance = readInstance(fileOf(service))
    t.equal(instance.transferSyntaxUid, syntax, type)
    t.ok(Buffer.from(await instance.pixelData.frame(1)).subarray(0, content.length).equals(content), type)
  }
})

t.test('frames of several parts of one URI are in their order', async t => {
  const service = await testService(t)
  const frames = [1, 2, 3].map(i => Buffer.from([0xff, 0x4f, 0xff, 0x51, i, i, 0xff, 0xd9]))
  const change = { '00280008': { vr: 'IS', Value: [3] } }
  const answer = await send(service, message([metadata(change)], frames.map(content => ({ location: 'bulk/1', type: 'image/jp2', content }))))
  t.equal(answer.statusCode, 200, answer.body)
  const { pixelData } = readInstance(fileOf(service))
  for (const [i, frame] of frames.entries()) t.same(await pixelData.frame(i + 1), frame)
})

t.test('each way in which metadata fails has its reason, and the others of the message are stored', async t => {
  const nested = (depth: number): unknown => depth === 0 ? {} : { '00081140': { vr: 'SQ', Value: [nested(depth - 1)] } }
  const bulk = (location: string, type?: string): Bulk => ({ location, content: pixels, ...(type === undefined ? {} : { type }) })
  const named = (element: Record<string, unknown>): Json => metadata({ ...sop('1.2.3.4.9'), ...element } as Json)
  const cases: readonly (readonly [string, unknown, number, (string | undefined)?, Bulk?])[] = [
    ['bulk data that did not come', named({ '7FE00010': { vr: 'OW', BulkDataURI: 'bulk/none' } }), 0xc000],
    ['a URI on a disk', named({ '7FE00010': { vr: 'OW', BulkDataURI: 'file:///etc/passwd' } }), 0xc000],
    ['bulk data twice', named({ '7FE00010': { vr: 'OW', BulkDataURI: 'bulk/1' }, '00091001': { vr: 'OB', BulkDataURI: 'bulk/2' } }), 0xc000, undefined, bulk('bulk/2')],
    ['a VR that is none', named({ '00091001': { vr: 'XX', Value: [1] } }), 0xc000],
    ['a value for bytes', named({ '00091001': { vr: 'OB', Value: [1] } }), 0xc000],
    ['values that are no list', named({ '00091001': { vr: 'LO', Value: 'a' } }), 0xc000],
    ['an object for text', named({ '00091001': { vr: 'LO', Value: [{}] } }), 0xc000],
    ['a number for a name group', named({ '00100010': { vr: 'PN', Value: [{ Alphabetic: 1 }] } }), 0xc000],
    ['a number that its VR cannot hold', named({ '00280010': { vr: 'US', Value: [65536] } }), 0xc000],
    ['text for a number', named({ '00280010': { vr: 'US', Value: ['four'] } }), 0xc000],
    ['text for a float', named({ '00091001': { vr: 'FD', Value: ['half'] } }), 0xc000],
    ['a tag that is none', named({ '00091001': { vr: 'AT', Value: ['0008'] } }), 0xc000],
    ['an item that is none', named({ '00081140': { vr: 'SQ', Value: ['x'] } }), 0xc000],
    ['a keyword for a tag', named({ Rows: { vr: 'US', Value: [4] } }), 0xc000],
    ['sequences without end', named(nested(70) as Json), 0xc000],
    ['too few pixels', named({ '00280010': { vr: 'US', Value: [400] } }), 0xc000],
    ['too large an image', named({ '00280010': { vr: 'US', Value: [65535] }, '00280011': { vr: 'US', Value: [65535] } }), 0xa701],
    ['no SeriesInstanceUID', metadata({ ...sop('1.2.3.4.9'), '0020000E': undefined }), 0xa900],
    ['a SOPInstanceUID with a slash', metadata(sop('1.2/9')), 0xa900, ''],
    ['a media type that is not one of pixels', named({ '7FE00010': { vr: 'OW', BulkDataURI: 'bulk/2' } }), 0xc122, undefined, bulk('bulk/2', 'image/gif')],
    ['compressed bytes without their media type', named({ '7FE00010': { vr: 'OW', BulkDataURI: 'bulk/2' } }), 0xc122, undefined,
      bulk('bulk/2', 'application/octet-stream; transfer-syntax=1.2.840.10008.1.2.4.90')],
    ['a transfer syntax of another media type', named({ '7FE00010': { vr: 'OW', BulkDataURI: 'bulk/2' } }), 0xc122, undefined,
      bulk('bulk/2', 'image/jp2; transfer-syntax=1.2.840.10008.1.2.4.50')],
  ]
  for (const [name, dataset, reason, uid = '1.2.3.4.9', extra] of cases) {
    const service = await testService(t)
    const twice = name === 'bulk data twice' ? [bulk('bulk/2')] : []
    const answer = await send(service, message([dataset, metadata()], [bulk('bulk/1'), ...(extra === undefined ? [] : [extra]), ...twice]))
    t.equal(answer.statusCode, 202, `${name} ${answer.body}`)
    t.strictSame(reasonsIn(answer, '00081198'), [reason], name)
    t.equal(itemsIn(answer, '00081198')[0]?.['00081155']?.Value?.[0], uid === '' ? undefined : uid, name)
    t.strictSame(storedIn(answer), ['1.2.3.4.1'], name)
    t.strictSame(service.temporaryFiles(), [], name)
  }
})

t.test('what is no metadata, or has no place, is told and not kept', async t => {
  const cases: readonly (readonly [string, Buffer, string, readonly number[], number])[] = [
    ['no JSON', message('x').subarray(0), multipartType, [0xc000], 400],
    ['JSON that is no data set', message([[1]]), multipartType, [0xc000], 400],
    ['a body that is no JSON', Buffer.from('{'), 'application/dicom+json', [0xc000], 400],
    ['bulk data without a location', message([], [{ content: pixels }]), multipartType, [0xc001], 400],
    ['no data set', message([], []), multipartType, [], 400],
    ['inline JSON that names bulk data', Buffer.from(JSON.stringify([metadata()])), 'application/dicom+json', [], 400],
  ]
  for (const [name, body, type, reasons, status] of cases) {
    const service = await testService(t)
    const answer = await send(service, body, type)
    t.equal(answer.statusCode, status, `${name} ${answer.body}`)
    t.strictSame(reasonsIn(answer, '0008119A'), reasons, name)
    t.strictSame(leftovers(service), [[], []], name)
  }
})

t.test('a missing Content-Type of the first part, and of bulk data, is what it should have been', async t => {
  const service = await testService(t)
  const body = message([metadata()], undefined, '').toString('latin1').replace('Content-Type: application/octet-stream\r\n', '')
  t.equal((await send(service, Buffer.from(body, 'latin1'))).statusCode, 200)
})

t.test('a message that is cut ends the part that it was cut in', async t => {
  const service = await testService(t)
  const bulk = await send(service, message([metadata()]).subarray(0, -7))
  t.equal(bulk.statusCode, 400)
  t.strictSame(reasonsIn(bulk, '00081198'), [0xc002], 'the metadata names the instance')
  const json = await send(service, message([metadata()], []).subarray(0, -7))
  t.equal(json.statusCode, 400)
  t.strictSame(reasonsIn(json, '0008119A'), [0xc002])
  t.strictSame(leftovers(service), [[], []])
})

t.test('limits hold for metadata, bulk data and what is made of them', async t => {
  const large = metadata({ '00091001': { vr: 'LT', Value: ['x'.repeat(17 * 2 ** 20)] } })
  const many = Array.from({ length: 50 }, (_, i) => metadata(sop(`1.2.3.4.${i + 1}`)))
  const cases: readonly (readonly [string, Buffer, string, object])[] = [
    ['metadata of 17 MiB', message([large]), multipartType, {}],
    ['the same alone', Buffer.from(JSON.stringify(large)), 'application/dicom+json', {}],
    ['bulk data larger than an instance may be', message([metadata()]), multipartType, { maxInstanceBytes: 20 }],
    ['an instance larger than it may be', message([metadata()]), multipartType, { maxInstanceBytes: 500 }],
    ['more data sets than instances are allowed', message(many), multipartType, { maxParts: 49 }],
    ['a body longer than allowed', message(many), multipartType, { maxRequestBytes: 5000 }],
    ['small bulk data named so often that its copies pass the limit', message(many.map(each => ({ ...each, '00091001': { vr: 'OB', BulkDataURI: 'bulk/big' } })),
      [{ location: 'bulk/1', content: pixels }, { location: 'bulk/big', content: Buffer.alloc(100_000) }]), multipartType, { maxRequestBytes: 1_000_000 }],
  ]
  for (const [name, body, type, settings] of cases) {
    const service = await testService(t, { settings })
    t.equal((await send(service, body, type)).statusCode, 413, name)
    t.strictSame(leftovers(service), [[], []], name)
  }
})

t.test('a disk that is full while bulk data comes is A700 for the instances that need it', async t => {
  const service = await testService(t)
  const stage = service.archive.stage.bind(service.archive)
  service.archive.stage = async options => {
    const file = await stage(options)
    return { ...file, seal: async () => await Promise.reject(diskError(Object.assign(new Error('full'), { code: 'ENOSPC' }))) }
  }
  const answer = await send(service, message([metadata()]))
  t.equal(answer.statusCode, 503)
  t.strictSame(reasonsIn(answer, '00081198'), [0xa700])
  t.strictSame(service.temporaryFiles(), [])
})

t.test('nothing is ever fetched, whatever a URI names (A3)', async t => {
  let connections = 0
  const server = createServer(socket => { connections++; socket.destroy() }).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const service = await testService(t)
  for (const uri of [`http://127.0.0.1:${port}/pixels`, `//127.0.0.1:${port}/pixels`, 'http://169.254.169.254/latest/meta-data', 'file:///etc/hosts', 'http://[', '']) {
    const change = { '7FE00010': { vr: 'OW', BulkDataURI: uri }, '00081190': { vr: 'UR', Value: [`http://127.0.0.1:${port}/study`] } }
    const answer = await send(service, message([metadata(change)], []))
    t.equal(answer.statusCode, 400, uri)
    t.notMatch(answer.body, /127\.0\.0\.1|169\.254/, 'the answer does not repeat it')
  }
  t.equal(connections, 0)
  t.strictSame(leftovers(service), [[], []])
})

t.test('whatever JSON stands in its place, an element is stored or refused for what it is', async t => {
  const service = await testService(t)
  const tags = Object.keys(metadata())
  const vrs = ['AE', 'AT', 'DS', 'FD', 'FL', 'IS', 'LT', 'OB', 'OW', 'PN', 'SL', 'SQ', 'SV', 'UI', 'UL', 'UN', 'US', 'UV', '', 'ZZ']
  const value = fc.jsonValue({ maxDepth: 3 })
  const elementOf = fc.oneof(value, fc.record({ vr: fc.oneof(fc.constantFrom(...vrs), value), Value: fc.oneof(fc.array(value, { maxLength: 3 }), value) }, { requiredKeys: [] }),
    fc.record({ vr: fc.constantFrom(...vrs), InlineBinary: value, BulkDataURI: value }, { requiredKeys: ['vr'] }))
  await fc.assert(fc.asyncProperty(fc.constantFrom(...tags, '00091001', '54000100', '00080005', 'x'), elementOf, async (tag, element) => {
    const answer = await send(service, message([{ ...metadata(), [tag]: element }]))
    const reasons = [...reasonsIn(answer, '00081198'), ...reasonsIn(answer, '0008119A')]
    // other pixels than those of an earlier run are 0111
    return answer.statusCode < 500 && reasons.every(reason => [0xa900, 0xc000, 0xc122, 0x0111, 0xa701].includes(reason as number))
  }), { seed: 20261123, numRuns: 200 })
  t.strictSame(service.temporaryFiles(), [])
})

t.test('a message with changed bytes is answered, and nothing of it stays in the way', async t => {
  const service = await testService(t)
  const whole = message([metadata(), metadata(sop('1.2.3.4.2'))])
  const change = fc.record({ at: fc.nat(whole.length - 1), remove: fc.nat(40), insert: fc.uint8Array({ maxLength: 8 }) })
  await fc.assert(fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async changes => {
    const body = changes.reduce((bytes, { at, remove, insert }) => Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + remove)]), whole)
    return (await send(service, body)).statusCode < 500
  }), { seed: 20261123, numRuns: 200 })
  t.strictSame(service.temporaryFiles(), [])
  t.notMatch(service.log(), /TypeError|RangeError/)
})

const toJson = `
import base64, json, pydicom, sys
ds = pydicom.dcmread(sys.argv[1])
ds.decode()
bulk = []
def handle(element):
    bulk.append(base64.b64encode(element.value).decode())
    return 'bulk/%d' % len(bulk)
print(json.dumps({'json': ds.to_json_dict(1024, handle), 'bulk': bulk}))
`
const compare = `
import json, pydicom, sys
a, b = (pydicom.dcmread(path) for path in sys.argv[1:])
for ds in (a, b): ds.decode()
differing = [str(tag) for tag in sorted(set(a.keys()) | set(b.keys()))
    if tag != 0x00080005 and tag.element != 0 and (tag not in a or tag not in b or a[tag].VR != b[tag].VR or a[tag].value != b[tag].value)]
print(json.dumps({'differing': differing, 'syntax': b.file_meta.TransferSyntaxUID, 'same': bool((a.pixel_array == b.pixel_array).all())}))
`

for (const [name, path] of [['FLAIR', 'mr-dicom/philips-flair-axial/IM-0001-0001.dcm'], ['enhanced MR', 'mr-dicom/enhanced-mr-small/emri_small.dcm']] as const) {
  t.test(`a real ${name} as pydicom writes it in JSON is stored as pydicom reads it in DICOM`, async t => {
    const file = dataPath(t, path)
    if (file === undefined || !requirePydicom(t)) return
    const { json, bulk } = askPython(toJson, file) as { json: Json, bulk: string[] }
    const service = await testService(t)
    const answer = await send(service, message([json], bulk.map((content, i) => ({ location: `bulk/${i + 1}`, content: Buffer.from(content, 'base64') }))))
    t.ok([200, 202].includes(answer.statusCode), answer.body)
    const [held] = service.archive.findInstances({})
    t.strictSame(askPython(compare, file, held!.path), { differing: [], syntax: '1.2.840.10008.1.2.1', same: true })
  })
}
