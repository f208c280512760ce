import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { exchange } from '../../src/dicomweb/http-exchange.ts'
import { countInstances } from '../../src/dicomweb/qido-client.ts'
import { retrieveInstances } from '../../src/dicomweb/wado-client.ts'
import { dicomFile, multipart, multipartType } from './support/dicom-file.ts'
import { testService } from './support/test-service.ts'

// service.md A3: only configured origins are ever fetched.

async function server (t: { teardown: (action: () => unknown) => unknown }, answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<{ url: string, asked: string[] }> {
  const asked: string[] = []
  const listener = createServer((request, response) => { asked.push(request.url ?? ''); answer(request, response) }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  t.teardown(() => { listener.closeAllConnections(); listener.close() })
  return { url: `http://127.0.0.1:${(listener.address() as AddressInfo).port}`, asked }
}

t.test('addresses in what comes in are never followed', async t => {
  const internal = await server(t, (_request, response) => { response.end('x') })
  const service = await testService(t)
  for (const address of [`${internal.url}/secret`, 'http://169.254.169.254/latest/meta-data', 'file:///etc/passwd']) {
    const dataset = {
      '00080016': { vr: 'UI', Value: ['1.2.840.10008.5.1.4.1.1.4'] }, '00080018': { vr: 'UI', Value: ['1.2.3.4.1'] }, '0020000D': { vr: 'UI', Value: ['1.2.3'] },
      '0020000E': { vr: 'UI', Value: ['1.2.3.4'] }, '00080060': { vr: 'CS', Value: ['MR'] }, '7FE00010': { vr: 'OW', BulkDataURI: address },
    }
    const metadata = Buffer.from(`--b\r\nContent-Type: application/dicom+json\r\n\r\n${JSON.stringify([dataset])}\r\n--b--\r\n`)
    const stored = await service.inject({ method: 'POST', url: '/dicom-web/studies', headers: { 'content-type': 'multipart/related; type="application/dicom+json"; boundary=b' }, payload: metadata })
    t.ok(stored.statusCode >= 400, 'bulk data are in the message or nowhere')
    t.notMatch(stored.body, /root:|meta-data|secret/)
    // RetrieveURL in the header of an image
    await service.store(multipart([dicomFile({ change: { '00081190': ['00081190', 'UR', address] } })]))
    const workitem = {
      '00404021': { vr: 'SQ', Value: [{ '0020000D': { vr: 'UI', Value: ['1.2.3'] }, '00081190': { vr: 'UR', Value: [address] }, '0040E020': { vr: 'CS', Value: ['DICOM'] }, '0040E025': { vr: 'SQ', Value: [{ '00081190': { vr: 'UR', Value: [address] } }] } }] },
    }
    const created = await service.inject({ method: 'POST', url: '/dicom-web/workitems', headers: { 'content-type': 'application/dicom+json' }, payload: JSON.stringify(workitem) })
    t.equal(created.statusCode, 201)
    for (const name of ['url', 'src', 'requestURI']) await service.app.inject({ url: `/wado?requestType=WADO&studyUID=1.2.3&seriesUID=1.2.3.4&objectUID=1.2.3.4.1&${name}=${encodeURIComponent(address)}` })
    await service.app.inject({ url: `/dicom-web/studies/1.2.3/series/1.2.3.4/instances/1.2.3.4.1/bulkdata/${encodeURIComponent(address)}` })
  }
  t.strictSame(internal.asked, [])
  t.ok(multipartType.length > 0)
})

t.test('a PACS leads nowhere else: neither by a redirect nor by addresses in its answers', async t => {
  const internal = await server(t, (_request, response) => { response.end('x') })
  const moving = await server(t, (_request, response) => { response.writeHead(302, { location: `${internal.url}/secret` }).end() })
  const naming = await server(t, (_request, response) => {
    response.setHeader('content-type', 'application/dicom+json')
    response.end(JSON.stringify([{ '00081190': { vr: 'UR', Value: [`${internal.url}/secret`] }, '00080018': { vr: 'UI', Value: ['1.2.3.4.1'] }, '00201209': { vr: 'IS', Value: [1] } }]))
  })
  t.equal((await exchange({ url: moving.url }, { method: 'GET', url: `${moving.url}/studies`, headers: {} }))?.status, 302)
  await t.rejects(retrieveInstances({ url: moving.url }, { studyInstanceUid: '1.2.3' }, async () => undefined), { code: 'remote-refused' })
  await countInstances({ url: moving.url }, '1.2.3', '1.2.3.4').catch(() => undefined)
  await countInstances({ url: naming.url }, '1.2.3', '1.2.3.4').catch(() => undefined)
  t.ok(moving.asked.length >= 3)
  t.ok(naming.asked.length >= 1)
  t.strictSame(internal.asked, [])
})
