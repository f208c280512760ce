import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LightMyRequestResponse } from 'fastify'
import t from 'tap'
import { dicomFile, multipart, multipartType } from './support/dicom-file.ts'
import { type TestService, testService } from './support/test-service.ts'

interface Item { readonly [tag: string]: { readonly Value?: readonly (string | number)[] } | undefined }
interface StoreAnswer { readonly [tag: string]: { readonly vr: string, readonly Value?: readonly Item[] } | undefined }

const reasons = (response: LightMyRequestResponse, sequence = '00081198'): unknown[] =>
  (response.json<StoreAnswer>()[sequence]?.Value ?? []).map(item => item['00081197']?.Value?.[0])
const stored = (response: LightMyRequestResponse): unknown[] =>
  (response.json<StoreAnswer>()['00081199']?.Value ?? []).map(item => item['00081155']?.Value?.[0])
const good = dicomFile()
const cut = (file: Buffer): Buffer => file.subarray(0, file.length - 10)
const sequenceOf = (uid: string | undefined): '00081198' | '0008119A' => uid === undefined ? '0008119A' : '00081198'

t.test('an instance is stored, answered and found', async t => {
  const service = await testService(t)
  const answer = await service.store(multipart([good]))
  t.equal(answer.statusCode, 200, answer.body)
  t.strictSame(answer.json(), {
    '00081190': { vr: 'UR', Value: ['http://localhost:80/dicom-web/studies/1.2.3'] },
    '00081199': {
      vr: 'SQ',
      Value: [{
        '00081150': { vr: 'UI', Value: ['1.2.840.10008.5.1.4.1.1.4'] },
        '00081155': { vr: 'UI', Value: ['1.2.3.4.1'] },
        '00081190': { vr: 'UR', Value: ['http://localhost:80/dicom-web/studies/1.2.3/series/1.2.3.4/instances/1.2.3.4.1'] },
      }],
    },
  })
  t.equal(answer.headers['content-location'], 'http://localhost:80/dicom-web/studies/1.2.3')
  t.notHas(answer.headers, 'warning')
  t.equal(service.spoolFiles().length, 1)
  t.strictSame(service.temporaryFiles(), [])
  t.equal(service.stored(), 1)
})

t.test('before the body: each condition has its status, and the connection is closed', async t => {
  const small = await testService(t, { settings: { maxRequestBytes: 500, publicBaseUrl: 'https://ai.example' } })
  const strict = await testService(t, { settings: { strict: true } })
  const boundary = (text: string): string => `multipart/related; type="application/dicom"; boundary="${text}"`
  const cases: readonly (readonly [string, number, Parameters<TestService['store']>[1], TestService?])[] = [
    ['a study that is not a UID', 400, { url: '/dicom-web/studies/1.2.x' }],
    ['a study with leading zeros', 400, { url: '/dicom-web/studies/1.02' }],
    ['a study of 65 characters', 400, { url: `/dicom-web/studies/${'1'.repeat(65)}` }],
    ['a path for a study', 400, { url: '/dicom-web/studies/..%2F..%2Fetc%2Fpasswd' }],
    ['form data', 415, { headers: { 'content-type': 'multipart/form-data; boundary=b' } }],
    ['JSON', 415, { headers: { 'content-type': 'application/json' } }],
    ['parts of another type', 415, { headers: { 'content-type': 'multipart/related; type="application/pdf"; boundary=b' } }],
    ['a compressed body', 415, { headers: { 'content-encoding': 'gzip' } }],
    ['no boundary', 400, { headers: { 'content-type': 'multipart/related; type="application/dicom"' } }],
    ['a boundary of 71 characters, strictly', 400, { headers: { 'content-type': boundary('b'.repeat(71)) } }, strict],
    ['a boundary of 257 characters', 400, { headers: { 'content-type': boundary('b'.repeat(257)) } }],
    ['a boundary outside bchars', 400, { headers: { 'content-type': boundary('b{}') } }],
    ['an Accept that no answer fits', 406, { headers: { accept: 'text/html' } }],
    ['a body above the limit', 413, {}, small],
    ['no Accept, strictly', 406, { headers: { accept: '' } }, strict],
  ]
  const service = await testService(t)
  for (const [name, status, options, other] of cases) {
    const answer = await (other ?? service).store(multipart([good]), options)
    t.equal(answer.statusCode, status, name)
    t.equal(answer.headers['content-type'], 'application/problem+json; charset=utf-8', name)
    t.equal(answer.headers.connection, 'close', name)
    if (status === 415) t.match(answer.headers['accept-post'], /multipart\/related; type="application\/dicom"/)
  }
  const absent = await service.inject({ method: 'POST', url: '/dicom-web/studies', headers: { accept: 'application/dicom+json' } })
  t.equal(absent.statusCode, 415, 'no Content-Type')
  t.strictSame(service.spoolFiles(), [])
})

t.test('while it stops, without room and beyond the concurrent requests the service asks to come back', async t => {
  const service = await testService(t)
  service.draining.value = true
  const draining = await service.store(multipart([good]))
  t.equal(draining.statusCode, 503)
  t.equal(draining.headers['retry-after'], '30')
  t.match(draining.headers.warning, /^299 \S+ "A700: out of resources"$/)
  t.equal((await service.inject({ url: '/readyz' })).statusCode, 503)
  const busy = await testService(t, { settings: { maxConcurrentStores: 0 } })
  const refused = await busy.store(multipart([good]))
  t.equal(refused.statusCode, 503)
  t.equal(refused.headers['retry-after'], '30')
})

t.test('each way in which a part fails has its reason, its sequence and its status', async t => {
  const uid = '1.2.3.4.1'
  const without = (tag: string): Buffer => dicomFile({ change: { [tag]: undefined } })
  const cases: readonly (readonly [string, Buffer, number, number, string | undefined, string?])[] = [
    ['not DICOM', Buffer.from('hello, this is no DICOM file'), 0xc000, 400, undefined],
    ['an empty part', Buffer.alloc(0), 0xc000, 400, undefined],
    ['no preamble and no meta information', good.subarray(good.indexOf('ISO_IR 100') - 8), 0xc000, 400, uid],
    ['truncated pixels', cut(good), 0xc000, 400, uid],
    ['too few pixels', dicomFile({ pixels: Buffer.alloc(20) }), 0xc000, 400, uid],
    ['no SeriesInstanceUID', without('0020000E'), 0xa900, 409, uid],
    ['no StudyInstanceUID', without('0020000D'), 0xa900, 409, uid],
    ['no SOPInstanceUID', without('00080018'), 0xa900, 409, ''],
    ['a traversal for a SOPInstanceUID', dicomFile({ sop: '../../etc/passwd' }), 0xa900, 409, ''],
    ['a SeriesInstanceUID with a slash', dicomFile({ series: '1.2/3' }), 0xa900, 409, uid],
    ['a UID of 66 characters', dicomFile({ study: '1'.repeat(66) }), 0xa900, 409, uid],
    ['a UID with leading zeros', dicomFile({ study: '1.02' }), 0xa900, 409, uid],
    ['another SOP Instance UID in the meta information', dicomFile({ metaSop: '1.2.9' }), 0xa900, 409, uid],
    ['another SOP Class UID in the meta information', dicomFile({ metaClass: '1.2.840.10008.5.1.4.1.1.2' }), 0xa900, 409, uid],
    ['another study than the path', dicomFile({ study: '1.2.77' }), 0xa901, 409, uid, '/dicom-web/studies/1.2.3'],
    ['a transfer syntax that cannot be decoded', dicomFile({ transferSyntax: '1.2.840.10008.1.2.4.100' }), 0xc122, 409, uid],
    ['65535 × 65535 pixels', dicomFile({ change: { '00280010': ['00280010', 'US', [65535]], '00280011': ['00280011', 'US', [65535]] } }), 0xa701, 409, uid],
    ['a million frames', dicomFile({ change: { '00280008': ['00280008', 'IS', '1000000'] } }), 0xa701, 409, uid],
  ]
  for (const [name, file, reason, status, sop, url] of cases) {
    const service = await testService(t)
    const answer = await service.store(multipart([file]), url === undefined ? {} : { url })
    t.equal(answer.statusCode, status, name)
    t.strictSame(reasons(answer, sequenceOf(sop)), [reason], name)
    const [item] = answer.json<StoreAnswer>()[sequenceOf(sop)]!.Value!
    t.equal(item?.['00081155']?.Value?.[0], sop === '' ? undefined : sop, name)
    t.ok(String(item!['00000902']!.Value![0]).length <= 64, name)
    t.match(answer.headers.warning, new RegExp(`^299 \\S+ "${reason.toString(16).toUpperCase().padStart(4, '0')}: `), name)
    t.notHas(answer.json(), '00081199', name)
    t.strictSame(service.temporaryFiles(), [], name)
    t.strictSame(service.spoolFiles(), [], name)
  }
})

t.test('a part of another type, and a last part without its delimiter, are the others’ failures', async t => {
  const service = await testService(t)
  const typed = await service.store(Buffer.concat([
    multipart([Buffer.from('{}')], { headers: 'Content-Type: application/json\r\n' }).subarray(0, -7), multipart([good]),
  ]))
  t.equal(typed.statusCode, 202)
  t.strictSame(reasons(typed, '0008119A'), [0xc001])
  t.strictSame(stored(typed), ['1.2.3.4.1'])
  const whole = multipart([dicomFile({ sop: '1.2.3.4.2' }), dicomFile({ sop: '1.2.3.4.3' })])
  const unterminated = await service.store(whole.subarray(0, -7))
  t.equal(unterminated.statusCode, 202)
  t.strictSame(reasons(unterminated, '0008119A'), [0xc002])
  t.strictSame(stored(unterminated), ['1.2.3.4.2'])
  t.strictSame(service.temporaryFiles(), [])
})

t.test('an object that is not for us is accepted, not kept, and has an empty RetrieveURL', async t => {
  const ct = dicomFile({ sopClass: '1.2.840.10008.5.1.4.1.1.2', change: { '00080060': ['00080060', 'CS', 'CT'] } })
  const service = await testService(t)
  const answer = await service.store(multipart([ct]))
  t.equal(answer.statusCode, 200)
  const [item] = answer.json<StoreAnswer>()['00081199']!.Value!
  t.strictSame(item!['00081190'], { vr: 'UR' }, 'Type 2: present and empty')
  t.strictSame(service.spoolFiles(), [])
  t.strictSame(service.temporaryFiles(), [])
  t.equal(service.stored(), 0)
  const strict = await testService(t, { settings: { ineligible: 'reject' } })
  const refused = await strict.store(multipart([ct]))
  t.equal(refused.statusCode, 409)
  t.strictSame(reasons(refused), [0x0122])
})

t.test('a number that is none is stored with warning B007', async t => {
  const service = await testService(t)
  const answer = await service.store(multipart([dicomFile({ change: { '00180081': ['00180081', 'DS', 'long'] } })]))
  t.equal(answer.statusCode, 202)
  t.strictSame(answer.json<StoreAnswer>()['00081199']!.Value![0]!['00081196'], { vr: 'US', Value: [0xb007] })
})

t.test('the status of mixed outcomes', async t => {
  const bad = Buffer.from('no DICOM')
  const wrong = dicomFile({ sop: '1.2.3.4.9', change: { '0020000E': undefined } })
  const cases: readonly (readonly [string, Buffer[], number])[] = [
    ['two stored', [good, dicomFile({ sop: '1.2.3.4.2' })], 200],
    ['one stored, one not understood', [good, bad], 202],
    ['none understood', [bad, bad], 400],
    ['one refused, one not understood', [bad, wrong], 409],
    ['no part', [], 400],
  ]
  for (const [name, files, status] of cases) {
    const service = await testService(t)
    t.equal((await service.store(multipart(files))).statusCode, status, name)
  }
})

t.test('the same SOP Instance UID again: identical, another header, other pixels (U1)', async t => {
  const service = await testService(t)
  await service.store(multipart([good]))
  const again = await service.store(multipart([good]))
  t.equal(again.statusCode, 200)
  t.strictSame(stored(again), ['1.2.3.4.1'])
  const renamed = await service.store(multipart([dicomFile({ patientName: 'Roe^Jane' })]))
  t.equal(renamed.statusCode, 200)
  t.notHas(renamed.headers, 'warning')
  const found = await service.inject({ url: '/dicom-web/instances?SOPInstanceUID=1.2.3.4.1' })
  t.equal(found.json<unknown[]>().length, 1)
  t.match(found.json<Item[]>()[0]!['00100010']!.Value![0], { Alphabetic: 'Roe^Jane' })
  const pixels = await service.store(multipart([dicomFile({ pixels: Buffer.alloc(32, 7) })]))
  t.equal(pixels.statusCode, 409)
  t.strictSame(reasons(pixels), [0x0111])
  const twice = await service.store(multipart([dicomFile({ sop: '1.2.3.4.2' }), dicomFile({ sop: '1.2.3.4.2' })]))
  t.strictSame(stored(twice), ['1.2.3.4.2', '1.2.3.4.2'], 'a second copy inside one request is a second item')
})

t.test('twenty requests with the same instance at the same time make one row', async t => {
  const service = await testService(t, { settings: { maxConcurrentStores: 20 } })
  const answers = await Promise.all(Array.from({ length: 20 }, () => service.store(multipart([good]))))
  t.strictSame(answers.map(answer => answer.statusCode), Array.from({ length: 20 }, () => 200))
  t.equal((await service.inject({ url: '/dicom-web/instances' })).json<unknown[]>().length, 1)
  t.equal(service.spoolFiles().length, 1)
})

t.test('a program in the preamble does not survive (D7)', async t => {
  const service = await testService(t)
  const preamble = Buffer.alloc(128)
  preamble.write('MZ\x90\x00<script>')
  const answer = await service.store(multipart([dicomFile({ preamble })]))
  t.equal(answer.statusCode, 200)
  const [name] = service.spoolFiles()
  const kept = readFileSync(join(service.folder, 'spool', name!))
  t.ok(kept.subarray(0, 128).equals(Buffer.alloc(128)))
  t.ok(kept.subarray(128).equals(good.subarray(128)))
  const file = await service.inject({ url: '/dicom-web/studies/1.2.3/series/1.2.3.4/instances/1.2.3.4.1', headers: { accept: 'application/dicom' } })
  t.equal(file.headers['x-content-type-options'], 'nosniff')
  t.match(file.headers['content-disposition'], /^attachment/)
})

t.test('no UID, no file name of a sender and no traversal names a file (D6)', async t => {
  const service = await testService(t)
  const headers = 'Content-Type: application/dicom\r\nContent-Disposition: attachment; filename="../../../evil.dcm"\r\nContent-Location: file:///etc/passwd\r\n'
  await service.store(multipart([good], { headers }))
  const names = readdirSync(service.folder, { recursive: true, encoding: 'utf8' })
  t.strictSame(names.filter(name => /evil|passwd|1\.2\.3/.test(name)), [])
})

t.test('what senders are known to do is accepted (M3)', async t => {
  const body = multipart([good])
  const cases: readonly (readonly [string, Buffer, Readonly<Record<string, string>>])[] = [
    ['dcm4chee: a transfer syntax on the part', multipart([good], { headers: 'Content-Type: application/dicom;transfer-syntax=1.2.840.10008.1.2.1\r\n' }), {}],
    ['unquoted type', body, { 'content-type': 'multipart/related; type=application/dicom; boundary=b' }],
    ['quoted boundary first, upper case', body, { 'content-type': 'MULTIPART/RELATED;BOUNDARY="b";TYPE="APPLICATION/DICOM"' }],
    ['blanks around the parameters', body, { 'content-type': 'multipart/related ; type = "application/dicom" ; boundary = b' }],
    ['no type parameter', body, { 'content-type': 'multipart/related; boundary=b' }],
    ['a start parameter', body, { 'content-type': `${multipartType}; start="<1>"` }],
    ['no Content-Type on the part', multipart([good], { headers: '' }), {}],
    ['Content-Length and MIME-Version on the part', multipart([good], { headers: `MIME-Version: 1.0\r\nContent-Type: application/dicom\r\nContent-Length: ${good.length}\r\n` }), {}],
    ['a line break before the first delimiter', Buffer.concat([Buffer.from('\r\n'), body]), {}],
    ['preamble and epilogue', Buffer.concat([Buffer.from('This is MIME\r\n'), body, Buffer.from('bye')]), {}],
    ['an Accept with unknown entries', body, { accept: 'text/x-unknown, application/dicom+json, */*;q=0.1' }],
    ['any Accept', body, { accept: '*/*' }],
    ['plain JSON', body, { accept: 'application/json' }],
    ['one file alone', good, { 'content-type': 'application/dicom' }],
    ['one file alone, with parameters', good, { 'content-type': 'application/dicom; transfer-syntax=1.2.840.10008.1.2.1' }],
  ]
  for (const [name, payload, headers] of cases) {
    const service = await testService(t)
    const answer = await service.store(payload, { headers })
    t.equal(answer.statusCode, 200, `${name} ${answer.body}`)
    t.strictSame(stored(answer), ['1.2.3.4.1'], name)
  }
})

t.test('XML is answered to those who ask for it', async t => {
  const service = await testService(t)
  const answer = await service.store(multipart([good, Buffer.from('x')]), { headers: { accept: 'application/dicom+xml' } })
  t.equal(answer.statusCode, 202)
  t.match(answer.headers['content-type'], /^application\/dicom\+xml/)
  t.match(answer.body, '<DicomAttribute tag="00081155" vr="UI"><Value number="1">1.2.3.4.1</Value></DicomAttribute>')
  t.match(answer.body, '<DicomAttribute tag="00081197" vr="US"><Value number="1">49152</Value></DicomAttribute>')
  const wins = await service.store(multipart([good]), { url: '/dicom-web/studies?accept=application%2Fdicom%2Bxml', headers: { accept: 'application/dicom+json' } })
  t.match(wins.headers['content-type'], /^application\/dicom\+xml/, 'the query parameter wins')
})

t.test('limits passed inside the body end the request with 413 and leave nothing behind', async t => {
  const parts = await testService(t, { settings: { maxParts: 2 } })
  t.equal((await parts.store(multipart([good, good, good]))).statusCode, 413)
  t.strictSame(parts.temporaryFiles(), [])
  const bytes = await testService(t, { settings: { maxInstanceBytes: 100 } })
  t.equal((await bytes.store(multipart([good]))).statusCode, 413)
  t.strictSame(bytes.temporaryFiles(), [])
  t.strictSame(bytes.spoolFiles(), [])
  t.equal((await bytes.store(good, { headers: { 'content-type': 'application/dicom' } })).statusCode, 413)
  const header = await testService(t)
  t.equal((await header.store(multipart([good], { headers: `X-Long: ${'x'.repeat(200_000)}\r\n` }))).statusCode, 413)
})

t.test('names, identifiers, dates and UIDs of the patient stay out of the log, also in failures', async t => {
  const service = await testService(t)
  const file = dicomFile({ patientName: 'Canary^Name', sop: '1.2.3.4.777001', change: { '00100020': ['00100020', 'LO', 'CANARYID'] } })
  await service.store(multipart([file]))
  await service.store(multipart([cut(file)]))
  await service.inject({ url: '/dicom-web/studies?PatientName=Canary*&PatientID=CANARYID' })
  await service.inject({ url: '/dicom-web/studies?Canary=1&StudyInstanceUID=1.2.777001.x' })
  await service.inject({ url: '/dicom-web/studies/1.2.3/series/1.2.3.4/instances/1.2.3.4.777001' })
  await service.inject({ url: '/dicom-web/studies/1.2.777001' })
  t.ok(service.log().length > 500, 'the log is not empty')
  t.notMatch(service.log(), /canary|777001/i)
})
