import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { connectionFailure } from '../../src/dicomweb/connection-failure.ts'
import { listByMetadata } from '../../src/dicomweb/metadata-client.ts'
import { countInstances, hasInstance, listInstances } from '../../src/dicomweb/qido-client.ts'
import { AppError } from '../../src/errors.ts'
import { batches, type StoreFile, storeInstances } from '../../src/dicomweb/stow-client.ts'

type Handler = (request: IncomingMessage, body: string, response: ServerResponse) => void
interface Teardown { teardown: (action: () => void) => unknown, testdir: () => string }

/** A PACS that answers as told. */
async function pacs (t: Teardown, handler: Handler): Promise<{ url: string, requests: { headers: IncomingMessage['headers'], body: string, url: string }[] }> {
  const requests: { headers: IncomingMessage['headers'], body: string, url: string }[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
      const body = Buffer.concat(chunks).toString('latin1')
      requests.push({ headers: request.headers, body, url: request.url ?? '' })
      handler(request, body, response)
    }).on('error', () => undefined)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.closeAllConnections(); server.close() })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/dicom-web/`, requests }
}

function files (t: Teardown, count: number): StoreFile[] {
  const folder = t.testdir()
  return Array.from({ length: count }, (_, i) => {
    const path = join(folder, `${i}`)
    writeFileSync(path, `content ${i}`)
    return { path, sopClassUid: '1.2', sopInstanceUid: `1.2.3.${i}`, bytes: 9 }
  })
}

const item = (uid: string, more: object = {}): object => ({ '00081150': { vr: 'UI', Value: ['1.2'] }, '00081155': { vr: 'UI', Value: [uid] }, ...more })
const reason = (code: number | string): object => ({ '00081197': { vr: 'US', Value: [code] } })
const answer = (response: ServerResponse, status: number, body: unknown = '', headers: Record<string, string> = {}): void => {
  response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body))
}

t.test('files are sent with Content-Length in a multipart message, and confirmed one by one', async t => {
  const server = await pacs(t, (_request, _body, response) => answer(response, 200, { '00081199': { vr: 'SQ', Value: [item('1.2.3.0'), item('1.2.3.1', { '00081196': { vr: 'US', Value: [0xb000] } })] } }))
  const outcomes = await storeInstances({ url: server.url, headers: { authorization: 'Bearer x' } }, files(t, 2))
  t.strictSame(outcomes.map(({ verdict, cause, warningReason }) => [verdict, cause, warningReason]), [['sent', 'stored', undefined], ['sent', 'coerced', 0xb000]])
  const [request] = server.requests
  t.equal(request!.url, '/dicom-web/studies')
  t.equal(Number(request!.headers['content-length']), request!.body.length)
  t.notHas(request!.headers, 'transfer-encoding')
  t.equal(request!.headers.authorization, 'Bearer x')
  t.match(request!.headers['content-type'], /^multipart\/related; type="application\/dicom"; boundary=[0-9a-f]{40}$/)
  const boundary = /[0-9a-f]{40}/.exec(request!.headers['content-type']!)![0]
  t.equal(request!.body, `--${boundary}\r\nContent-Type: application/dicom\r\n\r\ncontent 0\r\n--${boundary}\r\nContent-Type: application/dicom\r\n\r\ncontent 1\r\n--${boundary}--\r\n`)
})

t.test('each answer of a PACS has its verdict (service.md §3.3)', async t => {
  const failed = (code: number | string) => ({ '00081198': { vr: 'SQ', Value: [item('1.2.3.0', reason(code))] } })
  const xml = '<?xml version="1.0"?><NativeDicomModel><DicomAttribute tag="00081199" vr="SQ"><Item number="1"><DicomAttribute tag="00081155" vr="UI"><Value number="1">1.2.3.0</Value></DicomAttribute></Item></DicomAttribute></NativeDicomModel>'
  const failedXml = xml.replaceAll('00081199', '00081198').replace('</Item>', '<DicomAttribute tag="00081197" vr="US"><Value number="1">49442</Value></DicomAttribute></Item>')
  const warned = (code: number) => ({ '00081199': { vr: 'SQ', Value: [item('1.2.3.0', { '00081196': { vr: 'US', Value: [code] } })] } })
  const cases: readonly (readonly [string, number, unknown, string, string, boolean?])[] = [
    ['out of resources', 202, failed(0xa700), 'retry', 'out-of-resources'],
    ['another reason of resources', 202, failed(0xa7ff), 'retry', 'out-of-resources'],
    ['another mismatch', 202, failed(0xa901), 'dead', 'refused', true],
    ['another reason that it cannot be understood', 202, failed(0xcfff), 'dead', 'refused', true],
    ['processing failure', 409, failed(0x0110), 'retry', 'processing-failure'],
    ['reason as text, as Orthanc writes it', 409, failed('272'), 'retry', 'processing-failure'],
    ['not authorised', 409, failed(0x0124), 'retry', 'not-authorized', true],
    ['data set does not match', 409, failed(0xa900), 'dead', 'refused', true],
    ['cannot understand', 400, failed(0xc000), 'dead', 'refused', true],
    ['transfer syntax', 409, failed(0xc122), 'dead', 'refused', true],
    ['SOP class not supported', 409, failed(0x0122), 'dead', 'refused', true],
    ['duplicate', 409, failed(0x0111), 'verify', 'duplicate'],
    ['duplicate of dcm4chee', 409, failed(45070), 'verify', 'duplicate'],
    ['409 without a body', 409, '', 'verify', 'duplicate'],
    ['a reason nobody knows', 409, failed(0x0999), 'retry', 'unknown-reason', true],
    ['200 with an empty body', 200, '', 'verify', 'unconfirmed'],
    ['200 with HTML', 200, '<html><body>Welcome</body></html>', 'verify', 'unconfirmed'],
    ['200 with broken JSON', 200, '{"0008', 'verify', 'unconfirmed'],
    ['200 that names another instance', 200, { '00081199': { vr: 'SQ', Value: [item('9.9')] } }, 'verify', 'unconfirmed'],
    ['200 in an array', 200, [{ '00081199': { vr: 'SQ', Value: [item('1.2.3.0')] } }], 'sent', 'stored'],
    ['200 as XML', 200, xml, 'sent', 'stored'],
    ['a failure as XML', 409, failedXml, 'dead', 'refused', true],
    ['a failure without a UID, when one was sent', 409, { '00081198': { vr: 'SQ', Value: [reason(0xa700)] } }, 'retry', 'out-of-resources'],
    ['a failure of another kind, when one was sent', 409, { '0008119A': { vr: 'SQ', Value: [reason(0xc000)] } }, 'dead', 'refused', true],
    ['stored and failed at once', 202, { '00081199': { vr: 'SQ', Value: [item('1.2.3.0')] }, ...failed(0x0110) }, 'verify', 'unconfirmed'],
    ['stored, in an answer of 409', 409, { '00081199': { vr: 'SQ', Value: [item('1.2.3.0')] } }, 'verify', 'duplicate'],
    ['coerced elements', 202, warned(0xb000), 'sent', 'coerced'],
    ['elements discarded', 202, warned(0xb006), 'sent', 'coerced'],
    ['data set does not match the SOP class', 202, warned(0xb007), 'sent', 'coerced'],
    ['400', 400, '', 'dead', 'bad-request', true],
    ['406', 406, '', 'dead', 'bad-request', true],
    ['415', 415, '', 'dead', 'bad-request', true],
    ['413', 413, '', 'dead', 'too-large', true],
    ['401', 401, '', 'retry', 'unauthorized', true],
    ['403', 403, '', 'retry', 'unauthorized', true],
    ['404', 404, '', 'retry', 'wrong-address', true],
    ['405', 405, '', 'retry', 'wrong-address', true],
    ['408', 408, '', 'retry', 'busy'],
    ['425', 425, '', 'retry', 'busy'],
    ['500', 500, '<html>', 'retry', 'busy'],
    ['502', 502, '', 'retry', 'busy'],
    ['504', 504, '', 'retry', 'busy'],
    ['429', 429, '', 'retry', 'busy'],
    ['503', 503, '', 'retry', 'busy'],
    ['a redirect is not followed', 307, '', 'retry', 'unexpected-status', true],
  ]
  let next: readonly [number, unknown] = [200, '']
  const server = await pacs(t, (_request, _body, response) => answer(response, next[0], next[1], { location: '/elsewhere' }))
  const one = files(t, 1)
  for (const [name, status, body, verdict, cause, alert = false] of cases) {
    next = [status, body]
    const [outcome] = await storeInstances({ url: server.url }, one)
    t.strictSame([outcome!.verdict, outcome!.cause, outcome!.alert, outcome!.http], [verdict, cause, alert, status], name)
  }
})

t.test('Retry-After is seconds or a date', async t => {
  let value = '17'
  const server = await pacs(t, (_request, _body, response) => answer(response, 503, '', { 'retry-after': value }))
  const one = files(t, 1)
  t.equal((await storeInstances({ url: server.url }, one))[0]!.retryAfterS, 17)
  value = new Date(Date.now() + 3_600_000).toUTCString()
  const seconds = (await storeInstances({ url: server.url }, one))[0]!.retryAfterS!
  t.ok(seconds > 3500 && seconds <= 3600)
  value = 'soon'
  t.equal((await storeInstances({ url: server.url }, one))[0]!.retryAfterS, undefined)
})

t.test('a request that is too large is split into one for each file', async t => {
  const server = await pacs(t, (_request, body, response) => {
    const uids = [...body.matchAll(/content (\d)/g)].map(match => `1.2.3.${match[1]}`)
    if (uids.length > 1 || uids[0] === '1.2.3.1') answer(response, 413)
    else answer(response, 200, { '00081199': { vr: 'SQ', Value: uids.map(uid => item(uid)) } })
  })
  const outcomes = await storeInstances({ url: server.url }, files(t, 3))
  t.strictSame(outcomes.map(({ verdict }) => verdict), ['sent', 'dead', 'sent'])
  t.equal(server.requests.length, 4)
})

t.test('nobody there, a broken connection and silence are unreachable; the rest is not tried', async t => {
  const nobody = await storeInstances({ url: 'http://127.0.0.1:9' }, files(t, 25))
  t.strictSame(new Set(nobody.map(({ verdict, cause }) => `${verdict} ${cause}`)), new Set(['retry unreachable']))
  t.equal(nobody.length, 25)
  const rude = await pacs(t, request => { request.socket.destroy() })
  t.match(await storeInstances({ url: rude.url }, files(t, 21)), [{ cause: 'unreachable' }])
  t.equal(rude.requests.length, 1)
  const silent = await pacs(t, () => undefined)
  t.match(await storeInstances({ url: silent.url, answerTimeoutMs: 300 }, files(t, 1)), [{ verdict: 'retry', cause: 'unreachable' }])
})

t.test('an answer that names some of what was sent is believed for each of them alone', async t => {
  const server = await pacs(t, (_request, _body, response) => answer(response, 202, {
    '00081199': { vr: 'SQ', Value: [item('1.2.3.0')] },
    '00081198': { vr: 'SQ', Value: [item('1.2.3.1', reason(0xa700))] },
  }))
  const outcomes = await storeInstances({ url: server.url }, files(t, 3))
  t.strictSame(outcomes.map(({ verdict, cause }) => `${verdict} ${cause}`), ['sent stored', 'retry out-of-resources', 'verify unconfirmed'], 'the third was counted out')
})

t.test('a host without a name, a reset in the middle and a body that never ends are unreachable', async t => {
  t.match(await storeInstances({ url: 'http://tuberlens-test.invalid' }, files(t, 1)), [{ verdict: 'retry', cause: 'unreachable' }])
  const resetting = createServer(request => { request.once('data', () => { request.socket.resetAndDestroy() }) }).listen(0, '127.0.0.1')
  const trickling = createServer((request, response) => {
    request.resume().on('end', () => { response.writeHead(200, { 'content-type': 'application/dicom+json' }).write('{') })
  }).listen(0, '127.0.0.1')
  const deaf = createServer(request => { request.pause() }).listen(0, '127.0.0.1')
  const path = join(t.testdir(), 'large')
  writeFileSync(path, Buffer.alloc(8_000_000))
  const large = { path, sopClassUid: '1.2', sopInstanceUid: '1.2.3.0', bytes: 8_000_000 }
  for (const listener of [resetting, trickling, deaf]) {
    if (!listener.listening) await once(listener, 'listening')
    t.teardown(() => { listener.closeAllConnections(); listener.close() })
    const url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`
    t.match(await storeInstances({ url, answerTimeoutMs: 500 }, [large]), [{ verdict: 'retry', cause: 'unreachable', alert: false }])
  }
})

t.test('a server that refuses before it has read everything is understood', async t => {
  for (const [status, cause] of [[413, 'too-large'], [401, 'unauthorized'], [503, 'busy']] as const) {
    const listener = createServer((request, response) => {
      response.writeHead(status, { connection: 'close' }).end()
      request.resume()
    }).listen(0, '127.0.0.1')
    await once(listener, 'listening')
    t.teardown(() => { listener.closeAllConnections(); listener.close() })
    const path = join(t.testdir(), 'large')
    writeFileSync(path, Buffer.alloc(8_000_000))
    const url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`
    t.match(await storeInstances({ url }, [{ path, sopClassUid: '1.2', sopInstanceUid: '1.2.3.0', bytes: 8_000_000 }]), [{ cause, http: status }])
  }
})

t.test('without Content-Length where it is asked for, and in requests of the given size', async t => {
  const server = await pacs(t, (_request, body, response) => {
    answer(response, 200, { '00081199': { vr: 'SQ', Value: [...body.matchAll(/content (\d)/g)].map(match => item(`1.2.3.${match[1]}`)) } })
  })
  const outcomes = await storeInstances({ url: server.url, chunked: true }, files(t, 5), { limits: { instances: 2, bytes: 1000 } })
  t.equal(outcomes.filter(({ verdict }) => verdict === 'sent').length, 5)
  t.strictSame(server.requests.map(({ headers }) => headers['transfer-encoding']), ['chunked', 'chunked', 'chunked'])
  t.strictSame(batches(files(t, 5), { instances: 9, bytes: 18 }).map(group => group.length), [2, 2, 1])
})

t.test('credentials that cannot be had are a refusal, and need a person', async t => {
  const unreadable = { headers: async () => { throw new AppError('input-unreadable', 'the file of a secret is empty or cannot be read') } }
  t.match(await storeInstances({ url: 'http://127.0.0.1:9', ...unreadable }, files(t, 1)), [{ verdict: 'retry', cause: 'unauthorized', alert: true }])
  const silent = { headers: async () => { throw new AppError('remote-unreachable', 'The token server did not answer') } }
  t.match(await storeInstances({ url: 'http://127.0.0.1:9', ...silent }, files(t, 1)), [{ cause: 'unreachable', alert: false }])
})

t.test('what is not understood of an error is a broken connection', async t => {
  t.equal(connectionFailure('text'), 'broken')
  t.equal(connectionFailure(new Error('something')), 'broken')
  t.equal(connectionFailure(Object.assign(new Error('x'), { code: 'EAI_AGAIN' })), 'unknown-host')
  t.equal(connectionFailure(AbortSignal.timeout(0).reason ?? new DOMException('x', 'TimeoutError')), 'timeout')
})

t.test('a server that cannot be searched is asked for the metadata of a series', async t => {
  const server = await pacs(t, (request, _body, response) => request.url!.endsWith('/studies/1.2/series/1.3/metadata')
    ? answer(response, 200, [{ '00080018': { vr: 'UI', Value: ['1.2.3.0 '] } }, { '00080018': { vr: 'UI' } }])
    : answer(response, 404))
  t.strictSame(await listByMetadata({ url: server.url }, '1.2', '1.3'), ['1.2.3.0'])
  t.strictSame(await listByMetadata({ url: server.url }, '1.2', '1.4'), [])
})

t.test('after a 403 too, and after a 401 the credentials are refreshed once', async t => {
  for (const status of [403, 401]) {
    const refusing = await pacs(t, (_request, _body, response) => answer(response, status))
    let refreshed = 0
    t.match(await storeInstances({ url: refusing.url, refresh: async () => { refreshed++ } }, files(t, 1)), [{ cause: 'unauthorized', alert: true }])
    t.equal(refreshed, 1)
    t.equal(refusing.requests.length, 2)
  }

  let token = 'old'
  const server = await pacs(t, (request, _body, response) => request.headers.authorization === 'Bearer new'
    ? answer(response, 200, { '00081199': { vr: 'SQ', Value: [item('1.2.3.0')] } })
    : answer(response, 401))
  const destination = {
    url: server.url,
    headers: async () => ({ authorization: `Bearer ${token}` }),
    refresh: async () => { token = 'new' },
  }
  t.match(await storeInstances(destination, files(t, 1)), [{ verdict: 'sent' }])
  t.equal(server.requests.length, 2)
})

t.test('a file that is gone is dead, the others are sent', async t => {
  const server = await pacs(t, (_request, _body, response) => answer(response, 200, { '00081199': { vr: 'SQ', Value: [item('1.2.3.0')] } }))
  const [first] = files(t, 1)
  const outcomes = await storeInstances({ url: server.url }, [first!, { ...first!, path: `${first!.path}.gone`, sopInstanceUid: '1.2.3.9' }])
  t.match(outcomes, [{ verdict: 'sent' }, { verdict: 'dead', cause: 'unreadable-file' }])
})

t.test('an aborted delivery throws', async t => {
  const server = await pacs(t, () => undefined)
  const abort = new AbortController()
  const sending = storeInstances({ url: server.url }, files(t, 1), { signal: abort.signal })
  setTimeout(() => abort.abort(new Error('stopping')), 50)
  t.rejects(sending, { message: 'stopping' })
})

t.test('requests hold at most 20 files or 50 MB, a larger file stands alone', async t => {
  const file = (bytes: number): StoreFile => ({ path: '', sopClassUid: '', sopInstanceUid: '', bytes })
  t.strictSame(batches(Array.from({ length: 45 }, () => file(1))).map(group => group.length), [20, 20, 5])
  t.strictSame(batches([file(30e6), file(30e6), file(90e6), file(1)]).map(group => group.length), [1, 1, 1, 1])
})

t.test('instances are counted and listed by QIDO-RS, page by page', async t => {
  const all = Array.from({ length: 30 }, (_, i) => ({ '00080018': { vr: 'UI', Value: [`1.2.3.4.${i}`] } }))
  const server = await pacs(t, (request, _body, response) => {
    const url = new URL(request.url!, 'http://x')
    const uid = url.searchParams.get('SOPInstanceUID')
    if (url.pathname.endsWith('/series')) {
      const known = url.searchParams.get('SeriesInstanceUID') === '1.2.3.4'
      if (known) answer(response, 200, [{ '0020000E': { vr: 'UI', Value: ['1.2.3.4'] }, '00201209': { vr: 'IS', Value: ['30'] } }])
      else answer(response, 204)
    } else if (uid !== null) {
      answer(response, 200, all.filter(row => row['00080018'].Value[0] === uid))
    } else {
      const offset = Number(url.searchParams.get('offset'))
      answer(response, 200, all.slice(offset, offset + 12))
    }
  })
  const destination = { url: server.url }
  t.equal(await countInstances(destination, '1.2.3', '1.2.3.4'), 30)
  t.equal(await countInstances(destination, '1.2.3', '1.2.3.5'), 0)
  t.equal((await listInstances(destination, '1.2.3', '1.2.3.4')).length, 30, 'although the server gives 12 at a time')
  const uids = { studyInstanceUid: '1.2.3', seriesInstanceUid: '1.2.3.4' }
  t.equal(await hasInstance(destination, { ...uids, sopInstanceUid: '1.2.3.4.7' }), true)
  t.equal(await hasInstance(destination, { ...uids, sopInstanceUid: '1.2.3.4.77' }), false)
})

t.test('a search that fails says whether the server was there', async t => {
  t.rejects(countInstances({ url: 'http://127.0.0.1:9' }, '1', '2'), { code: 'remote-unreachable' })
  const server = await pacs(t, (request, _body, response) => answer(response, request.url!.includes('/studies/1/') ? 500 : 200, 'not JSON'))
  await t.rejects(countInstances({ url: server.url }, '1', '2'), { code: 'remote-refused' })
  await t.rejects(countInstances({ url: server.url }, '3', '2'), { code: 'remote-refused' })
})
