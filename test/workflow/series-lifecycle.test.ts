import t from 'tap'
import { uidFromName } from '../../src/dicom/uid.ts'
import { AppError } from '../../src/errors.ts'
import type { SeriesSource } from '../../src/workflow/series-lifecycle.ts'
import { defaultWorkflowSettings } from '../../src/workflow/settings.ts'
import type { LifecycleSettings } from '../../src/workflow/settings.ts'
import type { SliceIdentity } from '../helpers/archive.ts'
import { Clock, mrFile, openArchive, store } from '../helpers/archive.ts'
import { Control, live, testWorkflow } from '../helpers/workflow.ts'

const series = uidFromName('series')

async function scene (t: Parameters<typeof openArchive>[0] & Parameters<typeof testWorkflow>[0], source?: SeriesSource, lifecycle: Partial<LifecycleSettings> = {}) {
  const clock = new Clock()
  const archive = await openArchive(t, clock)
  const control = new Control(t)
  const settings = { ...defaultWorkflowSettings, lifecycle: { ...defaultWorkflowSettings.lifecycle, ...lifecycle } }
  const { workflow, events } = testWorkflow(t, archive, clock, control, { source, settings })
  const send = async (...indices: number[]) => await store(archive, ...indices.map(index => mrFile({ index } satisfies SliceIdentity)))
  return { clock, archive, control, workflow, events, send, state: () => archive.series.get(series), live: async (s: number, step = 1) => { await live(workflow, clock, s, step) } }
}

t.test('60 s without a new slice close a series whose slices show no gap', async t => {
  const { send, live, state } = await scene(t)
  await send(0, 1, 2, 3)
  await live(59)
  t.equal(state()?.state, 'OPEN')
  await live(1)
  t.match(state(), { state: 'COMPLETE', why: 'quiet', revision: 0 })
})

t.test('a new slice restarts the quiet period, a duplicate does not', async t => {
  const { send, live, state } = await scene(t)
  await send(0, 1)
  await live(40)
  await send(2)
  await live(40)
  t.equal(state()?.state, 'OPEN')
  await send(2, 1)
  await live(20)
  t.equal(state()?.state, 'COMPLETE')
})

t.test('a gap between slices holds a series open until the missing one comes', async t => {
  const { send, live, state } = await scene(t)
  await send(0, 1, 3, 4, 5)
  await live(120, 5)
  t.match(state(), { state: 'OPEN', why: 'uneven distances between slices' })
  await send(2)
  await live(60, 5)
  t.match(state(), { state: 'COMPLETE', held: 6 })
})

t.test('the maximum wait closes an incomplete series, flagged', async t => {
  const { send, live, state, control, events } = await scene(t)
  await send(0, 1, 3, 4, 5)
  await live(895, 5)
  t.equal(state()?.state, 'OPEN')
  await live(10, 5)
  t.match(state(), { state: 'FORCED', why: 'uneven distances between slices' })
  t.equal(control.calls('analyse').length, 1)
  t.equal(events.filter(({ type }) => type === 'series-held').length, 1, 'it is said once, not every second')
})

t.test('with the policy to skip, an incomplete series is not analysed', async t => {
  const { send, live, state, control } = await scene(t, undefined, { onIncomplete: 'skip' })
  await send(0, 1, 3, 4, 5)
  await live(910, 10)
  t.equal(state()?.state, 'SKIPPED')
  t.equal(control.calls('analyse').length, 0)
})

t.test('a count in the headers holds back, and never closes early', async t => {
  const { archive, live, state, control } = await scene(t)
  const slice = (index: number, images: number) => mrFile({ index }, { ImagesInAcquisition: images })
  await store(archive, slice(0, 3), slice(1, 3))
  await live(100, 5)
  t.match(state(), { state: 'OPEN', why: '2 of 3 instances by its headers' })
  await live(805, 5)
  t.match(state(), { state: 'FORCED' })
  await live(60, 5)
  t.strictSame(control.calls('shortfall'), ['shortfall [{"received":2,"expected":3}]'], 'the report is told')
})

t.test('a header that says 1 in each of 20 files means nothing', async t => {
  const { archive, live, state } = await scene(t)
  await store(archive, ...[0, 1, 2, 3].map(index => mrFile({ index }, { ImagesInAcquisition: 1 })))
  await live(10)
  t.equal(state()?.state, 'OPEN', 'a count that is exceeded does not close')
  await live(50)
  t.equal(state()?.state, 'COMPLETE')
})

t.test('the count of the PACS closes early, after the grace period', async t => {
  const { send, live, state } = await scene(t, { count: async () => 3 })
  await send(0, 1)
  await live(10)
  t.equal(state()?.state, 'OPEN')
  await send(2)
  await live(4)
  t.equal(state()?.state, 'OPEN')
  await live(1)
  t.match(state(), { state: 'COMPLETE', why: 'all that the PACS has' })
})

t.test('what the PACS has more is fetched, then the series closes', async t => {
  const asked: string[] = []
  const { send, live, state } = await scene(t, {
    count: async () => 5,
    retrieveMissing: async (_study, uid) => {
      asked.push(uid)
      await send(3, 4)
      return 2
    },
  })
  await send(0, 1, 2)
  await live(59)
  t.strictSame(asked, [], 'not before it is quiet')
  await live(10)
  t.strictSame(asked, [series])
  t.match(state(), { state: 'COMPLETE', held: 5 })
})

t.test('what the PACS has more and does not give is waited for, then flagged', async t => {
  const { send, live, state, control } = await scene(t, { count: async () => 40 })
  await send(0, 1, 2)
  await live(120, 5)
  t.match(state(), { state: 'OPEN', why: '3 of 40 instances that the PACS has', expectedByPacs: 40 })
  await live(800, 5)
  t.match(state(), { state: 'FORCED' })
  await live(60, 5)
  t.strictSame(control.calls('shortfall'), ['shortfall [{"received":3,"expected":40}]'])
})

t.test('a PACS that does not answer, or does not know the series, changes nothing', async t => {
  for (const source of [{ count: async () => { throw new AppError('remote-unreachable', 'no answer') } }, { count: async () => 0 }]) {
    const { send, live, state } = await scene(t, source)
    await send(0, 1, 2)
    await live(59)
    t.equal(state()?.state, 'OPEN')
    await live(3)
    t.match(state(), { state: 'COMPLETE', why: 'quiet' })
  }
})

t.test('a series is analysed three times an hour at most; later slices wait and none is lost', async t => {
  const { send, live, state, control } = await scene(t)
  for (let i = 0; i < 5; i++) {
    await send(i)
    await live(65, 5)
  }
  t.equal(control.calls('analyse').length, 3)
  t.match(state(), { state: 'OPEN', held: 5, why: 'analysed 3 times within the hour' })
  await live(3600, 60)
  t.equal(control.calls('analyse').length, 4)
  t.match(state(), { state: 'COMPLETE', held: 5, revision: 3 })
})

t.test('quiet periods survive a restart', async t => {
  const { send, live, archive, clock, control, state } = await scene(t)
  await send(0, 1)
  await live(50)
  const next = testWorkflow(t, archive, clock, control).workflow
  await next.start()
  clock.pass(10_000)
  await next.tick()
  t.equal(state()?.state, 'COMPLETE', 'not counted from the start')
})

t.test('a PACS that hangs when it is asked for its count holds no other series', async t => {
  const clock = new Clock()
  const archive = await openArchive(t, clock)
  let answer: ((count: number) => void) | undefined
  const source: SeriesSource = { count: async (_study, uid) => uid === series ? await new Promise<number>(resolve => { answer = resolve }) : 1 }
  const { workflow } = testWorkflow(t, archive, clock, new Control(t), { source })
  await store(archive, mrFile(), mrFile({ series: 'another' }))
  const states = () => [series, uidFromName('another')].map(uid => archive.series.get(uid)?.state)
  clock.pass(6000)
  for (let i = 0; i < 3; i++) {
    await workflow.tick()
    await new Promise(resolve => setImmediate(resolve))
  }
  t.strictSame(states(), ['OPEN', 'COMPLETE'])
  answer!(1)
  await workflow.idle()
  t.strictSame(states(), ['COMPLETE', 'COMPLETE'])
})

t.test('a PACS that does not answer is not asked for every series; one that is stopped is not waited for', async t => {
  const clock = new Clock()
  const archive = await openArchive(t, clock)
  let asked = 0
  const source: SeriesSource = { count: async () => { asked++; throw new AppError('remote-unreachable', 'no answer') } }
  const { workflow, events } = testWorkflow(t, archive, clock, new Control(t), { source })
  for (let i = 0; i < 30; i++) await store(archive, mrFile({ series: `series ${i}` }))
  await live(workflow, clock, 61, 61)
  t.ok(asked <= 8, `${asked} times`)
  t.equal(archive.counters().series['COMPLETE'], 30)
  t.equal(events.filter(({ type }) => type === 'source-failed').length, asked)

  const hanging: SeriesSource = {
    count: async (_study, _series, signal) => await new Promise((_resolve, reject) => { signal.addEventListener('abort', () => { reject(new Error('stopped')) }) }),
  }
  const other = testWorkflow(t, archive, clock, new Control(t), { source: hanging })
  await store(archive, mrFile({ series: 'late' }))
  clock.pass(61_000)
  await other.workflow.tick()
  await other.workflow.stop(0)
  t.equal(archive.series.get(uidFromName('late'))?.state, 'OPEN')
  t.strictSame(other.events.filter(({ type }) => type === 'source-failed'), [])
})
