import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { defaultMultipartLimits } from '../../src/dicomweb/multipart-related.ts'
import { retrieveInstances } from '../../src/dicomweb/wado-client.ts'

interface Owner { teardown: (action: () => void) => unknown }

/** A PACS that answers as told. */
async function pacs (t: Owner, handler: (request: IncomingMessage, response: ServerResponse) => void): Promise<{ url: string, requests: IncomingMessage[] }> {
  const requests: IncomingMessage[] = []
  const server = createServer((request, response) => {
    requests.push(request)
    response.on('error', () => undefined)
    handler(request, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.closeAllConnections(); server.close() })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/dicom-web`, requests }
}

const multipart = (...parts: readonly (readonly [string, string])[]) =>
  `${parts.map(([head, content]) => `--b\r\n${head}\r\n\r\n${content}\r\n`).join('')}--b--\r\n`
const related = { 'content-type': 'multipart/related; type="application/dicom"; boundary=b' }
const dicom = (content: string) => ['Content-Type: application/dicom;transfer-syntax=1.2.840.10008.1.2.1', content] as const

/** Keeps what it is given as text. */
function collector (): { contents: string[], sink: (body: AsyncIterable<Uint8Array>) => Promise<void> } {
  const contents: string[] = []
  return {
    contents,
    sink: async body => {
      const chunks: Uint8Array[] = []
      for await (const chunk of body) chunks.push(chunk)
      contents.push(Buffer.concat(chunks).toString())
    },
  }
}

/** Reads without keeping. */
async function drain (body: AsyncIterable<Uint8Array>): Promise<number> {
  let bytes = 0
  for await (const chunk of body) bytes += chunk.length
  return bytes
}

const instance = { studyInstanceUid: '1.2', seriesInstanceUid: '1.3', sopInstanceUid: '1.4' }

t.test('study, series and instance have their paths, and are asked for as they are stored', async t => {
  const { url, requests } = await pacs(t, (_request, response) => response.writeHead(200, related).end(multipart(dicom('one'), dicom('two'))))
  for (const target of [{ studyInstanceUid: '1.2' }, { studyInstanceUid: '1.2', seriesInstanceUid: '1.3' }, instance]) {
    const { contents, sink } = collector()
    t.equal(await retrieveInstances({ url, headers: { authorization: 'Bearer x' } }, target, sink), 2)
    t.strictSame(contents, ['one', 'two'])
  }
  t.strictSame(requests.map(request => request.url), ['/dicom-web/studies/1.2', '/dicom-web/studies/1.2/series/1.3', '/dicom-web/studies/1.2/series/1.3/instances/1.4'])
  t.equal(requests[0]!.headers.accept, 'multipart/related; type="application/dicom"; transfer-syntax=*')
  t.equal(requests[0]!.headers.authorization, 'Bearer x')
})

t.test('a single part is one instance', async t => {
  const { url } = await pacs(t, (_request, response) => response.writeHead(206, { 'content-type': 'application/dicom' }).end('DICM'))
  const { contents, sink } = collector()
  t.equal(await retrieveInstances({ url }, instance, sink), 1)
  t.strictSame(contents, ['DICM'])
})

t.test('parts without a type are taken, parts of another type are not', async t => {
  const { url } = await pacs(t, (_request, response) => response.writeHead(200, related)
    .end(multipart(['Content-Location: x', 'one'], ['Content-Type: application/octet-stream', 'frames'], dicom('three'))))
  const { contents, sink } = collector()
  t.equal(await retrieveInstances({ url }, instance, sink), 2)
  t.strictSame(contents, ['one', 'three'])
})

t.test('what the server does not have is no instance and no error', async t => {
  for (const status of [204, 404, 410]) {
    const { url } = await pacs(t, (_request, response) => response.writeHead(status).end())
    const { contents, sink } = collector()
    t.equal(await retrieveInstances({ url }, instance, sink), 0)
    t.strictSame(contents, [])
  }
})

t.test('an answer that is not what was asked for is refused', async t => {
  const answers: readonly (readonly [number, Record<string, string>, string])[] = [
    [400, {}, ''],
    [500, {}, 'broken'],
    [200, { 'content-type': 'text/html' }, '<html>'],
    [200, {}, 'DICM'],
    [200, { 'content-type': 'application/dicom', 'content-encoding': 'gzip' }, 'DICM'],
    [200, { 'content-type': 'multipart/related; type="application/dicom"' }, multipart(dicom('one'))],
    [200, related, '--b\r\nContent-Type: application/dicom\r\n\r\nhalf'],
  ]
  for (const [status, headers, body] of answers) {
    const { url } = await pacs(t, (_request, response) => response.writeHead(status, headers).end(body))
    await t.rejects(retrieveInstances({ url }, instance, collector().sink), { code: 'remote-refused' }, `${status} ${JSON.stringify(headers)}`)
  }
})

t.test('no redirect is followed', async t => {
  const elsewhere = await pacs(t, (_request, response) => response.writeHead(200, { 'content-type': 'application/dicom' }).end('DICM'))
  for (const status of [301, 302, 307, 308]) {
    const { url } = await pacs(t, (_request, response) => response.writeHead(status, { location: elsewhere.url }).end())
    await t.rejects(retrieveInstances({ url }, instance, collector().sink), { code: 'remote-refused', facts: { status } })
  }
  t.equal(elsewhere.requests.length, 0)
})

t.test('a UID that is none never becomes part of an address', async t => {
  const { url, requests } = await pacs(t, (_request, response) => response.writeHead(404).end())
  for (const uid of ['', '../../..', '1.2/../../secret', 'http://169.254.169.254/', '1.2?x', `1.${'2'.repeat(64)}`]) {
    for (const target of [{ studyInstanceUid: uid }, { studyInstanceUid: '1.2', seriesInstanceUid: uid }, { ...instance, sopInstanceUid: uid }]) {
      await t.rejects(retrieveInstances({ url }, target, collector().sink), { code: 'uid-invalid' })
    }
  }
  t.equal(requests.length, 0)
})

t.test('a server that is not there, breaks off or falls silent is unreachable, even where the sink keeps that to itself', async t => {
  const quiet = async (body: AsyncIterable<Uint8Array>) => { await drain(body).catch(() => undefined) }
  await t.rejects(retrieveInstances({ url: 'http://127.0.0.1:1/dicom-web' }, instance, quiet), { code: 'remote-unreachable' })
  for (const headers of [{ 'content-type': 'application/dicom', 'content-length': '100' }, { ...related, 'content-length': '1000' }]) {
    const start = '--b\r\nContent-Type: application/dicom\r\n\r\nhalf'
    const cut = await pacs(t, (_request, response) => { response.writeHead(200, headers).write(start, () => response.destroy()) })
    await t.rejects(retrieveInstances({ url: cut.url }, instance, quiet), { code: 'remote-unreachable' })
    const silent = await pacs(t, (_request, response) => { response.writeHead(200, headers).write(start) })
    await t.rejects(retrieveInstances({ url: silent.url }, instance, quiet, { timeoutMs: 200 }), { code: 'remote-unreachable' })
  }
  const mute = await pacs(t, () => undefined)
  await t.rejects(retrieveInstances({ url: mute.url, answerTimeoutMs: 50 }, instance, quiet), { code: 'remote-unreachable' })
})

t.test('an aborted retrieval ends with the reason of its signal', async t => {
  const reason = new Error('stopping')
  for (const headers of [{ 'content-type': 'application/dicom' }, related]) {
    const abort = new AbortController()
    const { url } = await pacs(t, (_request, response) => { response.writeHead(200, headers).write('--b\r\nContent-Type: application/dicom\r\n\r\nhalf') })
    const sink = async (body: AsyncIterable<Uint8Array>) => {
      setImmediate(() => { abort.abort(reason) })
      await drain(body)
    }
    await t.rejects(retrieveInstances({ url }, instance, sink, { signal: abort.signal }), reason)
  }
})

t.test('limits hold for one part and for many', async t => {
  const limits = { ...defaultMultipartLimits, requestBytes: 1000, parts: 2 }
  const single = await pacs(t, (_request, response) => response.writeHead(200, { 'content-type': 'application/dicom' }).end('x'.repeat(1001)))
  await t.rejects(retrieveInstances({ url: single.url }, instance, collector().sink, { limits }), { code: 'payload-too-large' })
  const long = await pacs(t, (_request, response) => response.writeHead(200, related).end(multipart(dicom('x'.repeat(1001)))))
  await t.rejects(retrieveInstances({ url: long.url }, instance, collector().sink, { limits }), { code: 'payload-too-large' })
  const many = await pacs(t, (_request, response) => response.writeHead(200, related).end(multipart(dicom('1'), dicom('2'), dicom('3'))))
  const { contents, sink } = collector()
  await t.rejects(retrieveInstances({ url: many.url }, instance, sink, { limits }), { code: 'payload-too-large' })
  t.ok(contents.length <= 2)
})

t.test('what the sink throws is passed on and nothing more is read', async t => {
  const full = new Error('no space')
  const { url } = await pacs(t, (_request, response) => response.writeHead(200, related).end(multipart(dicom('one'), dicom('two'))))
  let calls = 0
  await t.rejects(retrieveInstances({ url }, instance, async () => { calls++; throw full }), full)
  t.equal(calls, 1)
})

t.test('a slow sink holds the server back', async t => {
  const total = 64 * 2 ** 20
  let written = 0
  const { url } = await pacs(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/dicom', 'content-length': String(total) })
    const chunk = Buffer.alloc(2 ** 20)
    const more = (): void => {
      while (written < total) {
        written += chunk.length
        if (!response.write(chunk)) { response.once('drain', more); return }
      }
      response.end()
    }
    more()
  })
  let writtenAtFirst = 0
  let bytes = 0
  await retrieveInstances({ url }, instance, async body => {
    for await (const chunk of body) {
      if (bytes === 0) {
        await new Promise(resolve => setTimeout(resolve, 300))
        writtenAtFirst = written
      }
      bytes += chunk.length
    }
  })
  t.equal(bytes, total)
  t.ok(writtenAtFirst < total, 'most was still to come while the sink did not read')
})

t.test('credentials are refreshed once after a 401', async t => {
  let refreshed = 0
  const { url, requests } = await pacs(t, (request, response) => {
    if (request.headers.authorization === 'Bearer new') response.writeHead(200, { 'content-type': 'application/dicom' }).end('DICM')
    else response.writeHead(401).end('no')
  })
  const headers = async () => ({ authorization: refreshed > 0 ? 'Bearer new' : 'Bearer old' })
  t.equal(await retrieveInstances({ url, headers, refresh: async () => { refreshed++ } }, instance, collector().sink), 1)
  t.equal(requests.length, 2)
  await t.rejects(retrieveInstances({ url, headers: { authorization: 'Bearer old' } }, instance, collector().sink), { code: 'remote-refused', facts: { status: 401 } })
  const stubborn = { url, headers: { authorization: 'Bearer old' }, refresh: async () => { refreshed++ } }
  await t.rejects(retrieveInstances(stubborn, instance, collector().sink), { code: 'remote-refused', facts: { status: 401 } })
  t.equal(refreshed, 2)
})
