import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { uidHash } from '../../src/archive/tombstones.ts'
import { uidFromName } from '../../src/dicom/uid.ts'
import type { WebhookSettings } from '../../src/workflow/webhook.ts'
import { Clock, mrFile, openArchive, store, temporaryFolder } from '../helpers/archive.ts'
import { answers, Control, FakePacs, live, testWorkflow } from '../helpers/workflow.ts'

type Owner = Parameters<typeof openArchive>[0]
interface Message { readonly headers: IncomingHttpHeaders, readonly body: string }
interface Told { type: string, timestamp: string, data: Record<string, unknown> }

const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
const patient = /Doe|Jane|杜|P1|A1|S1|20260102/

/** A receiver that answers as told, and a workflow that tells it. */
async function scene (t: Owner, pacs: readonly FakePacs[] = [new FakePacs()], on = true) {
  const messages: Message[] = []
  const receiver: { answer: (response: ServerResponse) => void } = { answer: response => { response.writeHead(204).end() } }
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
      messages.push({ headers: request.headers, body: Buffer.concat(chunks).toString('utf8') })
      receiver.answer(response)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.closeAllConnections(); server.close() })
  const secretFile = join(temporaryFolder(t), 'secret')
  writeFileSync(secretFile, `${secret}\n`)
  const webhook: WebhookSettings = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, secretFile }
  const clock = new Clock()
  const archive = await openArchive(t, clock)
  const control = new Control(t)
  const { workflow, events } = testWorkflow(t, archive, clock, control, { destinations: pacs, webhook: on ? webhook : undefined })
  await workflow.start()
  const told = () => messages.map(({ body }) => JSON.parse(body) as Told)
  return { clock, archive, control, workflow, events, messages, told, receiver, secretFile, webhook, live: async (s: number, step = 1) => { await live(workflow, clock, s, step) } }
}

t.test('a report and its delivery are told, signed, without a word about the patient', async t => {
  const { archive, control, live, messages, told, clock } = await scene(t)
  control.tell('positive')
  await store(archive, mrFile({ index: 0 }), mrFile({ index: 1 }))
  await live(62)
  t.match(told(), [
    { type: 'report.issued', data: { kind: 'report', revision: 1, outcome: 'positive', objects: { 'grad-cam': 2, sr: 1 } } },
    { type: 'report.delivered', data: { outcome: 'positive', destinations: { pacs: { delivered: 3, pending: 0, dead: 0 } } } },
  ])
  t.equal(told()[0]!.data['study'], uidHash(uidFromName('study')))
  t.match(told()[0]!.timestamp, /^2026-01-01T00:01:0\d\.000Z$/)
  t.notMatch(JSON.stringify(messages), patient)
  t.notMatch(JSON.stringify(messages), uidFromName('study'))
  for (const { headers, body } of messages) {
    // the verification of the Standard Webhooks specification, by hand
    const [id, time, signature] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map(name => String(headers[name]))
    const expected = createHmac('sha256', Buffer.alloc(32, 7)).update(`${id}.${time}.${body}`).digest('base64')
    t.equal(signature, `v1,${expected}`)
    t.ok(Math.abs(Number(time) - clock.at / 1000) < 60)
    t.equal(headers['content-type'], 'application/json')
  }
  t.equal(new Set(messages.map(({ headers }) => headers['webhook-id'])).size, 2)
  t.strictSame(archive.webhook.counts(), { pending: 0, dead: 0 })
})

t.test('what was given up is told', async t => {
  const pacs = new FakePacs('reader')
  pacs.answer = () => ({ outcome: { verdict: 'dead', cause: 'bad-request', alert: true, http: 400 }, keep: false })
  const { archive, live, told, control, workflow } = await scene(t, [pacs])
  await store(archive, mrFile())
  await live(65)
  t.match(told().at(-1), { type: 'delivery.dead', data: { outcome: 'negative', destinations: { reader: { delivered: 0, pending: 0, dead: 2 } } } })
  pacs.answer = () => ({ outcome: answers.stored, keep: true })
  t.ok(workflow.retry(Number(told().at(-1)!.data['job'])))
  await live(5)
  t.strictSame(told().map(({ type }) => type), ['report.issued', 'delivery.dead', 'report.delivered'])
  control.tell('fail')
  await store(archive, mrFile({ study: 'other study', series: 'other' }))
  await live(300, 5)
  t.match(told().at(-1), { type: 'job.dead', data: { kind: 'analyse', error: 'model-invalid', study: uidHash(uidFromName('other study')) } })
  t.notHas(told().at(-1)!.data, 'outcome')
})

t.test('a message is sent until it is taken: the same bytes under the same id', async t => {
  const { archive, live, messages, told, receiver, events } = await scene(t)
  let refusals = 2
  receiver.answer = response => { if (refusals-- > 0) response.writeHead(503, { 'retry-after': '90' }).end(); else response.writeHead(200).end() }
  await store(archive, mrFile())
  await live(62)
  t.equal(messages.length, 1, 'after a failure it waits')
  await live(400, 10)
  t.equal(messages.length, 4)
  const first = messages.filter(({ headers }) => headers['webhook-id'] === messages[0]!.headers['webhook-id'])
  t.ok(first.length >= 2)
  t.equal(new Set(first.map(({ body }) => body)).size, 1)
  t.equal(new Set(first.map(({ headers }) => headers['webhook-timestamp'])).size, first.length, 'each attempt has its time')
  t.strictSame([...new Set(told().map(({ type }) => type))].sort(), ['report.delivered', 'report.issued'])
  t.equal(events.filter(({ type }) => type === 'webhook-failed').length, 2)
})

t.test('after the deadline a message is given up; redirects are not followed, secrets that are gone are waited for', async t => {
  const { archive, live, messages, receiver, events, secretFile, webhook } = await scene(t)
  receiver.answer = response => { response.writeHead(302, { location: webhook.url }).end() }
  await store(archive, mrFile())
  await live(62)
  t.equal(messages.length, 1)
  writeFileSync(secretFile, 'whsec_short')
  await live(3600, 600)
  t.equal(messages.length, 1, 'nothing is sent unsigned')
  t.match(events.findLast(({ type }) => type === 'webhook-failed'), { error: 'credentials' })
  await live(73 * 3600, 1200)
  t.strictSame(archive.webhook.counts(), { pending: 0, dead: 2 })
  t.match(events.findLast(({ type }) => type === 'webhook-dead'), { error: 'credentials' })
  await live(7 * 24 * 3600, 12 * 3600)
  t.strictSame(archive.webhook.counts(), { pending: 0, dead: 0 })
})

t.test('messages survive a restart; without a webhook nothing is noted', async t => {
  const { archive, live: lived, messages, receiver, workflow, clock, control, webhook } = await scene(t)
  receiver.answer = response => { response.destroy() }
  await store(archive, mrFile())
  await lived(62)
  await workflow.stop(0)
  const before = archive.webhook.counts().pending
  t.ok(before >= 1)
  receiver.answer = response => { response.writeHead(200).end() }
  const next = testWorkflow(t, archive, clock, control, { webhook }).workflow
  await next.start()
  await live(next, clock, 60, 10)
  t.equal(archive.webhook.counts().pending, 0)
  t.ok(messages.length > before)

  const off = await scene(t, [new FakePacs()], false)
  await store(off.archive, mrFile())
  await off.live(62)
  t.strictSame(off.archive.webhook.counts(), { pending: 0, dead: 0 })
  t.equal(off.archive.counters().jobs['report:DONE'], 1)
})

t.test('a study without results is not told, and one without a destination is told once', async t => {
  const { archive, live, told } = await scene(t, [])
  await store(archive, mrFile({ study: 'no result', series: 'no result' }, { SeriesDescription: 'AX T1' }), mrFile())
  await live(65)
  t.strictSame(told().map(({ type }) => type), ['report.issued'])
  t.strictSame(told()[0]!.data['destinations'], {})
  t.equal(archive.webhook.counts().pending, 0)
})

t.test('an event whose job is gone is let go; a receiver that hangs does not keep the service from stopping', async t => {
  const { archive, live, messages, receiver, workflow, clock } = await scene(t)
  t.equal(archive.webhook.facts(999), undefined)
  receiver.answer = () => undefined
  await store(archive, mrFile())
  const living = live(61).catch(() => undefined)
  while (messages.length === 0) await new Promise(resolve => setImmediate(resolve))
  await workflow.stop(0)
  await living
  t.ok(archive.webhook.counts().pending >= 1)
  t.ok(archive.webhook.due(clock.at)!.body !== undefined)
})
