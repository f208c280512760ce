import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { uidFromName } from '../../src/dicom/uid.ts'
import { type JsonDataset, jsonString } from '../../src/dicomweb/json-model.ts'
import { changeWorkitemState, retrieveWorkitem } from '../../src/dicomweb/workitem-client.ts'
import type { WorklistSettings } from '../../src/workflow/worklist-performer.ts'
import { Clock, mrFile, openArchive, store } from '../helpers/archive.ts'
import { Control, FakePacs, live, settle, testWorkflow } from '../helpers/workflow.ts'

interface Owner { teardown: (body: () => unknown) => void }
interface Step { dataset: JsonDataset, state: string, transaction?: string }

const study = uidFromName('study')
const text = (dataset: JsonDataset, tag: string): string => jsonString(dataset, tag) ?? ''

/** A worklist of UPS-RS that keeps the rules of PS3.4 CC.1.1, with switches for what goes wrong. */
class MockWorklist {
  readonly steps = new Map<string, Step>()
  readonly requests: string[] = []
  url = ''
  /** Answers 503 to everything. */
  down = false
  /** Does what it is asked for and breaks the connection instead of answering. */
  mute = false
  /** Answers 503 to this method. */
  refusing: string | undefined

  add (name: string, input: JsonDataset = { '0020000D': { vr: 'UI', Value: [study] } }): string {
    const uid = uidFromName(name)
    this.steps.set(uid, { state: 'SCHEDULED', dataset: { '00080018': { vr: 'UI', Value: [uid] }, '00404021': { vr: 'SQ', Value: [input] } } })
    return uid
  }

  async listen (t: Owner): Promise<this> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
        const url = new URL(request.url ?? '/', 'http://worklist')
        this.requests.push(`${request.method} ${url.pathname.replace('/rs/', '')}${url.search}`)
        const [status, body] = this.down || this.refusing === request.method ? [503, undefined] : this.answer(request.method ?? '', url, Buffer.concat(chunks).toString())
        if (this.mute && request.method !== 'GET') request.socket.destroy()
        else response.writeHead(status, { 'content-type': 'application/dicom+json' }).end(body === undefined ? '' : JSON.stringify(body))
      })
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.teardown(() => { server.closeAllConnections(); server.close() })
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/rs`
    return this
  }

  answer (method: string, url: URL, body: string): [number, unknown?] {
    const [, , , uid = '', action] = url.pathname.split('/')
    if (method === 'GET' && uid === '') {
      const found = [...this.steps.values()].filter(({ state }) => state === url.searchParams.get('ProcedureStepState'))
      return found.length === 0 ? [204] : [200, found.map(({ dataset }) => dataset)]
    }
    const step = this.steps.get(uid)
    if (step === undefined) return [404]
    if (method === 'GET') return [200, [step.dataset]]
    const payload = (JSON.parse(body) as JsonDataset[])[0]!
    const transaction = text(payload, '00081195')
    if (action === 'state') {
      const wanted = text(payload, '00741000')
      if (wanted === 'IN PROGRESS') {
        if (step.state !== 'SCHEDULED') return [409]
        Object.assign(step, { state: wanted, transaction })
        return [200]
      }
      if (step.transaction !== transaction) return [400]
      if (step.state !== 'IN PROGRESS') return [409]
      step.state = wanted
      return [200]
    }
    if (step.transaction !== transaction || step.state !== 'IN PROGRESS') return [409]
    step.dataset = { ...step.dataset, ...payload }
    return [200]
  }
}

function settings (worklist: MockWorklist, requester?: string): WorklistSettings {
  return { worklist: { destination: { url: worklist.url }, requester }, query: { WorklistLabel: 'TUBERLENS' }, pollMs: 30_000 }
}

t.test('a scheduled workitem is claimed, performed, and told its output and end', async t => {
  const clock = new Clock()
  const archive = await openArchive(t, clock)
  const worklist = await new MockWorklist().listen(t)
  const pacs = new FakePacs()
  const { workflow } = testWorkflow(t, archive, clock, new Control(t), { worklist: settings(worklist, 'TUBERLENS'), destinations: [pacs] })
  await store(archive, mrFile({ index: 0 }), mrFile({ index: 1 }))
  const uid = worklist.add('step')
  await settle(workflow)
  t.equal(worklist.steps.get(uid)!.state, 'IN PROGRESS')
  t.match(worklist.requests[0], 'GET workitems?WorklistLabel=TUBERLENS&ProcedureStepState=SCHEDULED')
  t.ok(worklist.requests.includes(`PUT workitems/${uid}/state/TUBERLENS`), 'with the AE title that dcm4chee wants')
  await live(workflow, clock, 70)
  const step = worklist.steps.get(uid)!
  t.equal(step.state, 'COMPLETED')
  const performed = (step.dataset['00741216']!.Value as JsonDataset[])[0]!
  const outputs = performed['00404033']!.Value as JsonDataset[]
  const sops = outputs.flatMap(output => (output['00081199']!.Value as JsonDataset[]).map(item => text(item, '00081155')))
  t.same(sops.sort(), [...pacs.sops].sort())
  t.match(text(performed, '00404051'), /^2026\d{10}\+0000$/)
  const told = (): number => worklist.requests.filter(request => !request.startsWith('GET')).length
  t.equal(told(), 3, 'claim, output, end')
  await live(workflow, clock, 40)
  t.equal(told(), 3)
  t.equal(workflow.workitems.get(uid as never), undefined, 'it is the other worklist\'s to show')
})

t.test('of two performers one wins, and the other forgets it', async t => {
  const worklist = await new MockWorklist().listen(t)
  const clock = new Clock()
  const archives = [await openArchive(t, clock), await openArchive(t, clock)]
  const workflows = archives.map(archive => testWorkflow(t, archive, clock, new Control(t), { worklist: settings(worklist) }).workflow)
  const uids = ['a', 'b', 'c'].map(name => worklist.add(name))
  await Promise.all(workflows.map(async workflow => { await settle(workflow) }))
  const held = archives.map(archive => uids.filter(uid => archive.workitems.get(uid) !== undefined))
  t.same(held.flat().sort(), [...uids].sort(), 'each has one performer')
})

t.test('a claim whose answer was lost is found again', async t => {
  const worklist = await new MockWorklist().listen(t)
  const clock = new Clock()
  const archive = await openArchive(t, clock)
  const { workflow } = testWorkflow(t, archive, clock, new Control(t), { worklist: settings(worklist) })
  const ours = worklist.add('ours')
  const theirs = worklist.add('theirs')
  worklist.mute = true
  await settle(workflow)
  t.equal(archive.workitems.get(ours)!.origin, 'claiming')
  t.equal(worklist.steps.get(ours)!.state, 'IN PROGRESS')
  worklist.steps.get(theirs)!.transaction = uidFromName('somebody else')
  worklist.mute = false
  await live(workflow, clock, 12)
  t.match(archive.workitems.get(ours), { origin: 'claimed', state: 'IN PROGRESS' }, 'its own Transaction UID proves it')
  t.equal(archive.workitems.get(theirs), undefined)
})

t.test('a claim that never reached the worklist is made again; a worklist that is down is told later', async t => {
  const worklist = await new MockWorklist().listen(t)
  const clock = new Clock()
  const archive = await openArchive(t, clock)
  const { workflow, events } = testWorkflow(t, archive, clock, new Control(t), { worklist: settings(worklist) })
  await store(archive, mrFile())
  const uid = worklist.add('step')
  worklist.refusing = 'PUT'
  await settle(workflow)
  t.equal(worklist.steps.get(uid)!.state, 'SCHEDULED')
  worklist.refusing = undefined
  await live(workflow, clock, 12)
  t.equal(worklist.steps.get(uid)!.state, 'IN PROGRESS')
  worklist.down = true
  await live(workflow, clock, 120, 5)
  t.equal(archive.workitems.get(uid)!.state, 'COMPLETED')
  t.ok(events.some(({ type }) => type === 'worklist-failed'))
  worklist.down = false
  await live(workflow, clock, 400, 20)
  t.equal(worklist.steps.get(uid)!.state, 'COMPLETED')
})

t.test('a workitem that somebody ended meanwhile is reported and left', async t => {
  const worklist = await new MockWorklist().listen(t)
  const clock = new Clock()
  const archive = await openArchive(t, clock)
  const { workflow, events } = testWorkflow(t, archive, clock, new Control(t), { worklist: settings(worklist) })
  await store(archive, mrFile())
  const uid = worklist.add('step')
  await settle(workflow)
  worklist.steps.get(uid)!.state = 'CANCELED'
  await live(workflow, clock, 80)
  t.ok(events.some(({ type }) => type === 'worklist-refused'))
  t.equal(archive.workitems.untold(clock.at + 1e9, 10).length, 0)
})

t.test('a workitem that names no study is left to others', async t => {
  const worklist = await new MockWorklist().listen(t)
  const clock = new Clock()
  const archive = await openArchive(t, clock)
  const { workflow, events } = testWorkflow(t, archive, clock, new Control(t), { worklist: settings(worklist) })
  const uid = worklist.add('step', {})
  await settle(workflow)
  t.equal(worklist.steps.get(uid)!.state, 'SCHEDULED')
  t.ok(events.some(({ type }) => type === 'workitem-unusable'))
})

t.test('the client tells absent, refused and unreadable answers apart', async t => {
  const worklist = await new MockWorklist().listen(t)
  const here = { destination: { url: worklist.url } }
  t.equal(await retrieveWorkitem(here, '1.2'), undefined)
  worklist.answer = () => [200, 'text']
  await t.rejects(retrieveWorkitem(here, '1.2'), { code: 'remote-refused' })
  worklist.answer = () => [500]
  await t.rejects(retrieveWorkitem(here, '1.2'), { code: 'remote-refused', message: /500/ })
  await t.rejects(retrieveWorkitem({ destination: { url: 'http://127.0.0.1:9/rs' } }, '1.2'), { code: 'remote-unreachable' })
  t.equal(await changeWorkitemState({ destination: { url: 'http://127.0.0.1:9/rs' } }, '1.2', { state: 'CANCELED', transactionUid: '1.3' }), 'unanswered')
})
