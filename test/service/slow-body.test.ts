import { createServer, connect, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import t, { type Test } from 'tap'
import { answerClientError } from '../../src/service/client-error.ts'
import { dicomFile, multipart, multipartType } from './support/dicom-file.ts'
import { exchange, listen, readAnswer } from './support/exchange.ts'
import { disagreement } from './support/openapi.ts'
import { leftBehind } from './support/left-behind.ts'
import { testService } from './support/test-service.ts'

const body = multipart([dicomFile(), dicomFile({ sop: '1.2.3.4.2' })])
const form = Buffer.concat([
  Buffer.from('--b\r\nContent-Disposition: form-data; name="a"; filename="a.dcm"\r\nContent-Type: application/dicom\r\n\r\n'), dicomFile(), Buffer.from('\r\n--b--\r\n'),
])

function head (path: string, type: string, length: number): string {
  return [`POST ${path} HTTP/1.1`, 'Host: test', `Content-Type: ${type}`, `Content-Length: ${length}`].join('\r\n') + '\r\n\r\n'
}

/** Fields of a raw answer, held against openapi.yaml. */
function problem (t: Test, url: string, answer: string): Record<string, unknown> {
  const { status, headers, body } = readAnswer(answer)
  t.match(headers, /^connection: close/im)
  t.match(headers, /^retry-after: /im)
  const response = { statusCode: status, headers: { 'content-type': /^content-type: (.*)/im.exec(headers)?.[1]?.trim() }, rawPayload: Buffer.from(body) }
  t.equal(disagreement('POST', url, response), undefined)
  return JSON.parse(body) as Record<string, unknown>
}

for (const [name, url, type, message] of [
  ['a store request', '/dicom-web/studies', multipartType, body],
  ['a single instance', '/dicom-web/studies', 'application/dicom', dicomFile()],
  ['a form', '/api/v1/upload', 'multipart/form-data; boundary=b', form],
] as const) {
  t.test(`${name} that stops coming is answered with 408, and leaves nothing behind`, async t => {
    const service = await testService(t, { bodyPace: { minBytesPerSecond: 8192, intervalMs: 200, totalMs: 60_000 } })
    const port = await listen(service)
    const answer = await exchange(port, [head(url, type, message.length), message.subarray(0, message.length - 200)])
    t.match(problem(t, url, answer), { status: 408, code: 'request-timeout', temporary: true })
    t.strictSame(await leftBehind(service), [])
    t.strictSame(service.spoolFiles(), [], 'what was not committed is not kept')
    t.match(await exchange(port, [head('/dicom-web/studies', `${multipartType}\r\nConnection: close`, body.length), body]), /^HTTP\/1\.1 200 /)
  })
}

t.test('a body that comes fast enough but for too long is answered with 408', async t => {
  const service = await testService(t, { bodyPace: { minBytesPerSecond: 1, intervalMs: 300, totalMs: 1 } })
  const port = await listen(service)
  const pieces = Array.from({ length: 20 }, (_, i) => body.subarray(i * 50, i * 50 + 50))
  const answer = await exchange(port, [head('/dicom-web/studies', multipartType, body.length), ...pieces], 50)
  t.match(readAnswer(answer), { status: 408 })
})

t.test('what is no HTTP is answered with a problem that repeats nothing of it', async t => {
  const service = await testService(t)
  const port = await listen(service)
  const cases = [
    ['Doe^Jane\r\n\r\n', 400],
    [`GET /livez HTTP/1.1\r\nHost: test\r\nX-Name: Doe^Jane${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ['GET /dicom-web/studies/%zzDoe HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n', 400],
  ] as const
  for (const [request, status] of cases) {
    const answer = readAnswer(await exchange(port, [request]))
    t.equal(answer.status, status)
    t.match(answer.headers, /^content-type: application\/problem\+json/im)
    t.match(JSON.parse(answer.body), { type: `urn:tuberlens:problem:http-${status}`, status, code: `http-${status}` })
    t.notMatch(answer.body, /Doe/)
  }
  t.notMatch(service.log(), /Doe/)
  t.match(readAnswer(await exchange(port, [`GET /dicom-web/studies/${'1'.repeat(300)} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n`])), {
    headers: /^content-type: application\/problem\+json/im,
  })
})

t.test('a header that does not come in time is answered with 408; a connection that is gone is let go', async t => {
  const server = createServer(socket => { answerClientError('ERR_HTTP_REQUEST_TIMEOUT', socket) }).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  const port = (server.address() as AddressInfo).port
  const answer = readAnswer(await exchange(port, []))
  t.match(answer, { status: 408, headers: /^retry-after: 30/im })
  t.match(JSON.parse(answer.body), { temporary: true })
  const socket = connect(port, '127.0.0.1').on('error', () => undefined)
  answerClientError('ECONNRESET', socket)
  t.ok(socket.destroyed)
})
