import t from 'tap'
import { uidFromName } from '../../src/dicom/uid.ts'
import { AppError } from '../../src/errors.ts'
import type { SeriesSource } from '../../src/workflow/series-lifecycle.ts'
import { Clock, mrFile, openArchive, store } from '../helpers/archive.ts'
import { Control, FakePacs, live, settle, testWorkflow } from '../helpers/workflow.ts'

const study = uidFromName('study')
const series = uidFromName('series')
const wholeStudy = { uid: undefined, attributes: {}, inputs: [{ studyInstanceUid: study }] }
const oneSeries = { ...wholeStudy, inputs: [{ studyInstanceUid: study, seriesInstanceUid: series }] }

t.test('a workitem closes its series at once and completes with the results as output', async t => {
  const clock = new Clock()
  const archive = await openArchive(t, clock)
  const pacs = new FakePacs()
  const { workflow, events } = testWorkflow(t, archive, clock, new Control(t), { destinations: [pacs] })
  await store(archive, mrFile({ index: 0 }), mrFile({ index: 1 }))
  const uid = workflow.workitems.create(oneSeries)
  await live(workflow, clock, 2)
  t.match(workflow.jobs(), [{ kind: 'analyse', state: 'ANALYSED' }], 'long before the quiet period is over')
  t.equal(workflow.workitems.get(uid)!.state, 'IN PROGRESS')
  t.ok(archive.workitems.get(uid)!.transactionUid)
  await live(workflow, clock, 62)
  const done = workflow.workitems.get(uid)!
  t.equal(done.state, 'COMPLETED')
  t.same(done.outputs.map(({ sopInstanceUid }) => sopInstanceUid).sort(), [...pacs.sops].sort())
  t.ok(events.some(event => event.type === 'workitem-ended' && event.state === 'COMPLETED'))
  t.notOk(JSON.stringify(events).includes(uid), 'events carry no UID')
  const again = workflow.workitems.create(wholeStudy)
  await settle(workflow)
  t.equal(workflow.workitems.get(again)!.state, 'COMPLETED', 'what is done already completes at once')
  t.equal(workflow.workitems.get(again)!.outputs.length, pacs.sops.size)
  t.equal(workflow.jobs().length, 2, 'and nothing is analysed again')
})

t.test('a workitem that comes before its images waits for them, and is canceled when they never come', async t => {
  const clock = new Clock()
  const archive = await openArchive(t, clock)
  const { workflow } = testWorkflow(t, archive, clock, new Control(t))
  const early = workflow.workitems.create(wholeStudy)
  const never = workflow.workitems.create({ ...wholeStudy, inputs: [{ studyInstanceUid: uidFromName('elsewhere') }] })
  const wrong = workflow.workitems.create({ ...oneSeries, inputs: [{ studyInstanceUid: uidFromName('other'), seriesInstanceUid: series }] })
  await live(workflow, clock, 30, 10)
  t.equal(workflow.workitems.get(early)!.state, 'SCHEDULED')
  await store(archive, mrFile())
  await live(workflow, clock, 70)
  t.equal(workflow.workitems.get(early)!.state, 'COMPLETED')
  t.equal(workflow.workitems.get(never)!.state, 'SCHEDULED')
  await live(workflow, clock, 900, 60)
  t.match(workflow.workitems.get(never), { state: 'CANCELED', reason: 'No MR image of the inputs is here' })
  t.match(workflow.workitems.get(wrong), { state: 'CANCELED' }, 'a series of another study is not taken')
})

t.test('a study without a series for us completes without output, and says why', async t => {
  const clock = new Clock()
  const archive = await openArchive(t, clock)
  const { workflow } = testWorkflow(t, archive, clock, new Control(t))
  await store(archive, mrFile({}, { SeriesDescription: 'AX T1' }))
  const uid = workflow.workitems.create(wholeStudy)
  await live(workflow, clock, 65)
  const { state, outputs, reason } = workflow.workitems.get(uid)!
  t.equal(state, 'COMPLETED')
  t.equal(reason, 'No axial T2 or FLAIR series')
  t.strictSame(outputs, [])
})

t.test('failures end a workitem as CANCELED with the reason', async t => {
  await t.test('the analysis failed', async t => {
    const clock = new Clock()
    const archive = await openArchive(t, clock)
    const control = new Control(t)
    control.tell('fail')
    const { workflow } = testWorkflow(t, archive, clock, control)
    await store(archive, mrFile())
    const uid = workflow.workitems.create(oneSeries)
    await live(workflow, clock, 600, 10)
    t.match(workflow.workitems.get(uid), { state: 'CANCELED', reason: 'The analysis failed' })
  })
  await t.test('nothing could be delivered', async t => {
    const clock = new Clock()
    const archive = await openArchive(t, clock)
    const pacs = new FakePacs()
    pacs.answer = () => ({ outcome: { verdict: 'dead', cause: 'refused', alert: true, http: 409 } as never, keep: false })
    const { workflow } = testWorkflow(t, archive, clock, new Control(t), { destinations: [pacs] })
    await store(archive, mrFile())
    const uid = workflow.workitems.create(oneSeries)
    await live(workflow, clock, 70)
    t.match(workflow.workitems.get(uid), { state: 'CANCELED', reason: 'The results could not be written or delivered' })
  })
})

t.test('inputs that are not here are fetched from the PACS, again when it does not answer', async t => {
  const clock = new Clock()
  const archive = await openArchive(t, clock)
  const asked: string[] = []
  let up = false
  const source: SeriesSource = {
    count: async () => await Promise.resolve(2),
    series: async uid => {
      asked.push(`series of ${uid === study ? 'study' : uid}`)
      if (!up) throw new AppError('remote-unreachable', 'no answer')
      return await Promise.resolve([series, 'not a UID'])
    },
    retrieveMissing: async (_study, uid) => {
      asked.push(uid === series ? 'series' : uid)
      await store(archive, mrFile({ index: 0 }), mrFile({ index: 1 }))
      return 2
    },
  }
  const { workflow, events } = testWorkflow(t, archive, clock, new Control(t), { source })
  const uid = workflow.workitems.create(wholeStudy)
  await live(workflow, clock, 20)
  t.strictSame(asked, ['series of study'], 'a PACS that is down is left alone for a while')
  t.ok(events.some(({ type }) => type === 'source-failed'))
  up = true
  await live(workflow, clock, 90)
  t.strictSame(asked.slice(1), ['series of study', 'series'])
  t.equal(workflow.workitems.get(uid)!.state, 'COMPLETED')
  t.equal(archive.findInstances({ series }).length, 2)
})

t.test('a PACS that has nothing of the inputs ends the workitem', async t => {
  const clock = new Clock()
  const archive = await openArchive(t, clock)
  const source: SeriesSource = { count: async () => await Promise.resolve(0), retrieveMissing: async () => await Promise.resolve(0) }
  const { workflow } = testWorkflow(t, archive, clock, new Control(t), { source })
  const uid = workflow.workitems.create(oneSeries)
  await settle(workflow)
  t.match(workflow.workitems.get(uid), { state: 'CANCELED', reason: 'No MR image of the inputs is here' })
})

t.test('a PACS that fails does not hold back what is here, nor for ever what is not', async t => {
  const clock = new Clock()
  const archive = await openArchive(t, clock)
  const source: SeriesSource = {
    count: async () => await Promise.resolve(0),
    retrieveMissing: async () => await Promise.reject(new AppError('remote-unreachable', 'no answer')),
  }
  const { workflow } = testWorkflow(t, archive, clock, new Control(t), { source })
  await store(archive, mrFile())
  const here = workflow.workitems.create(oneSeries)
  const absent = workflow.workitems.create({ ...oneSeries, inputs: [{ studyInstanceUid: uidFromName('x'), seriesInstanceUid: uidFromName('y') }] })
  await live(workflow, clock, 70)
  t.equal(workflow.workitems.get(here)!.state, 'COMPLETED')
  t.equal(workflow.workitems.get(absent)!.state, 'SCHEDULED')
  await live(workflow, clock, 960, 30)
  t.equal(workflow.workitems.get(absent)!.state, 'CANCELED')
})

t.test('a workitem that a client claimed is left to it', async t => {
  const clock = new Clock()
  const archive = await openArchive(t, clock)
  const { workflow } = testWorkflow(t, archive, clock, new Control(t), { destinations: [new FakePacs()] })
  await store(archive, mrFile())
  const uid = workflow.workitems.create(oneSeries)
  t.equal(workflow.workitems.changeState(uid, { state: 'IN PROGRESS', transactionUid: uidFromName('t') }), 'changed')
  await live(workflow, clock, 5)
  t.equal(archive.series.get(series)!.state, 'OPEN')
})

t.test('old workitems go with the old rows', async t => {
  const clock = new Clock()
  const archive = await openArchive(t, clock)
  const { workflow } = testWorkflow(t, archive, clock, new Control(t))
  const uid = workflow.workitems.create(oneSeries)
  t.equal(workflow.workitems.requestCancel(uid), 'changed')
  await live(workflow, clock, 91 * 86_400, 86_400)
  t.throws(() => workflow.workitems.get(uid), { code: 'gone' })
})

t.test('erasing a study takes its workitems along, and tells the worklist that one was claimed from', async t => {
  const clock = new Clock()
  const archive = await openArchive(t, clock)
  const { workflow } = testWorkflow(t, archive, clock, new Control(t))
  await store(archive, mrFile())
  const local = workflow.workitems.create(oneSeries)
  const claimed = uidFromName('claimed')
  archive.workitems.create({ uid: claimed, origin: 'claiming', inputs: oneSeries.inputs, attributes: {} }, clock.at)
  archive.workitems.begin(claimed, { transactionUid: uidFromName('t'), ours: true }, clock.at)
  await archive.eraseStudy(study)
  t.equal(workflow.workitems.get(local), undefined)
  t.match(archive.workitems.get(claimed), { state: 'CANCELED', reason: 'erased', tellAt: clock.at })
})
