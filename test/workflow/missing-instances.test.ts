import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { uidFromName } from '../../src/dicom/uid.ts'
import { readReceived } from '../../src/service/instance-reading.ts'
import { Reception } from '../../src/service/reception.ts'
import { dicomWebSource } from '../../src/workflow/destination.ts'
import { receiveRule } from '../../src/workflow/loop-guard.ts'
import { Refusals, retrieveMissing } from '../../src/workflow/missing-instances.ts'
import type { MissingOptions } from '../../src/workflow/missing-instances.ts'
import { Clock, mrFile, openArchive, store } from '../helpers/archive.ts'
import { Control, live, testWorkflow } from '../helpers/workflow.ts'

interface Owner { teardown: (body: () => unknown) => void }

const study = uidFromName('study')
const series = uidFromName('series')
const sop = (index: number) => uidFromName(`series ${index}`)
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)
const { signal } = new AbortController()

/** A PACS with QIDO-RS and WADO-RS: lists `listed`, says that they are `count`, and gives the files of `files`. */
class MockPacs {
  listed: string[] = []
  count = 0
  files = new Map<string, Uint8Array>()
  /** SOP Instance UIDs that it was asked for. */
  readonly asked: string[] = []
  /** Answers instead of giving the file. */
  answer: ((response: ServerResponse, uid: string) => void) | undefined
  url = ''

  async listen (t: Owner): Promise<this> {
    const server = createServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://pacs')
      const base = `/dicom-web/studies/${study}/series`
      const json = (rows: object[]) => response.writeHead(200, { 'content-type': 'application/dicom+json' }).end(JSON.stringify(rows))
      const uid = pathname.slice(`${base}/${series}/instances/`.length)
      if (pathname === base) json([{ '0020000E': { vr: 'UI', Value: [series] }, '00201209': { vr: 'IS', Value: [this.count] } }])
      else if (pathname === `${base}/${series}/instances`) {
        const offset = Number(searchParams.get('offset'))
        json(this.listed.slice(offset, offset + Number(searchParams.get('limit'))).map(value => ({ '00080018': { vr: 'UI', Value: [value] } })))
      } else {
        this.asked.push(uid)
        const file = this.files.get(uid)
        if (this.answer !== undefined) this.answer(response, uid)
        else if (file === undefined) response.writeHead(404).end()
        else {
          response.writeHead(200, { 'content-type': 'multipart/related; type="application/dicom"; boundary=b' })
          response.write('--b\r\nContent-Type: application/dicom\r\n\r\n')
          response.write(file)
          response.end('\r\n--b--\r\n')
        }
      }
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.teardown(() => { server.closeAllConnections(); server.close() })
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/dicom-web`
    return this
  }

  /** Holds these slices, with what is changed in their headers. */
  hold (indices: readonly number[], changes: Parameters<typeof mrFile>[1] = {}): this {
    for (const index of indices) {
      this.files.set(sop(index), mrFile({ index }, changes))
      if (!this.listed.includes(sop(index))) this.listed.push(sop(index))
    }
    this.count = this.listed.length
    return this
  }
}

async function scene (t: Owner) {
  const clock = new Clock()
  const archive = await openArchive(t, clock)
  const pacs = await new MockPacs().listen(t)
  const options: MissingOptions = {
    archive,
    intake: study => new Reception({
      archive,
      reader: { read: readReceived, alone: async body => await body() },
      ignoreReason: receiveRule({ manufacturer: 'tuberlens' }),
      ineligible: 'ignore',
      maxInstanceBytes: 1_000_000, issuerOfPatientId: undefined,
      study,
      baseUrl: '',
    }),
  }
  const control = new Control(t)
  const { workflow, events } = testWorkflow(t, archive, clock, control, { source: dicomWebSource({ url: pacs.url }, options) })
  return {
    archive,
    pacs,
    options,
    control,
    workflow,
    events,
    send: async (indices: readonly number[]) => await store(archive, ...indices.map(index => mrFile({ index }))),
    live: async (seconds: number, step = 5) => { await live(workflow, clock, seconds, step) },
    state: () => archive.series.get(series),
    pull: async (abort = signal) => await retrieveMissing({ url: pacs.url, answerTimeoutMs: 2000 }, study, series, options, abort),
  }
}

t.test('35 of 40 slices arrive and the PACS says 40: the 5 are fetched, and the series is complete (U3)', async t => {
  const { archive, pacs, send, live, state, control, events } = await scene(t)
  pacs.hold(range(0, 40))
  await send(range(0, 35))
  await live(55)
  t.strictSame(pacs.asked, [], 'not before it is quiet')
  await live(10)
  t.strictSame(pacs.asked.toSorted(), range(35, 40).map(sop).toSorted(), 'each once')
  t.match(events.find(({ type }) => type === 'series-pulled'), { instances: 5 })
  t.match(state(), { state: 'COMPLETE', held: 40, why: 'all that the PACS has' })
  t.equal(archive.findInstances({ series }).length, 40)
  await live(60)
  t.equal(control.calls('analyse').length, 1)
  t.strictSame(control.calls('shortfall'), ['shortfall [null]'])
})

t.test('the PACS says 40 and lacks 5 of them: the series is flagged after the maximum wait (U3)', async t => {
  const { pacs, send, live, state, control } = await scene(t)
  pacs.hold(range(0, 35))
  pacs.count = 40
  pacs.listed.push(...range(35, 40).map(sop))
  await send(range(0, 35))
  await live(895, 5)
  t.match(state(), { state: 'OPEN', why: '35 of 40 instances that the PACS has' })
  t.ok(pacs.asked.length >= 50, 'asked again now and then')
  await live(10)
  t.match(state(), { state: 'FORCED', held: 35, why: '35 of 40 instances that the PACS has' })
  await live(60)
  t.strictSame(control.calls('shortfall'), ['shortfall [{"received":35,"expected":40}]'])
})

t.test('a series that is found beyond its maximum wait, after a restart, is fetched before it is flagged', async t => {
  const { pacs, send, live, state } = await scene(t)
  pacs.hold(range(0, 6))
  await send(range(0, 4))
  await live(1000, 1000)
  t.match(state(), { state: 'OPEN', held: 6 })
  await live(10)
  t.match(state(), { state: 'COMPLETE', held: 6 })
})

t.test('while the PACS takes its time, everything else goes on; stopping breaks it off', async t => {
  const { pacs, send, live, state, workflow, archive } = await scene(t)
  pacs.hold(range(0, 6))
  const waiting: ServerResponse[] = []
  pacs.answer = response => { waiting.push(response) }
  await send(range(0, 5))
  await store(archive, mrFile({ series: 'another' }))
  const tick = live(65).catch(() => undefined)
  while (waiting.length === 0) await new Promise(resolve => setImmediate(resolve))
  for (let i = 0; i < 3; i++) await workflow.tick()
  t.equal(state()?.state, 'OPEN')
  t.equal(archive.series.get(uidFromName('another'))?.state, 'COMPLETE')
  await workflow.stop(0)
  await tick
  t.equal(waiting.length, 1, 'and does not begin a second time')
  t.equal(state()?.held, 5)
})

t.test('not more than two series are fetched at a time; one beyond its maximum wait does not queue', async t => {
  const clock = new Clock()
  const archive = await openArchive(t, clock)
  const begun: (() => void)[] = []
  const source = {
    count: async () => 2,
    retrieveMissing: async () => await new Promise<number>(resolve => { begun.push(() => { resolve(0) }) }),
  }
  const { workflow } = testWorkflow(t, archive, clock, new Control(t), { source })
  for (const name of ['a', 'b', 'c']) await store(archive, mrFile({ series: name }))
  const states = () => ['a', 'b', 'c'].map(name => archive.series.get(uidFromName(name))!.state).toSorted()
  clock.pass(60_000)
  await workflow.tick()
  t.equal(begun.length, 2)
  t.strictSame(states(), ['OPEN', 'OPEN', 'OPEN'])
  clock.pass(840_000)
  await workflow.tick()
  t.equal(begun.length, 2)
  t.strictSame(states(), ['FORCED', 'OPEN', 'OPEN'])
  for (const end of begun) end()
  await workflow.idle()
  clock.pass(1000)
  await workflow.tick()
  t.strictSame(states(), ['FORCED', 'FORCED', 'FORCED'], 'after the fetch that was under way, nothing is waited for')
})

t.test('what is ignored counts as here and is not fetched again', async t => {
  const { pacs, send, pull } = await scene(t)
  pacs.hold(range(0, 4)).hold([3], { ImageType: ['ORIGINAL', 'PRIMARY', 'LOCALIZER'] })
  await send([0, 1])
  t.equal(await pull(), 2)
  t.equal(await pull(), 0)
  t.strictSame(pacs.asked, [sop(2), sop(3)])
})

t.test('what comes and is refused is not fetched again; what broke off is', async t => {
  const { pacs, send, live, state, archive } = await scene(t)
  pacs.hold(range(0, 5))
  pacs.files.set(sop(3), Buffer.from('this is no DICOM file'))
  pacs.files.set(sop(4), Buffer.alloc(2_000_000))
  await send(range(0, 2))
  await live(400, 5)
  t.match(state(), { state: 'OPEN', why: '3 of 5 instances that the PACS has' })
  t.strictSame(pacs.asked.toSorted(), [sop(2), sop(3), sop(4)].toSorted(), 'each once')

  const breaking = await scene(t)
  breaking.pacs.hold(range(0, 2))
  breaking.pacs.answer = response => {
    response.writeHead(200, { 'content-type': 'application/dicom' }).write(breaking.pacs.files.get(sop(1))!.subarray(0, 300))
    setTimeout(() => { response.destroy() }, 20)
  }
  await breaking.send([0])
  await breaking.live(130, 5)
  t.ok(breaking.pacs.asked.length > 1)
  t.equal(archive.findInstances({ series }).length, 3)
})

t.test('refusals of the last thousand series are remembered', async t => {
  const refusals = new Refusals()
  const uid = (i: number) => uidFromName(`series ${i}`)
  for (let i = 0; i <= 1000; i++) refusals.add(uid(i), ['1.2', '1.3'])
  refusals.add(uid(1000), ['1.4'])
  refusals.add(uid(2000), [])
  t.strictSame([refusals.has(uid(0), '1.2'), refusals.has(uid(1), '1.2'), refusals.has(uid(1000), '1.3'), refusals.has(uid(1000), '1.4'), refusals.has(uid(1), '1.4')],
    [false, true, true, true, false])
})

t.test('an instance of another study, or with an address for a UID, does not come in (A3)', async t => {
  const { archive, pacs, pull, send } = await scene(t)
  await send([0])
  pacs.listed = ['http://169.254.169.254/latest', '../../../etc/passwd', '1.2/../3', sop(1)]
  pacs.files.set(sop(1), mrFile({ study: 'somebody else', index: 1 }))
  t.equal(await pull(), 0)
  t.strictSame(pacs.asked, [sop(1)])
  t.equal(archive.findInstances({}).length, 1)
})

t.test('one instance that the PACS cannot give does not hold up the others, and is told', async t => {
  const { archive, pacs, pull } = await scene(t)
  pacs.hold(range(0, 4))
  const whole = pacs.files
  pacs.answer = (response, uid) => {
    if (uid === sop(1)) response.writeHead(500).end()
    else response.writeHead(200, { 'content-type': 'application/dicom' }).end(whole.get(uid))
  }
  await t.rejects(pull(), { code: 'remote-refused', facts: { status: 500 } })
  t.strictSame(new Set(archive.findInstances({ series }).map(({ sopInstanceUid }) => sopInstanceUid)), new Set([sop(0), sop(2), sop(3)]))
})

t.test('a PACS that refuses is asked three times, one that breaks off once; what came before is kept', async t => {
  const refusing = await scene(t)
  refusing.pacs.hold(range(0, 9)).answer = response => response.writeHead(403).end()
  await t.rejects(refusing.pull(), { code: 'remote-refused', facts: { status: 403 } })
  t.equal(refusing.pacs.asked.length, 3)

  const breaking = await scene(t)
  breaking.pacs.hold(range(0, 9)).answer = (response, uid) => {
    if (uid === sop(2)) response.destroy()
    else response.writeHead(200, { 'content-type': 'application/dicom' }).end(breaking.pacs.files.get(uid))
  }
  await t.rejects(breaking.pull(), { code: 'remote-unreachable' })
  t.equal(breaking.archive.findInstances({ series }).length, 2)
})

t.test('a fetch that fails is told and the series waits', async t => {
  const { pacs, send, live, state, events } = await scene(t)
  pacs.hold(range(0, 6)).answer = response => response.writeHead(503).end()
  await send(range(0, 5))
  await live(70)
  t.match(events.filter(({ type }) => type === 'source-failed'), [{ code: 'remote-refused' }])
  t.match(state(), { state: 'OPEN', why: '5 of 6 instances that the PACS has' })
})

t.test('nothing is fetched onto a full disk', async t => {
  const { pacs, options, pull } = await scene(t)
  pacs.hold(range(0, 3))
  const space = await options.archive.space()
  const archive = { series: options.archive.series, space: async () => ({ ...space, enough: false }) }
  await t.rejects(retrieveMissing({ url: pacs.url }, study, series, { ...options, archive }, signal), { code: 'out-of-resources' })
  t.strictSame(pacs.asked, [])
  const abort = new AbortController()
  pacs.answer = () => { abort.abort(new Error('stopping')) }
  await t.rejects(pull(abort.signal), new Error('stopping'))
})
