import { readdirSync } from 'node:fs'
import t from 'tap'
import { dicomFile, multipart } from './support/dicom-file.ts'
import { reasonsIn, storedIn } from './support/store-answer.ts'
import { testService } from './support/test-service.ts'

// What Microsoft's DICOM server tests of its store transaction (StoreTransactionTests), and what is answered here. Where
// the answers differ the title says so, and docs/conformance.md why.

const good = dicomFile()
const ofStudy = '/dicom-web/studies/1.2.3'
const strange = dicomFile({ study: '1.2.77', series: '1.2.77.1', sop: '1.2.77.1.1' })

t.test('empty content: 400', async t => {
  const service = await testService(t)
  t.equal((await service.store(Buffer.alloc(0))).statusCode, 400)
  t.equal((await service.store(Buffer.from('--b--\r\n'))).statusCode, 400)
  t.equal((await service.store(Buffer.alloc(0), { headers: { 'content-type': 'application/dicom' } })).statusCode, 400)
})

t.test('an invalid Study Instance UID in the path: 400', async t => {
  const service = await testService(t)
  t.equal((await service.store(multipart([good]), { url: '/dicom-web/studies/not.a.uid' })).statusCode, 400)
})

t.test('an Accept that is not supported: 406', async t => {
  const service = await testService(t)
  t.equal((await service.store(multipart([good]), { headers: { accept: 'application/dicom' } })).statusCode, 406)
})

t.test('content that is not multipart: 415, dicom+xml too', async t => {
  const service = await testService(t)
  for (const type of ['application/dicom+xml', 'multipart/related; type="application/dicom+xml"; boundary=b', 'multipart/form-data; boundary=b', 'image/jpeg']) {
    const answer = await service.store(multipart([good]), { headers: { 'content-type': type } })
    t.equal(answer.statusCode, 415, type)
    t.equal(answer.headers['accept-post'], 'multipart/related; type="application/dicom", application/dicom, ' +
      'multipart/related; type="application/dicom+json", application/dicom+json')
  }
})

t.test('a section that is no DICOM beside one that is: 202', async t => {
  const service = await testService(t)
  const answer = await service.store(multipart([good, Buffer.from('invalid')]))
  t.equal(answer.statusCode, 202)
  t.strictSame([storedIn(answer), reasonsIn(answer, '0008119A')], [['1.2.3.4.1'], [0xc000]])
})

t.test('a first part without Content-Type: 200; another one, where DICOMWEB_STRICT is set: C001', async t => {
  const service = await testService(t)
  t.equal((await service.store(multipart([good], { headers: '' }))).statusCode, 200)
  const strict = await testService(t, { settings: { strict: true } })
  const answer = await strict.store(multipart([good, dicomFile({ sop: '1.2.3.4.2' })], { headers: '' }))
  t.equal(answer.statusCode, 202)
  t.strictSame([storedIn(answer), reasonsIn(answer, '0008119A')], [['1.2.3.4.1'], [0xc001]])
})

t.test('all instances of another study than the path: 409; one of them: 202', async t => {
  const service = await testService(t)
  const all = await service.store(multipart([strange]), { url: ofStudy })
  t.equal(all.statusCode, 409)
  t.strictSame(reasonsIn(all, '00081198'), [0xa901])
  t.notHas(all.json(), '00081190', 'no study was created')
  t.notHas(all.headers, 'location')
  const one = await service.store(multipart([strange, good]), { url: ofStudy })
  t.equal(one.statusCode, 202)
  t.strictSame([storedIn(one), reasonsIn(one, '00081198')], [['1.2.3.4.1'], [0xa901]])
  t.match(one.headers, { location: /studies\/1\.2\.3$/, 'content-location': /studies\/1\.2\.3$/ })
})

t.test('two studies in one request have no one URL', async t => {
  const service = await testService(t)
  const answer = await service.store(multipart([strange, good]))
  t.equal(answer.statusCode, 200)
  t.notHas(answer.json(), '00081190')
  t.notHas(answer.headers, 'location')
})

t.test('the same instance twice in one request: 200 here with two items, as Orthanc counts; 202 there', async t => {
  const service = await testService(t)
  const answer = await service.store(multipart([good, good]))
  t.equal(answer.statusCode, 200)
  t.strictSame(storedIn(answer), ['1.2.3.4.1', '1.2.3.4.1'])
})

t.test('an instance that exists: 409 when its pixels differ; 200 here when nothing does', async t => {
  const service = await testService(t)
  await service.store(multipart([good]))
  t.equal((await service.store(multipart([good]))).statusCode, 200)
  t.equal((await service.store(multipart([dicomFile({ pixels: Buffer.alloc(32, 1) })]))).statusCode, 409)
})

t.test('UIDs padded with blanks or zeros are the UIDs', async t => {
  const service = await testService(t)
  const files = [dicomFile({ study: '1.2.3  ', sop: '1.2.3.4.1 ' }), dicomFile({ study: '1.2.3\0\0\0', sop: '1.2.3.4.2\0' })]
  const answer = await service.store(multipart(files), { url: ofStudy })
  t.equal(answer.statusCode, 200, answer.body)
  t.strictSame(storedIn(answer), ['1.2.3.4.1', '1.2.3.4.2'])
  t.equal((await service.inject({ url: `${ofStudy}/series/1.2.3.4/instances/1.2.3.4.1`, headers: { accept: 'application/dicom' } })).statusCode, 200)
})

t.test('query parameters that nobody knows are ignored', async t => {
  const service = await testService(t)
  t.equal((await service.store(multipart([good]), { url: '/dicom-web/studies?x=1&orderBy=name' })).statusCode, 200)
})

t.test('all fail for different reasons, none of them understood or for want of space: the status of the mix', async t => {
  const service = await testService(t)
  const unreadable = Buffer.from('x')
  const cases: readonly (readonly [string, Buffer[], number])[] = [
    ['C000 and C000', [unreadable, unreadable], 400],
    ['C000 and A901', [unreadable, strange], 409],
    ['A901 and A901', [strange, strange], 409],
    ['C000, A901 and one stored', [unreadable, strange, good], 202],
  ]
  for (const [name, files, status] of cases) t.equal((await service.store(multipart(files), { url: ofStudy })).statusCode, status, name)
  t.strictSame(readdirSync(`${service.folder}/tmp`), [])
})
