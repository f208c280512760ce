import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import t from 'tap'
import { temporaryFolder } from '../helpers/archive.ts'
import { freePort } from '../helpers/orthanc.ts'
import { Service, until } from '../helpers/service.ts'

// service.md A2, of the whole service: a study with marks in its names, numbers, dates and UIDs is analysed, with every object that can
// be written, while PACS, worklist and webhook fail and answer with the marks. test/service/canary.test.ts is for every route.

const fixtures = resolve(import.meta.dirname, '../../fixtures')
const marks = /Zqanary|Zq0001|77317731|19310417/i
const markedUid = (uid: string): string => uid.replace(/^(2\.25\.\d{8})\d{8}/, '$177317731')
const study = markedUid('2.25.38715956467021713236730214799596687996')
const series = markedUid('2.25.297363389400992379384757622680555324741')
const workitem = markedUid('2.25.310154046327127337720878879664517629569')

/** A file of the fixtures with marks of the same length. */
function marked (path: string): Buffer {
  const texts = { 'Fixture^Phantom': 'Zqanary^Zqanary', 'FIXTURE-1': 'Zqanary-1', FX0001: 'Zq0001', 20140315: '19310417', 'Brain MR, procedural phantom': 'Zqanary MR,procedural phanto' }
  const text = readFileSync(path).toString('latin1').replace(/2\.25\.\d{30,}/g, markedUid)
  return Buffer.from(Object.entries(texts).reduce((given, [from, to]) => given.replaceAll(from, to), text), 'latin1')
}

interface Server { readonly url: string, readonly requests: string[], readonly bodies: string[] }

async function server (t: { teardown: (action: () => unknown) => unknown }, answer: (request: IncomingMessage, response: ServerResponse, body: string) => void): Promise<Server> {
  const [requests, bodies]: [string[], string[]] = [[], []]
  const listener = createServer((request, response) => {
    let body = ''
    request.setEncoding('latin1').on('data', chunk => { body += String(chunk) }).on('end', () => {
      requests.push(`${request.method} ${request.url}`)
      bodies.push(body)
      answer(request, response, body)
    })
  }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  t.teardown(() => { listener.closeAllConnections(); listener.close() })
  return { url: `http://127.0.0.1:${(listener.address() as AddressInfo).port}/Rs`, requests, bodies }
}

/** An answer that fails and tells what it should not. */
function fail (response: ServerResponse, status: number): void {
  response.writeHead(status, { warning: '299 x: Zqanary', location: 'http://x/Zqanary', 'x-patient': 'Zqanary' })
  response.end(JSON.stringify({ '00081198': { vr: 'SQ', Value: [{ '00081155': { vr: 'UI', Value: [series] }, '00081197': { vr: 'US', Value: ['Zqanary'] }, '00000902': { vr: 'LO', Value: ['Zqanary'] } }] } }))
}

t.test('a study goes through analysis, reports, PACS, worklist and webhook without leaving a mark in logs, metrics, trail, messages and names of files', { timeout: 300_000 }, async t => {
  const dataset = {
    '00080018': { vr: 'UI', Value: [workitem] },
    '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Zqanary^Doe' }] },
    '00741204': { vr: 'LO', Value: ['Zqanary'] },
    '00404021': { vr: 'SQ', Value: [{ '0020000D': { vr: 'UI', Value: [study] }, '0020000E': { vr: 'UI', Value: [series] } }] },
  }
  const pacs = await server(t, (request, response) => {
    const url = request.url ?? ''
    if (request.method === 'GET' && url.includes('/workitems')) response.end(JSON.stringify([dataset]))
    else if (request.method === 'PUT' && pacs.requests.filter(one => one.startsWith('PUT')).length === 1) response.writeHead(200).end()
    else fail(response, request.method === 'POST' ? [400, 409, 503][pacs.requests.length % 3]! : 500)
  })
  const hook = await server(t, (_request, response) => {
    if (hook.requests.length === 1) fail(response, 500)
    else response.end()
  })
  const folder = temporaryFolder(t)
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text, { mode: 0o600 })
    return join(folder, name)
  }
  const service = new Service(await freePort(), {
    TUBERLENS_MODEL_DIR: join(fixtures, 'tiny-model'),
    TUBERLENS_LOG_LEVEL: 'trace',
    TUBERLENS_DEBUG: '1',
    TUBERLENS_PACS_URL: pacs.url,
    TUBERLENS_WORKLIST_DESTINATION: 'pacs',
    TUBERLENS_WORKLIST_POLL_S: '1',
    TUBERLENS_WEBHOOK_URL: hook.url,
    TUBERLENS_WEBHOOK_SECRET_FILE: file('webhook', `whsec_${Buffer.alloc(32, 3).toString('base64')}`),
    TUBERLENS_METRICS_TOKEN_FILE: file('metrics', 'token-of-metrics'),
    TUBERLENS_HEATMAP_METHODS: 'grad-cam,saliency',
    TUBERLENS_PARAMETRIC_MAPS: 'true',
    TUBERLENS_KEY_OBJECT_SELECTION: 'true',
    TUBERLENS_PDF_REPORT: 'true',
  })
  t.teardown(async () => await service.remove())
  await service.start()
  for (const name of readdirSync(join(fixtures, 'flair'))) {
    const stored = await fetch(`${service.dicomWeb}/studies`, { method: 'POST', headers: { 'content-type': 'application/dicom' }, body: new Uint8Array(marked(join(fixtures, 'flair', name))) })
    t.equal(stored.status, 200)
  }
  const jobs = async (): Promise<{ id: number, kind: string }[]> => (await (await fetch(`${service.url}/api/v1/jobs`)).json() as { jobs: { id: number, kind: string }[] }).jobs
  await until(async () => pacs.requests.some(one => one.startsWith('POST') && one.endsWith('/studies')), 150, 'a delivery')
  await until(async () => hook.requests.length > 0 && pacs.requests.some(one => one.startsWith('PUT')), 60, 'the webhook and the worklist')
  for (const { id } of await jobs()) {
    for (const url of [`/api/v1/jobs/${id}`, `/status/jobs/${id}`]) t.equal((await fetch(service.url + url)).status, 200, url)
  }
  t.equal((await fetch(`${service.url}/api/v1/studies/${study}/fhir`)).status, 200)
  t.equal((await fetch(`${service.dicomWeb}/studies/${study}/rendered`)).status, 200)
  t.equal((await fetch(`${service.url}/api/v1/destinations/pacs/test`, { method: 'POST' })).status, 200)
  const metrics = await (await fetch(`${service.url}/metrics`, { headers: { authorization: 'Bearer token-of-metrics' } })).text()
  t.equal((await fetch(`${service.url}/api/v1/studies/${study}?force=true`, { method: 'DELETE' })).status, 204)
  t.equal(await service.end('SIGTERM'), 0)

  t.match(pacs.bodies.find((_body, i) => pacs.requests[i]!.endsWith('/studies')), marks, 'the PACS gets the patient')
  t.match(service.log, /"level":"trace"|"level":"debug"/)
  t.notMatch(service.log, marks, 'log')
  t.notMatch(service.log, /token-of-metrics|whsec_|AwMDAwMD/, 'secrets')
  t.match(metrics, /tuberlens_deliveries_total/)
  t.notMatch(metrics, marks, 'metrics')
  t.ok(hook.bodies.length > 0)
  t.notMatch(hook.bodies.join('\n'), marks, 'webhook')
  const trail = readdirSync(join(service.folder, 'audit')).map(name => readFileSync(join(service.folder, 'audit', name), 'utf8')).join('')
  t.match(trail, /"event":"110104"[^]*"event":"110103"[^]*"event":"110105"/)
  t.notMatch(trail, marks, 'audit trail')
  const names = readdirSync(service.folder, { recursive: true, encoding: 'utf8' })
  t.notMatch(names.join('\n'), marks, 'names of files')
  t.strictSame(names.filter(name => /core|report\.|heapsnapshot|diagnostic/.test(name)), [], 'no dumps')
  t.notMatch(readFileSync(join(service.folder, 'tuberlens.sqlite')).toString('latin1'), /Zqanary/, 'of an erased study nothing stays in the data base')
})
