import { existsSync, readdirSync } from 'node:fs'
import t from 'tap'
import { uidFromName } from '../../src/dicom/uid.ts'
import { applyRetention } from '../../src/workflow/retention.ts'
import { defaultWorkflowSettings } from '../../src/workflow/settings.ts'
import type { WorkflowEvent } from '../../src/workflow/events.ts'
import { Clock, mrFile, openArchive, received, store } from '../helpers/archive.ts'
import { answers, Control, FakePacs, live, testWorkflow } from '../helpers/workflow.ts'

const study = uidFromName('study')
const hour = 3_600_000

async function scene (t: Parameters<typeof openArchive>[0]) {
  const clock = new Clock()
  const archive = await openArchive(t, clock)
  const control = new Control(t)
  const pacs = new FakePacs()
  const { workflow } = testWorkflow(t, archive, clock, control, { destinations: [pacs] })
  await store(archive, mrFile({ index: 0 }), mrFile({ index: 1 }))
  const events: WorkflowEvent[] = []
  const apply = async (watermark = 1) => await applyRetention({
    archive, settings: { ...defaultWorkflowSettings.retention, watermark }, now: clock.now, onEvent: event => { events.push(event) },
  })
  return { clock, archive, control, pacs, workflow, events, apply }
}

t.test('inputs go a day after their study is done, with the findings; results stay a month', async t => {
  const { clock, archive, workflow, apply } = await scene(t)
  await live(workflow, clock, 65)
  const input = archive.findInstances({ sop: uidFromName('series 0') })[0]!
  clock.pass(23 * hour)
  t.equal(await apply(), 0)
  clock.pass(2 * hour)
  t.equal(await apply(), 2)
  t.notOk(existsSync(input.path))
  t.strictSame(readdirSync(archive.spool.findings), [])
  t.ok(archive.isGone(uidFromName('series')))
  t.notOk(archive.isGone(study), 'its results are still here')
  t.equal(archive.findInstances({ study }).length, 3)
  clock.pass(31 * 24 * hour)
  t.equal(await apply(), 3)
  t.ok(archive.isGone(study))
  const rows = workflow.jobs()
  t.equal(rows.length, 2, 'the jobs stay as history')
  for (const { subject, studyInstanceUid } of rows) t.match([subject, studyInstanceUid], [/^sha256:[0-9a-f]{64}$/, /^sha256:[0-9a-f]{64}$/])
  t.strictSame(archive.jobs.inputs(rows[1]!.id), [])
  t.notOk(archive.jobs.retry(rows[0]!.id, clock.at))
  t.strictSame(workflow.workitems.get(archive.workitems.uidOfJob(rows[0]!.id))?.inputs, [])
  t.ok(archive.artifacts.has(archive.artifacts.ofJob(workflow.jobs()[0]!.id)[0]!.sopInstanceUid), 'the loop guard remembers')
})

t.test('undelivered results and their inputs are never removed', async t => {
  const { clock, archive, workflow, pacs, apply } = await scene(t)
  pacs.answer = () => ({ outcome: answers.unreachable, keep: false })
  await live(workflow, clock, 65)
  clock.pass(60 * 24 * hour)
  t.equal(await apply(0), 0)
  t.equal(archive.findInstances({ study }).length, 5)
  await t.rejects(archive.eraseStudy(study), { code: 'conflict' })
  t.equal(await archive.eraseStudy(study, { force: true }), 5)
})

t.test('inputs of a dead job stay a week', async t => {
  const { clock, archive, workflow, control, apply } = await scene(t)
  control.tell('fail')
  await live(workflow, clock, 120, 10)
  t.match(workflow.jobs(), [{ state: 'DEAD' }])
  clock.pass(6 * 24 * hour)
  t.equal(await apply(), 0)
  clock.pass(2 * 24 * hour)
  t.equal(await apply(), 2)
  t.strictSame(archive.findInstances({}), [])
})

t.test('a full disk takes inputs of done studies early, and nothing else', async t => {
  const { clock, archive, workflow, events, apply } = await scene(t)
  t.equal(await apply(0), 0, 'the study is still arriving')
  t.match(events, [{ type: 'disk-low' }])
  await live(workflow, clock, 65)
  t.equal(await apply(0), 2)
  t.match(events.at(-1), { type: 'purged', instances: 2, kind: 'input', early: true })
  t.equal(archive.findInstances({}).filter(({ kind }) => kind === 'result').length, 3)
})

t.test('notes of ignored instances go after a day, jobs of gone studies after 90', async t => {
  const { clock, archive, workflow, apply } = await scene(t)
  await archive.commit([await received(archive, mrFile({ index: 9, series: 'scout' }), 'localizer')])
  await live(workflow, clock, 65)
  clock.pass(25 * hour)
  await apply()
  t.equal(archive.counters().instances.ignored, 0)
  clock.pass(40 * 24 * hour)
  await apply()
  t.equal(workflow.jobs().length, 2)
  clock.pass(60 * 24 * hour)
  await apply()
  t.equal(workflow.jobs().length, 0)
})

t.test('a study that was purged and comes again is analysed again', async t => {
  const { clock, archive, workflow, control, pacs } = await scene(t)
  await live(workflow, clock, 65)
  await archive.eraseStudy(study)
  await store(archive, mrFile({ index: 0 }), mrFile({ index: 1 }))
  await live(workflow, clock, 65)
  t.equal(control.calls('analyse').length, 2)
  t.match(workflow.jobs()[0], { kind: 'report', state: 'DONE', revision: 2 })
  t.equal(pacs.taken.length, 3, 'the same results are not sent twice')
  await archive.eraseStudy(study)
  t.strictSame(workflow.jobs().map(({ revision }) => revision), [2, 1, 1, 0], 'the history of both times stays')
})
