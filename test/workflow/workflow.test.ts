import { readFileSync } from 'node:fs'
import t from 'tap'
import { uidFromName } from '../../src/dicom/uid.ts'
import { Clock, mrFile, openArchive, received, store } from '../helpers/archive.ts'
import { defaultWorkflowSettings } from '../../src/workflow/settings.ts'
import { Control, FakePacs, live, settle, testWorkflow } from '../helpers/workflow.ts'

const study = uidFromName('study')
const srClass = '1.2.840.10008.5.1.4.1.1.88.34'

/** A fixed shuffle: Fisher and Yates with a small congruential generator. */
function shuffled<T> (values: readonly T[], seed = 7): T[] {
  const out = [...values]
  let state = seed
  for (let i = out.length - 1; i > 0; i--) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    const j = state % (i + 1)
    ;[out[i], out[j]] = [out[j]!, out[i]!]
  }
  return out
}

t.test('40 slices from 4 senders in random order, a fifth twice, make one analysis and one report', async t => {
  const clock = new Clock()
  const archive = await openArchive(t, clock)
  const control = new Control(t)
  const pacs = new FakePacs()
  const { workflow } = testWorkflow(t, archive, clock, control, { destinations: [pacs] })
  const indices = shuffled([...Array(40).keys(), ...Array(8).keys()])
  for (let i = 0; i < indices.length; i += 4) {
    await Promise.all(indices.slice(i, i + 4).map(async index => await store(archive, mrFile({ index }))))
    await live(workflow, clock, 5)
  }
  t.equal(workflow.jobs().length, 0, 'nothing is judged while slices come')
  await live(workflow, clock, 70)
  t.match(workflow.jobs(), [{ kind: 'report', state: 'DONE' }, { kind: 'analyse', state: 'DONE' }])
  t.equal(workflow.jobs().length, 2)
  t.equal(archive.jobs.inputs(workflow.jobs()[1]!.id).length, 40)
  t.strictSame(control.calls('analyse').length, 1)
  t.strictSame(control.calls('report').length, 1)
  t.equal(pacs.sops.size, 41, '40 heatmaps and a report')
  t.equal(pacs.taken.length, 41, 'each once')
  t.equal(pacs.taken.at(-1)!.sopClass, srClass, 'the report last')
})

t.test('results are searched and retrieved like inputs', async t => {
  const clock = new Clock()
  const archive = await openArchive(t, clock)
  const { workflow } = testWorkflow(t, archive, clock, new Control(t))
  await store(archive, mrFile({ index: 0 }), mrFile({ index: 1 }))
  await live(workflow, clock, 65)
  t.match(workflow.jobs(), [{ kind: 'report', state: 'DONE' }, { kind: 'analyse', state: 'DONE' }])
  const results = archive.findInstances({ study }).filter(({ kind }) => kind === 'result')
  t.equal(results.length, 3)
  const [row] = archive.search({ level: 'study', matches: [], limit: 5, offset: 0 }).rows
  t.match(row?.attributes, { '00080061': { Value: ['MR', 'SR'] }, '00201206': { Value: [3] }, '00201208': { Value: [5] } })
  const found = archive.search({ level: 'series', matches: [{ kind: 'list', keyword: 'Modality', values: ['SR'] }], limit: 5, offset: 0 })
  t.equal(found.total, 1)
})

t.test('our results coming back are ignored and start nothing', async t => {
  const clock = new Clock()
  const archive = await openArchive(t, clock)
  const { workflow } = testWorkflow(t, archive, clock, new Control(t))
  await store(archive, mrFile())
  await live(workflow, clock, 65)
  const before = archive.findInstances({})
  for (const result of before.filter(({ kind }) => kind === 'result')) {
    t.match(await archive.commit([await received(archive, readFileSync(result.path))]), [{ kind: 'ignored', why: 'own-result' }])
  }
  await live(workflow, clock, 130, 5)
  t.equal(workflow.jobs().length, 2)
  t.strictSame(archive.findInstances({}), before, 'and the results themselves stay as they are')
})

t.test('a slice after completion makes a new revision and a report that names its predecessor', async t => {
  const clock = new Clock()
  const archive = await openArchive(t, clock)
  const control = new Control(t)
  const pacs = new FakePacs()
  const { workflow } = testWorkflow(t, archive, clock, control, { destinations: [pacs] })
  await store(archive, mrFile({ index: 0 }), mrFile({ index: 1 }), mrFile({ series: 'second', index: 0 }))
  await live(workflow, clock, 65)
  t.equal(control.calls('analyse').length, 2)
  t.strictSame(control.calls('predecessors'), ['predecessors []'])
  await store(archive, mrFile({ index: 2 }))
  t.match(archive.series.get(uidFromName('series')), { state: 'OPEN', revision: 1, held: 3 })
  await live(workflow, clock, 65)
  t.equal(control.calls('analyse').length, 3, 'only the changed series is analysed again')
  t.strictSame(control.calls('predecessors').at(-1), 'predecessors [1,1]')
  t.match(workflow.jobs(), [{ kind: 'report', revision: 2, state: 'DONE' }, { kind: 'analyse', revision: 1, state: 'DONE' }, { kind: 'report', revision: 1 }, {}, {}])
  t.equal(pacs.taken.length, pacs.sops.size, 'no object is sent twice')
  t.equal(pacs.taken.filter(({ sopClass }) => sopClass === srClass).length, 3, 'the unchanged series keeps its report here: same sources, same UID')
})

t.test('one report of a study replaces those of its series, and is replaced by them', async t => {
  const clock = new Clock()
  const archive = await openArchive(t, clock)
  const control = new Control(t)
  const { workflow } = testWorkflow(t, archive, clock, control, { destinations: [new FakePacs()] })
  await store(archive, mrFile({ index: 0 }), mrFile({ series: 'second', index: 0 }))
  await live(workflow, clock, 65)
  const revise = async (index: number): Promise<unknown[]> => {
    // not within the hour in which a series is analysed three times at most
    clock.pass(3_600_000)
    await store(archive, mrFile({ index }), mrFile({ series: 'second', index }))
    await live(workflow, clock, 65)
    return [...control.calls('predecessors').slice(-1), ...control.calls('replaced').slice(-1)]
  }
  control.tell('study-report')
  t.strictSame(await revise(1), ['predecessors [1,1]', 'replaced 2'], 'the reports of both series')
  t.strictSame(await revise(2), ['predecessors [1,1]', 'replaced 1'], 'the report of the study alone: those before it are replaced already')
  control.untell('study-report')
  t.strictSame(await revise(3), ['predecessors [1,1]', 'replaced 1'])
  t.strictSame(await revise(4), ['predecessors [1,1]', 'replaced 2'], 'each its own')
})

t.test('key objects are sent after images and before reports, and are nobody\'s predecessor', async t => {
  const clock = new Clock()
  const archive = await openArchive(t, clock)
  const control = new Control(t)
  const pacs = new FakePacs()
  const report = {
    context: { software: { manufacturer: 'tuberlens', modelName: 'tuberlens', version: '0', stationName: 'T' }, srSopClass: '88.34', scModality: 'MR' },
    methods: [],
    extras: ['key-objects'],
  } as const
  const { workflow } = testWorkflow(t, archive, clock, control, { destinations: [pacs], report })
  await store(archive, mrFile({ index: 0 }))
  await live(workflow, clock, 65)
  t.strictSame(pacs.taken.map(({ sopClass }) => sopClass), ['1.2.840.10008.5.1.4.1.1.7', '1.2.840.10008.5.1.4.1.1.88.59', srClass])
  await store(archive, mrFile({ index: 1 }))
  await live(workflow, clock, 65)
  t.equal(control.calls('predecessors').at(-1), 'predecessors [1]', 'the report alone')
})

t.test('a correction of demographics writes all results anew without a new analysis', async t => {
  const clock = new Clock()
  const archive = await openArchive(t, clock)
  const control = new Control(t)
  const pacs = new FakePacs()
  const { workflow } = testWorkflow(t, archive, clock, control, { destinations: [pacs] })
  await store(archive, mrFile({ index: 0 }), mrFile({ index: 1 }))
  await live(workflow, clock, 65)
  const before = pacs.taken.length
  await store(archive, mrFile({ index: 0 }, { PatientID: 'P9' }), mrFile({ index: 1 }, { PatientID: 'P9' }))
  await live(workflow, clock, 65)
  t.equal(control.calls('analyse').length, 1)
  t.equal(control.calls('report').length, 2)
  t.equal(pacs.taken.length, before * 2)
  t.ok(pacs.taken.slice(before).every(({ bytes }) => bytes.includes('P9')), 'all of them carry the correction')
  t.strictSame(control.calls('predecessors').at(-1), 'predecessors [1]')
})

t.test('a report is not begun while a series of the study is open, and covers all of them at once', async t => {
  const clock = new Clock()
  const archive = await openArchive(t, clock)
  const control = new Control(t)
  const { workflow } = testWorkflow(t, archive, clock, control)
  await store(archive, mrFile({ series: 'one' }))
  await live(workflow, clock, 50, 10)
  await store(archive, mrFile({ series: 'two' }))
  await live(workflow, clock, 30, 10)
  t.equal(control.calls('analyse').length, 1, 'the first series is complete')
  t.equal(control.calls('report').length, 0)
  await live(workflow, clock, 60, 10)
  t.equal(control.calls('analyse').length, 2)
  t.equal(control.calls('report').length, 1)
})

t.test('a study without an eligible series is done without results', async t => {
  const clock = new Clock()
  const archive = await openArchive(t, clock)
  const control = new Control(t)
  const { workflow } = testWorkflow(t, archive, clock, control, { destinations: [new FakePacs()] })
  await store(archive, mrFile({}, { SeriesDescription: 'AX T1' }))
  await live(workflow, clock, 65)
  t.match(workflow.jobs(), [{ kind: 'report', state: 'DONE' }, { kind: 'analyse', state: 'DONE' }])
  t.equal(control.calls('report').length, 0)
  t.equal(archive.counters().instances.result, 0)
})

t.test('a job that fails is tried again, then dead, and can be revived', async t => {
  const clock = new Clock()
  const archive = await openArchive(t, clock)
  const control = new Control(t)
  const { workflow, events } = testWorkflow(t, archive, clock, control)
  control.tell('fail')
  await store(archive, mrFile())
  await live(workflow, clock, 120, 5)
  t.match(workflow.jobs(), [{ kind: 'analyse', state: 'DEAD', failures: 3, crashes: 0, errorCode: 'model-invalid' }])
  t.equal(control.calls('analyse').length, 3)
  t.equal(events.filter(({ type }) => type === 'study-without-result').length, 1)
  control.untell('fail')
  t.ok(workflow.retry(workflow.jobs()[0]!.id))
  await live(workflow, clock, 5)
  t.match(workflow.jobs(), [{ kind: 'report', state: 'DONE' }, { kind: 'analyse', state: 'DONE' }])
  t.notOk(workflow.retry(workflow.jobs()[0]!.id), 'what is done is not done again')
})

t.test('a full disk kills no job: it waits', async t => {
  const clock = new Clock()
  const archive = await openArchive(t, clock)
  const control = new Control(t)
  const { workflow } = testWorkflow(t, archive, clock, control)
  control.tell('full')
  await store(archive, mrFile())
  await live(workflow, clock, 600, 10)
  t.match(workflow.jobs(), [{ state: 'QUEUED', errorCode: 'out-of-resources' }])
  t.ok(control.calls('analyse').length > 5)
  control.untell('full')
  await live(workflow, clock, 40, 10)
  t.match(workflow.jobs(), [{ kind: 'report', state: 'DONE' }, {}])
})

t.test('a job can be taken out of the queue', async t => {
  const clock = new Clock()
  const archive = await openArchive(t, clock)
  const control = new Control(t)
  const { workflow } = testWorkflow(t, archive, clock, control)
  control.tell('full')
  await store(archive, mrFile())
  await live(workflow, clock, 61)
  const [job] = workflow.jobs()
  t.ok(workflow.cancel(job!.id))
  t.notOk(workflow.cancel(job!.id))
  control.untell('full')
  await live(workflow, clock, 60, 10)
  t.match(workflow.jobs(), [{ state: 'CANCELED' }])
})

t.test('a report that is tried again later gives the same bytes', async t => {
  const settings = { ...defaultWorkflowSettings, lifecycle: { ...defaultWorkflowSettings.lifecycle, seriesQuietMs: 10_000 } }
  const run = async (failing: boolean) => {
    const clock = new Clock()
    const archive = await openArchive(t, clock)
    const control = new Control(t)
    const { workflow } = testWorkflow(t, archive, clock, control, { settings })
    await store(archive, mrFile({ index: 0 }), mrFile({ index: 1 }))
    await live(workflow, clock, 30)
    if (failing) control.tell('fail')
    await live(workflow, clock, 40)
    control.untell('fail')
    await live(workflow, clock, 30)
    t.equal(control.calls('report').length, failing ? 3 : 1)
    return archive.artifacts.ofJob(workflow.jobs()[0]!.id)
  }
  const atOnce = await run(false)
  t.equal(atOnce.length, 3)
  t.strictSame(await run(true), atOnce, 'the same UIDs and the same sha256, although written 35 s later')
})

t.test('a job that was running when the service was killed is run again at the start, once', async t => {
  const clock = new Clock()
  const archive = await openArchive(t, clock)
  const control = new Control(t)
  await store(archive, mrFile({ index: 0 }), mrFile({ index: 1 }))
  const series = archive.series.get(uidFromName('series'))!
  archive.series.close(series, { state: 'COMPLETE', why: 'quiet', now: clock.at })
  for (let kills = 0; kills < 5; kills++) {
    t.match(archive.jobs.lease(clock.at, 1000), { kind: 'analyse', state: 'RUNNING' }, 'and here comes the kill')
    t.equal(archive.jobs.recover(clock.at), 1)
    clock.pass(600_000)
  }
  const { workflow, events } = testWorkflow(t, archive, clock, control)
  await workflow.start()
  await live(workflow, clock, 5)
  t.match(workflow.jobs(), [{ kind: 'report', state: 'DONE' }, { kind: 'analyse', state: 'DONE', attempt: 6, failures: 0, crashes: 0 }])
  t.equal(control.calls('analyse').length, 1)
  t.match(events[0], { type: 'recovered', lost: 0 })
})

t.test('a lease that ended is given to the next', async t => {
  const clock = new Clock()
  const archive = await openArchive(t, clock)
  await store(archive, mrFile())
  archive.series.close(archive.series.get(uidFromName('series'))!, { state: 'COMPLETE', why: 'quiet', now: clock.at })
  const first = archive.jobs.lease(clock.at, 1000)
  t.equal(archive.jobs.lease(clock.at, 1000), undefined, 'nobody gets it twice')
  t.equal(archive.jobs.expire(clock.at + 999), 0)
  t.equal(archive.jobs.expire(clock.at + 1001), 1)
  t.match(archive.jobs.lease(clock.at + 1001, 1000), { id: first!.id, attempt: 2 })
})

t.test('process now closes an open series at once', async t => {
  const clock = new Clock()
  const archive = await openArchive(t, clock)
  const control = new Control(t)
  const { workflow } = testWorkflow(t, archive, clock, control)
  await store(archive, mrFile())
  t.ok(workflow.process(uidFromName('series')))
  t.notOk(workflow.process(uidFromName('series')))
  t.notOk(workflow.process(uidFromName('absent')))
  await settle(workflow)
  t.equal(control.calls('analyse').length, 1)
  t.match(workflow.series(), [{ state: 'COMPLETE', why: 'on demand' }])
})

t.test('events and status tell numbers and hashes, no UID and no name', async t => {
  const clock = new Clock()
  const archive = await openArchive(t, clock)
  const { workflow, events } = testWorkflow(t, archive, clock, new Control(t), { destinations: [new FakePacs()] })
  await workflow.start()
  await store(archive, mrFile({}, { PatientName: { Alphabetic: 'Canary^Name' }, PatientID: 'CANARY-ID' }))
  await live(workflow, clock, 65)
  const text = JSON.stringify([events, workflow.status()])
  for (const secret of ['Canary', 'CANARY', study, uidFromName('series'), uidFromName('series 0')]) t.notMatch(text, secret)
  t.ok(events.some(({ type }) => type === 'series-closed'))
  t.match(workflow.status(), { running: true, series: { COMPLETE: 1 }, jobs: { 'analyse:DONE': 1, 'report:DONE': 1 }, deliveries: { VERIFIED: 2 }, waiting: [] })
})
