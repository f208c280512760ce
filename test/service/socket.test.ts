import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import t from 'tap'
import { dicomFile, multipart, multipartType } from './support/dicom-file.ts'
import { exchange, listen } from './support/exchange.ts'
import { leftBehind } from './support/left-behind.ts'
import { testService } from './support/test-service.ts'

const head = (lines: readonly string[]): string => ['POST /dicom-web/studies HTTP/1.1', 'Host: test', 'Connection: close',
  'Accept: application/dicom+json', `Content-Type: ${multipartType}`, ...lines].join('\r\n') + '\r\n\r\n'
const hex = (bytes: Buffer): string => bytes.length.toString(16)

t.test('a chunked body without Content-Length is stored, as Orthanc and python-requests send it', async t => {
  const service = await testService(t)
  const port = await listen(service)
  const body = multipart([dicomFile()])
  const pieces = [body.subarray(0, 3), body.subarray(3, 40), body.subarray(40, 500), body.subarray(500)]
  const answer = await exchange(port, [head(['Transfer-Encoding: chunked']), ...pieces.flatMap(piece => [`${hex(piece)}\r\n`, piece, '\r\n']), '0\r\n\r\n'], 2)
  t.match(answer, /^HTTP\/1\.1 200 /)
  t.match(answer, /1\.2\.3\.4\.1/)
})

t.test('Expect: 100-continue is answered before the body', async t => {
  const service = await testService(t)
  const port = await listen(service)
  const body = multipart([dicomFile()])
  const answer = await exchange(port, [head([`Content-Length: ${body.length}`, 'Expect: 100-continue']), body], 50)
  t.match(answer, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /)
})

t.test('a request that is refused by its header gets its answer although its body was sent', async t => {
  const service = await testService(t)
  const port = await listen(service)
  const body = Buffer.alloc(300_000)
  const lines = ['POST /dicom-web/studies HTTP/1.1', 'Host: test', 'Content-Type: text/plain', `Content-Length: ${body.length}`]
  const answer = await exchange(port, [lines.join('\r\n') + '\r\n\r\n', body])
  t.match(answer, /^HTTP\/1\.1 415 /)
  t.match(answer, /connection: close/i)
})

t.test('a sender that goes away in the middle leaves no file behind', async t => {
  const service = await testService(t)
  const port = await listen(service)
  const body = multipart([dicomFile(), dicomFile({ sop: '1.2.3.4.2' })])
  const socket = connect(port, '127.0.0.1').on('error', () => undefined)
  socket.write(head([`Content-Length: ${body.length}`]))
  socket.write(body.subarray(0, body.length - 500))
  await new Promise(resolve => setTimeout(resolve, 100))
  socket.destroy()
  t.strictSame(await leftBehind(service), [])
  t.match(await exchange(port, [head([`Content-Length: ${body.length}`]), body]), /^HTTP\/1\.1 200 /)
})

t.test('dot segments in a raw path reach nothing', async t => {
  const service = await testService(t)
  const port = await listen(service)
  for (const path of ['/dicom-web/studies/%2e%2e', '/dicom-web/studies/../../etc/passwd', '/dicom-web/studies/1.2/../..', '/dicom-web/studies/%00']) {
    t.match(await exchange(port, [`GET ${path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n`]), /^HTTP\/1\.1 40[04] /, path)
  }
})

t.test('a body that trickles to a request that is answered already does not keep the connection', async t => {
  const service = await testService(t)
  const port = await listen(service)
  const trickling = 'Content-Type: application/dicom+json\r\nContent-Length: 1000\r\n\r\n{'
  for (const [request, status] of [['POST /dicom-web/workitems HTTP/1.1\r\nHost: [', 400], ['PUT /dicom-web/workitems/x/state HTTP/1.1\r\nHost: x\r\nOrigin: https://evil.example', 403]] as const) {
    const answer = await exchange(port, [`${request}\r\n${trickling}`])
    t.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `))
    t.match(answer, /^connection: close\r$/im)
  }
})

t.test('a sender on one connection is told when it ends, and never refused for how many requests came on it', async t => {
  const service = await testService(t)
  const port = await listen(service)
  service.app.server.maxRequestsPerSocket = 3
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.teardown(() => { agent.destroy() })
  const send = async (body: Buffer, type: string): Promise<string> => await new Promise((resolve, reject) => {
    const options = { port, path: '/dicom-web/studies', method: 'POST', agent, headers: { accept: 'application/dicom+json', 'content-type': type } }
    request(options, answer => {
      answer.resume().on('end', () => { resolve(`${answer.statusCode} ${answer.headers.connection}`) })
    }).on('error', reject).end(body)
  })
  const answers: string[] = []
  for (let i = 0; i < 7; i++) answers.push(await send(multipart([dicomFile({ sop: `1.2.3.4.${i}` })]), multipartType))
  t.strictSame(answers, ['200 keep-alive', '200 keep-alive', '200 close', '200 keep-alive', '200 keep-alive', '200 close', '200 keep-alive'])
  t.equal(await send(Buffer.from('x'), 'text/plain'), '415 close', 'what is refused unread ends its connection')
})
