import { once } from 'node:events'
import { connect } from 'node:net'
import { Writable } from 'node:stream'
import type { LightMyRequestResponse } from 'fastify'
import t from 'tap'
import { diskError } from '../../src/archive/spool.ts'
import { dicomFile, multipart, multipartType } from './support/dicom-file.ts'
import { exchange, listen } from './support/exchange.ts'
import { leftBehind } from './support/left-behind.ts'
import { storedIn, reasonsIn } from './support/store-answer.ts'
import { type TestService, testService } from './support/test-service.ts'

const good = dicomFile()
const other = dicomFile({ sop: '1.2.3.4.2' })

/** What the service says of a request whose every condition of service.md §2.1 fails, one mended after the other. */
t.test('of several conditions that fail before the body the first of the table answers', async t => {
  const service = await testService(t, { settings: { rateLimit: 1, maxRequestBytes: 5000, maxConcurrentStores: 1, strict: true } })
  const request = { url: '/dicom-web/studies/1.02', headers: { 'content-type': 'text/plain', accept: 'text/html' }, body: Buffer.alloc(6000) as Buffer }
  const send = async (): Promise<LightMyRequestResponse> => await service.store(request.body, { url: request.url, headers: request.headers })
  service.draining.value = true
  t.equal((await send()).statusCode, 503, 'draining')
  service.draining.value = false
  t.equal((await send()).statusCode, 400, 'the study')
  request.url = '/dicom-web/studies/1.2.3'
  t.equal((await send()).statusCode, 415, 'the media type')
  request.headers['content-type'] = 'multipart/related; type="application/dicom"'
  t.equal((await send()).statusCode, 400, 'the boundary')
  request.headers['content-type'] = multipartType
  t.equal((await send()).statusCode, 413, 'the size')
  request.body = multipart([good])
  t.equal((await send()).statusCode, 406, 'what is accepted')
  request.headers.accept = 'application/dicom+json'
  t.equal((await send()).statusCode, 200, 'none of these was counted: they stop before the rate limit')
})

t.test('with less free space than the reserve nothing is taken in', async t => {
  const service = await testService(t, { archive: { reserveBytes: 2 ** 60 } })
  const refused = await service.store(multipart([good]))
  t.equal(refused.statusCode, 503)
  t.equal(refused.headers['retry-after'], '30')
  t.match(refused.headers.warning, /^299 \S+ "A700: out of resources"$/)
})

t.test('without Accept the answer is JSON, and a body that is encoded as itself is not encoded', async t => {
  const service = await testService(t)
  const answer = await service.inject({
    method: 'POST', url: '/dicom-web/studies', headers: { 'content-type': multipartType, 'content-encoding': 'identity' }, payload: multipart([good]),
  })
  t.equal(answer.statusCode, 200)
  t.equal(answer.headers['content-type'], 'application/dicom+json')
})

t.test('beyond the quota nothing is taken in, until there is room again', async t => {
  const service = await testService(t, { archive: { quotaBytes: good.length + 10 } })
  t.equal((await service.store(multipart([good]))).statusCode, 200)
  t.equal((await service.store(multipart([other]))).statusCode, 200, 'something was left')
  const refused = await service.store(multipart([dicomFile({ sop: '1.2.3.4.3' })]))
  t.equal(refused.statusCode, 503)
  t.equal(refused.headers['retry-after'], '30')
  t.equal(refused.headers.connection, 'close')
  t.match(refused.headers.warning, /^299 \S+ "A700: out of resources"$/)
  t.equal((await service.inject({ url: '/readyz' })).statusCode, 503)
  t.strictSame(service.temporaryFiles(), [])
  t.match(await service.archive.space(), { enough: false, freeBytes: 0, totalBytes: good.length + 10 }, 'retention sees the quota as a full disk')
  await t.rejects(service.archive.stage(), { code: 'out-of-resources' }, 'nor what comes by another way')
  await service.archive.eraseStudy('1.2.3' as never)
  t.equal((await service.store(multipart([other]))).statusCode, 200)
})

t.test('a quota larger than the disk leaves the disk the limit', async t => {
  const service = await testService(t, { archive: { quotaBytes: 2 ** 50, reserveBytes: 2 ** 60 } })
  const { enough, totalBytes } = await service.archive.space()
  t.equal(enough, false)
  t.ok(totalBytes < 2 ** 50)
})

t.test('an address that asks too often is told when to come back, before its body is read', async t => {
  const service = await testService(t, { settings: { rateLimit: 2 } })
  t.equal((await service.store(multipart([good]))).statusCode, 200)
  t.equal((await service.inject({ url: '/dicom-web/studies' })).statusCode, 200)
  const refused = await service.store(multipart([other]))
  t.equal(refused.statusCode, 429)
  t.match(refused.headers['retry-after'], /^([1-9]|[1-5]\d|60)$/)
  t.equal(refused.headers.connection, 'close')
  t.match(refused.json(), { code: 'too-many-requests', temporary: true })
  t.equal(service.spoolFiles().length, 1)
  for (const url of ['/dicom-web/studies', '/dicom-web/studies/1.2.3', '/dicom-web/studies/1.2.3/metadata', '/api/v1/jobs']) {
    t.equal((await service.inject({ url })).statusCode, 429, url)
  }
  t.equal((await service.inject({ url: '/livez' })).statusCode, 200, 'health checks are not counted')
  t.equal((await service.inject({ url: '/dicom-web/studies', remoteAddress: '10.0.0.9' })).statusCode, 200, 'another address has its own count')
})

t.test('without a limit a sender of one instance a request is never held up', async t => {
  const service = await testService(t)
  const answers = []
  for (let i = 1; i <= 60; i++) answers.push((await service.store(multipart([dicomFile({ sop: `1.2.3.4.${i}` })]))).statusCode)
  t.strictSame([...new Set(answers)], [200])
})

/** Lets the disk fail in the `nth` file and after it, as `write(2)` fails. */
function failDisk (service: TestService, code: string, nth: number): void {
  const stage = service.archive.stage.bind(service.archive)
  let staged = 0
  service.archive.stage = async options => {
    const file = await stage(options)
    if (++staged < nth) return file
    const failing = diskError(Object.assign(new Error(code), { code }))
    return { ...file, writable: new Writable({ write (_chunk, _encoding, done) { done(failing) } }) }
  }
}

for (const code of ['ENOSPC', 'EDQUOT']) {
  t.test(`${code} while a part is written is its A700; when all parts end so the request is 503`, async t => {
    const service = await testService(t)
    failDisk(service, code, 2)
    const some = await service.store(multipart([good, other]))
    t.equal(some.statusCode, 202)
    t.strictSame(storedIn(some), ['1.2.3.4.1'])
    t.strictSame(reasonsIn(some, '0008119A'), [0xa700], 'nobody knows what it was')
    const none = await service.store(multipart([other, dicomFile({ sop: '1.2.3.4.3' })]))
    t.equal(none.statusCode, 503)
    t.equal(none.headers['retry-after'], '30')
    t.match(none.headers.warning, /"A700: out of resources"$/)
    t.strictSame(reasonsIn(none, '0008119A'), [0xa700, 0xa700])
    t.strictSame(service.temporaryFiles(), [])
  })
}

t.test('a disk that fills when the files are put in their places is A700 with the UIDs', async t => {
  const service = await testService(t)
  const { spool } = service.archive
  const place = spool.place.bind(spool)
  spool.place = async () => { throw diskError(Object.assign(new Error('full'), { code: 'ENOSPC' })) }
  const answer = await service.store(multipart([good]))
  t.equal(answer.statusCode, 503)
  t.strictSame(reasonsIn(answer, '00081198'), [0xa700])
  t.strictSame([service.temporaryFiles(), service.spoolFiles()], [[], []])
  spool.place = place
  t.equal((await service.store(multipart([good]))).statusCode, 200)
})

t.test('an error of ours is 0110, and the others of the message are stored', async t => {
  const service = await testService(t)
  const { spool } = service.archive
  const place = spool.place.bind(spool)
  let calls = 0
  spool.place = async (file, name) => {
    if (++calls === 1) throw new Error('unexpected')
    await place(file, name)
  }
  const answer = await service.store(multipart([good, other]))
  t.equal(answer.statusCode, 202)
  t.strictSame(reasonsIn(answer, '00081198'), [0x0110])
  t.strictSame(storedIn(answer), ['1.2.3.4.2'])
})

t.test('a long message is committed piece by piece: what a broken connection leaves is whole, and sending again completes it', async t => {
  const service = await testService(t)
  const port = await listen(service)
  const body = multipart(Array.from({ length: 250 }, (_, i) => dicomFile({ sop: `1.2.3.4.${i + 1}` })))
  const head = ['POST /dicom-web/studies HTTP/1.1', 'Host: test', 'Accept: application/dicom+json', `Content-Type: ${multipartType}`,
    `Content-Length: ${body.length}`, '', ''].join('\r\n')
  const socket = connect(port, '127.0.0.1').on('error', () => undefined)
  socket.write(head)
  socket.write(body.subarray(0, body.length - 200))
  for (let i = 0; i < 2400 && service.archive.findInstances({}).length < 200; i++) await new Promise(resolve => setTimeout(resolve, 25))
  socket.destroy()
  t.strictSame(await leftBehind(service), [])
  const held = service.archive.findInstances({})
  t.equal(held.length, 200, 'two commits of 100; the third never came')
  t.equal(service.spoolFiles().length, 200, 'no file without a row')
  const again = await service.store(body)
  t.equal(again.statusCode, 200)
  t.equal(storedIn(again).length, 250, 'those of the first message are answered as stored')
  t.equal(service.archive.findInstances({}).length, 250)
  t.equal(service.spoolFiles().length, 250)
})

t.test('a limit that is passed late keeps what was committed before', async t => {
  const service = await testService(t, { settings: { maxParts: 120 } })
  const port = await listen(service)
  const body = multipart(Array.from({ length: 121 }, (_, i) => dicomFile({ sop: `1.2.3.4.${i + 1}` })))
  const cut = Math.round(body.length * 110 / 121)
  const socket = connect(port, '127.0.0.1')
  const received: Buffer[] = []
  socket.on('data', chunk => received.push(chunk))
  const closed = once(socket, 'close')
  socket.write(`POST /dicom-web/studies HTTP/1.1\r\nHost: test\r\nContent-Type: ${multipartType}\r\nContent-Length: ${body.length}\r\n\r\n`)
  socket.write(body.subarray(0, cut))
  for (let i = 0; i < 400 && service.spoolFiles().length < 100; i++) await new Promise(resolve => setTimeout(resolve, 25))
  socket.write(body.subarray(cut))
  await closed
  t.match(Buffer.concat(received).toString('latin1'), /^HTTP\/1\.1 413 [^]*\r\nconnection: close\r\n/i)
  t.strictSame([service.archive.findInstances({}).length, service.spoolFiles().length, service.temporaryFiles()], [100, 100, []])
})

t.test('a request that is refused for its rate closes its connection instead of reading on', async t => {
  const service = await testService(t, { settings: { rateLimit: 1 } })
  const port = await listen(service)
  await service.inject({ url: '/dicom-web/studies', remoteAddress: '127.0.0.1' })
  const answer = await exchange(port, [['POST /dicom-web/studies HTTP/1.1', 'Host: test', `Content-Type: ${multipartType}`,
    'Content-Length: 100000', '', ''].join('\r\n'), Buffer.alloc(1000)])
  t.match(answer, /^HTTP\/1\.1 429 /)
  t.match(answer, /\r\nconnection: close\r\n/i)
})
