import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import t from 'tap'
import { readInstanceFile } from '../../src/dicom/read-instance.ts'
import { parseMediaType } from '../../src/dicomweb/media-type.ts'
import { checkBoundary, readParts } from '../../src/dicomweb/multipart-related.ts'
import { storeInstances } from '../../src/dicomweb/stow-client.ts'
import { temporaryFolder } from '../helpers/archive.ts'
import { freePort } from '../helpers/orthanc.ts'
import { Service, until } from '../helpers/service.ts'

interface Owner { teardown: (action: () => unknown) => unknown }
interface Held { readonly sop: string, readonly series: string, readonly modality: string }

const fixtures = resolve(import.meta.dirname, '../../fixtures')

async function listen (t: Owner, handler: (request: IncomingMessage, response: ServerResponse) => Promise<void>): Promise<string> {
  const server = createServer((request, response) => { void handler(request, response) }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.closeAllConnections(); server.close() })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A PACS that keeps what it gets, in order, and can be searched. */
async function pacs (t: Owner): Promise<{ url: string, held: Held[], authorizations: Set<string | undefined> }> {
  const held: Held[] = []
  const authorizations = new Set<string | undefined>()
  const folder = temporaryFolder(t)
  const url = await listen(t, async (request, response) => {
    authorizations.add(request.headers.authorization)
    if (request.method !== 'POST') {
      const series = /series\/([\d.]+)\/instances/.exec(request.url ?? '')?.[1]
      const first = !/offset=[1-9]/.test(request.url ?? '')
      response.end(JSON.stringify(first ? held.filter(one => one.series === series).map(({ sop }) => ({ '00080018': { vr: 'UI', Value: [sop] } })) : []))
      return
    }
    const stored: string[] = []
    for await (const part of readParts(request, checkBoundary(parseMediaType(request.headers['content-type'])!.parameters.get('boundary')))) {
      const chunks: Uint8Array[] = []
      for await (const chunk of part.body) chunks.push(chunk)
      const path = join(folder, String(held.length))
      writeFileSync(path, Buffer.concat(chunks))
      const { sopInstanceUid, seriesInstanceUid, attributes } = await readInstanceFile(path)
      held.push({ sop: sopInstanceUid, series: seriesInstanceUid, modality: attributes.string('Modality') ?? '' })
      stored.push(sopInstanceUid)
    }
    response.end(JSON.stringify({ '00081199': { vr: 'SQ', Value: stored.map(uid => ({ '00081155': { vr: 'UI', Value: [uid] } })) } }))
  })
  return { url, held, authorizations }
}

t.test('a service with three destinations and a webhook serves all that are there', { timeout: 240_000 }, async t => {
  const [archive, reader] = [await pacs(t), await pacs(t)]
  const told: { type: string, data: { outcome: string, destinations: Record<string, { delivered: number, pending: number }> } }[] = []
  const key = Buffer.alloc(32, 3)
  const hook = await listen(t, async (request, response) => {
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += String(chunk)
    const signed = createHmac('sha256', key).update(`${String(request.headers['webhook-id'])}.${String(request.headers['webhook-timestamp'])}.${body}`).digest('base64')
    t.equal(request.headers['webhook-signature'], `v1,${signed}`)
    t.notMatch(body, /\d+\.\d+\.\d+\.\d+\.\d+/, 'no UID')
    told.push(JSON.parse(body) as typeof told[number])
    response.end()
  })
  const folder = temporaryFolder(t)
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const destinations = [
    { id: 'down', url: `http://127.0.0.1:${await freePort()}` },
    { id: 'archive', url: archive.url, auth: { kind: 'basic', username: 'tuber', passwordFile: file('password', 'canary-secret') } },
    { id: 'reader', url: reader.url, filter: 'positive', objects: ['sr', 'source'] },
  ]
  const service = new Service(await freePort(), {
    TUBERLENS_MODEL_DIR: join(fixtures, 'tiny-model'),
    TUBERLENS_DESTINATIONS_FILE: file('destinations.json', JSON.stringify(destinations)),
    TUBERLENS_WEBHOOK_URL: hook,
    TUBERLENS_WEBHOOK_SECRET_FILE: file('webhook', `whsec_${key.toString('base64')}`),
  })
  t.teardown(async () => await service.remove())
  await service.start()
  const series = await Promise.all(readdirSync(join(fixtures, 'flair')).map(async name => {
    const path = join(fixtures, 'flair', name)
    const { sopClassUid, sopInstanceUid } = await readInstanceFile(path)
    return { path, sopClassUid, sopInstanceUid, bytes: 0 }
  }))
  await storeInstances({ url: service.dicomWeb }, series)
  await until(async () => archive.held.some(({ modality }) => modality === 'SR'), 120, 'the report at the archive')
  t.equal(archive.held.length, 12 + 12 + 1 + 1)
  t.equal(archive.held.at(-1)?.modality, 'SR', 'last')
  t.strictSame([...archive.authorizations], [`Basic ${Buffer.from('tuber:canary-secret').toString('base64')}`])
  await until(async () => told.length > 0, 30, 'the webhook')
  t.equal(told[0]?.type, 'report.issued')
  const wanted = told[0]?.data.outcome === 'positive' ? [...series.map(() => 'MR'), 'SR'] : []
  await until(async () => reader.held.length >= wanted.length, 30, 'the reader')
  t.strictSame(reader.held.map(({ modality }) => modality), wanted)
  t.match(service.log, /"clientSecretFile"|"passwordFile"/, 'the configuration is told')
  t.notMatch(service.log, 'canary-secret')
})
