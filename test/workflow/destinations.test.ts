import t from 'tap'
import type { SqliteArchive } from '../../src/archive/sqlite-archive.ts'
import { uidFromName } from '../../src/dicom/uid.ts'
import type { StoreOutcome } from '../../src/dicomweb/store-outcome.ts'
import type { WorkflowEvent } from '../../src/workflow/events.ts'
import type { Wishes } from '../../src/workflow/routing.ts'
import { Clock, mrFile, openArchive, store } from '../helpers/archive.ts'
import { answers, Control, FakePacs, live, testWorkflow } from '../helpers/workflow.ts'

type Owner = Parameters<typeof openArchive>[0]
const srClass = '1.2.840.10008.5.1.4.1.1.88.34'
const mrClass = '1.2.840.10008.5.1.4.1.1.4'

/** A PACS in memory that wants what it is told. */
function wanting (id: string, wishes: Omit<Wishes, 'id'> = {}): FakePacs & Wishes {
  return Object.assign(new FakePacs(id), wishes)
}

const answering = (cause: StoreOutcome['cause'], rest: Partial<StoreOutcome> = {}): FakePacs['answer'] => () =>
  ({ outcome: { verdict: 'retry', cause, alert: true, ...rest }, keep: false })

async function scene (t: Owner, ...destinations: FakePacs[]) {
  const clock = new Clock()
  const archive = await openArchive(t, clock)
  const control = new Control(t)
  const { workflow, events } = testWorkflow(t, archive, clock, control, { destinations })
  return { clock, archive, control, workflow, events, live: async (s: number, step = 1) => { await live(workflow, clock, s, step) } }
}
const report = (archive: SqliteArchive) => archive.jobs.list({ limit: 1000 }).find(({ kind }) => kind === 'report')!
const classes = (pacs: FakePacs) => pacs.taken.map(({ sopClass }) => sopClass === srClass ? 'sr' : sopClass === mrClass ? 'source' : 'sc')
const alerts = (events: readonly WorkflowEvent[]) => events.filter(({ type }) => type === 'delivery-alert').length

t.test('one destination that is down does not hold the other; each gets its images before its report', async t => {
  const [up, down] = [new FakePacs('up'), new FakePacs('down')]
  down.answer = () => ({ outcome: answers.unreachable, keep: false })
  const { archive, live, workflow } = await scene(t, down, up)
  await store(archive, mrFile({ index: 0 }), mrFile({ index: 1 }))
  await live(120)
  t.strictSame(classes(up), ['sc', 'sc', 'sr'])
  t.strictSame(classes(down), [])
  t.equal(report(archive).state, 'DELIVERING')
  t.match(workflow.destinations(), [
    { id: 'down', configured: true, breaker: 'open', pending: 3, dead: 0, oldestMs: 60_000 },
    { id: 'up', breaker: 'closed', pending: 0, oldestMs: undefined, failures: 0 },
  ])
  down.answer = () => ({ outcome: answers.stored, keep: true })
  await live(120)
  t.strictSame(classes(down), ['sc', 'sc', 'sr'])
  t.equal(report(archive).state, 'DONE')
})

t.test('a positive study goes on to the reader, with its images; all go to the archive', async t => {
  const [keeping, reader] = [wanting('archive'), wanting('reader', { filter: 'positive', objects: ['sr', 'source'] })]
  const { archive, control, live } = await scene(t, keeping, reader)
  await store(archive, mrFile({ study: 'negative', series: 'negative' }))
  await live(65)
  t.strictSame([classes(keeping), classes(reader)], [['sc', 'sr'], []])
  control.tell('positive')
  await store(archive, mrFile({ index: 0 }), mrFile({ index: 1 }), mrFile({ series: 'quiet series' }, { SeriesDescription: 'AX T2 negative' }))
  await live(65)
  t.strictSame(classes(reader), ['source', 'source', 'sr', 'sr'], 'images of the positive series alone, then the reports')
  t.strictSame(new Set(reader.taken.filter(({ sopClass }) => sopClass === mrClass).map(({ sop }) => sop)), new Set([uidFromName('series 0'), uidFromName('series 1')]))
  t.match(report(archive).summary, '"conclusion":"present"')
  t.strictSame(archive.deliveries.report(report(archive).id).find(({ destination }) => destination === 'reader')?.objects.map(({ kind }) => kind), ['source', 'source', 'sr', 'sr'])

  await t.test('and when it is analysed anew and is negative, the reader is told; images are not sent twice', async t => {
    control.untell('positive')
    const before = reader.taken.length
    await store(archive, mrFile({ index: 2 }))
    await live(65)
    t.strictSame(classes(reader).slice(before), ['sr'], 'only what is new')
    t.match(report(archive).summary, '"conclusion":"absent"')
  })
})

t.test('images that wait for a destination are not purged, and those that were erased are given up', async t => {
  const reader = wanting('reader', { objects: ['source'] })
  reader.answer = answering('busy')
  const { archive, live } = await scene(t, reader)
  await store(archive, mrFile())
  await live(65)
  t.equal(archive.counters().deliveries['PENDING'], 1)
  await live(60 * 3600, 3600)
  t.equal(archive.counters().instances.input, 1)
  await archive.eraseStudy(uidFromName('study'), { force: true })
  t.match(archive.deliveries.ofJob(report(archive).id), [{ state: 'DEAD', error: 'erased', path: undefined, sopClassUid: '' }])
})

t.test('a destination that is added later gets the reports from then on', async t => {
  const { archive, live: lived, workflow, clock, control } = await scene(t, new FakePacs('first'))
  await store(archive, mrFile({ study: 'early', series: 'early' }))
  await lived(65)
  await workflow.stop(0)
  const later = new FakePacs('later')
  const next = testWorkflow(t, archive, clock, control, { destinations: [new FakePacs('first'), later] }).workflow
  await next.start()
  await store(archive, mrFile({ study: 'late', series: 'late' }))
  await live(next, clock, 65)
  t.equal(later.sops.size, 2)
})

t.test('what waits for a destination that was removed stays, is told hourly, and is given up at the deadline', async t => {
  const gone = new FakePacs('gone')
  gone.answer = () => ({ outcome: answers.unreachable, keep: false })
  const { archive, live: lived, workflow, clock, control } = await scene(t, gone, new FakePacs('stays'))
  await store(archive, mrFile())
  await lived(65)
  await workflow.stop(0)
  const { workflow: next, events } = testWorkflow(t, archive, clock, control, { destinations: [new FakePacs('stays')] })
  await next.start()
  await live(next, clock, 3 * 3600 - 600, 600)
  t.match(next.destinations(), [{ id: 'stays', configured: true }, { id: 'gone', configured: false, url: undefined, pending: 2 }])
  t.strictSame(events.filter(({ type }) => type === 'destination-missing').map(event => 'pending' in event && event.pending), [2, 2, 2])
  t.equal(report(archive).state, 'DELIVERING')
  await live(next, clock, 70 * 3600, 3600)
  t.equal(report(archive).state, 'DEAD')
  t.match(next.destinations(), [{ id: 'stays' }, { id: 'gone', pending: 0, dead: 2 }])
  t.match(archive.deliveries.ofJob(report(archive).id).filter(({ destination }) => destination === 'gone'), [{ error: 'deadline: not configured' }, { error: 'deadline: not configured' }])

  const back = new FakePacs('gone')
  await next.stop(0)
  const again = testWorkflow(t, archive, clock, control, { destinations: [back, new FakePacs('stays')] }).workflow
  t.ok(again.retry(report(archive).id))
  await live(again, clock, 70)
  t.equal(back.sops.size, 2)
  t.equal(report(archive).state, 'DONE')
})

t.test('a refusal of the credentials or the address holds the destination, not each study: one try in ten minutes', async t => {
  for (const cause of ['unauthorized', 'wrong-address'] as const) {
    const pacs = new FakePacs()
    pacs.answer = answering(cause, { http: cause === 'unauthorized' ? 401 : 404 })
    const { archive, live, workflow, events } = await scene(t, pacs)
    for (let i = 0; i < 20; i++) await store(archive, mrFile({ study: `study ${i}`, series: `series ${i}` }))
    await live(65)
    t.equal(pacs.requests, 1)
    t.match(workflow.destinations(), [{ breaker: 'open', failures: 0, pending: 40 }])
    await live(595)
    t.match(workflow.destinations(), [{ breaker: /open|probing/ }])
    await live(3600, 10)
    t.ok(pacs.requests >= 6 && pacs.requests <= 8, `${pacs.requests} requests`)
    t.equal(alerts(events), pacs.requests, 'each said once')
    pacs.answer = () => ({ outcome: answers.stored, keep: true })
    await live(1300, 10)
    t.equal(pacs.sops.size, 40)
    t.match(workflow.destinations(), [{ breaker: 'closed', pending: 0 }])
  }
})

t.test('Retry-After is about the destination: nothing else is sent meanwhile', async t => {
  const pacs = new FakePacs()
  pacs.answer = answering('busy', { http: 503, retryAfterS: 300, alert: false })
  const { archive, live } = await scene(t, pacs)
  for (let i = 0; i < 10; i++) await store(archive, mrFile({ study: `study ${i}`, series: `series ${i}` }))
  await live(350)
  t.equal(pacs.requests, 1)
  pacs.answer = () => ({ outcome: answers.stored, keep: true })
  await live(60)
  t.equal(pacs.sops.size, 20)
})

t.test('a request is as large as the destination takes', async t => {
  const pacs = Object.assign(new FakePacs(), { limits: { instances: 2, bytes: 1e9 } })
  const { archive, live } = await scene(t, pacs)
  await store(archive, ...[0, 1, 2, 3, 4].map(index => mrFile({ index })))
  await live(65)
  t.equal(pacs.requests, 4, 'five heatmaps in three requests, and the report')
})

t.test('a destination is tested by its name', async t => {
  const able = Object.assign(new FakePacs('able'), { test: async () => ({ reachable: true }) })
  const { workflow } = await scene(t, able, new FakePacs('plain'))
  const { signal } = new AbortController()
  t.same(await workflow.testDestination('able', signal), { reachable: true })
  t.equal(await workflow.testDestination('plain', signal), undefined)
  t.equal(await workflow.testDestination('absent', signal), undefined)
})

t.test('two destinations, one down for 8 hours with 500 series queued: both get everything once (R3)', { timeout: 600_000 }, async t => {
  const [up, down] = [new FakePacs('up'), new FakePacs('down')]
  down.answer = () => ({ outcome: answers.unreachable, keep: false })
  const { archive, live } = await scene(t, down, up)
  for (let i = 0; i < 500; i += 50) {
    await store(archive, ...Array.from({ length: 50 }, (_, k) => mrFile({ study: `study ${i + k}`, series: `series ${i + k}` })))
  }
  await live(120, 30)
  t.equal(up.sops.size, 1000, 'what is up has everything at once')
  const before = down.requests
  await live(8 * 3600, 60)
  t.ok(down.requests - before <= 8 * 60, `${down.requests - before} probes`)
  down.answer = () => ({ outcome: answers.stored, keep: true })
  await live(660, 10)
  t.equal(down.sops.size, 1000)
  t.equal(down.taken.length + up.taken.length, 2000, 'each once')
  t.equal(archive.counters().jobs['report:DONE'], 500)
})
