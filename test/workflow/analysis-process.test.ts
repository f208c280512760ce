import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { uidFromName } from '../../src/dicom/uid.ts'
import { AnalysisProcess, WorkerCrash } from '../../src/workflow/analysis-process.ts'
import { defaultWorkflowSettings } from '../../src/workflow/settings.ts'
import type { Workflow } from '../../src/workflow/workflow.ts'
import { Clock, mrFile, openArchive, store, temporaryFolder } from '../helpers/archive.ts'
import { Control, live, settle, testWorkflow } from '../helpers/workflow.ts'

const module = new URL('../helpers/fake-jobs.ts', import.meta.url)
const minute = 60_000

function open (t: { teardown: (body: () => unknown) => void }, control: Control) {
  let restarts = 0
  const analysis = new AnalysisProcess({
    jobs: { modelDir: control.folder, engine: 'auto', methods: [] }, module, onRestart: () => { restarts++ },
  })
  t.teardown(async () => { await analysis.close() })
  return { analysis, restarts: () => restarts }
}

/** Ticks until the analysis is at work. */
async function begun (workflow: Workflow, control: Control): Promise<void> {
  for (let i = 0; i < 600 && control.calls('analyse').length === 0; i++) {
    await workflow.tick()
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

t.test('a job runs in a process of its own, and errors come back as they are', async t => {
  const control = new Control(t)
  const { analysis } = open(t, control)
  t.match(await analysis.warm(minute), { engine: 'fake 1.0' })
  t.ok(analysis.pid !== undefined && analysis.pid !== process.pid)
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'a.dcm'), mrFile())
  const job = { paths: [join(folder, 'a.dcm')], outFile: join(folder, 'out') }
  t.match(await analysis.analyzeSeries(job, minute), { selected: true, slices: 1 })
  t.ok(existsSync(job.outFile))
  control.tell('fail')
  await t.rejects(analysis.analyzeSeries(job, minute), { name: 'AppError', code: 'model-invalid' })
  const pid = analysis.pid
  control.untell('fail')
  await analysis.analyzeSeries(job, minute)
  t.equal(analysis.pid, pid, 'an error is no death')
})

t.test('a process that dies or hangs is replaced', async t => {
  const control = new Control(t)
  const { analysis, restarts } = open(t, control)
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'a.dcm'), mrFile())
  const job = { paths: [join(folder, 'a.dcm')], outFile: join(folder, 'out') }
  control.tell('die-once')
  await t.rejects(analysis.analyzeSeries(job, minute), WorkerCrash)
  await analysis.warm(minute)
  control.tell('hang')
  await t.rejects(analysis.analyzeSeries(job, 1500), { name: 'WorkerCrash', message: /did not end/ })
  control.untell('hang')
  t.match(await analysis.analyzeSeries(job, minute), { slices: 1 })
  t.equal(restarts(), 2)
})

t.test('a process that began before is the one that works', async t => {
  const control = new Control(t)
  const { analysis } = open(t, control)
  analysis.begin()
  const { pid } = analysis
  t.type(pid, 'number')
  analysis.begin()
  t.match(await analysis.warm(minute), { engine: 'fake 1.0' })
  t.equal(analysis.pid, pid)
})

t.test('one job at a time, none after the end', async t => {
  const control = new Control(t)
  const { analysis } = open(t, control)
  const first = analysis.warm(minute)
  await t.rejects(analysis.warm(minute), { code: 'internal' })
  await first
  await analysis.close()
  await analysis.close()
  await t.rejects(analysis.warm(minute), { code: 'interrupted' })
})

t.test('a module that cannot be loaded is an error of the job', async t => {
  const analysis = new AnalysisProcess({ jobs: { modelDir: '', engine: 'auto', methods: [] }, module: new URL('./absent.ts', import.meta.url) })
  t.teardown(async () => { await analysis.close() })
  await t.rejects(analysis.warm(minute), { name: 'AppError', code: 'engine-failed' })
})

/** A module that ends its process, or cannot open the model, for as long as a file is there. */
function failing (t: { teardown: (body: () => unknown) => void }, control: Control, failure: string) {
  const condition = `existsSync(${JSON.stringify(join(control.folder, 'broken'))})`
  const source = `import { existsSync } from 'node:fs'
    if (${condition}) { ${failure} }
    export const openJobs = async () => {
      if (${condition}) throw Object.assign(new Error('no model'), { code: 'model-not-found' })
      return { engine: 'fake', modelSha256: '' }
    }`
  const analysis = new AnalysisProcess({
    jobs: { modelDir: '', engine: 'auto', methods: [] }, module: new URL(`data:text/javascript,${encodeURIComponent(source)}`),
  })
  t.teardown(async () => { await analysis.close() })
  control.tell('broken')
  return analysis
}

/** Asks until the process has started. */
async function started (analysis: AnalysisProcess): Promise<boolean> {
  for (let i = 0; i < 300; i++) {
    try {
      analysis.checkStart()
      return true
    } catch {
      await new Promise(resolve => setTimeout(resolve, 50))
    }
  }
  return false
}

t.test('a process that cannot be started is told, and tried again until it can, without a job', async t => {
  const control = new Control(t)
  const analysis = failing(t, control, 'process.exit(3)')
  t.doesNotThrow(() => { analysis.checkStart() }, 'nothing is known before the first start')
  await t.rejects(analysis.warm(minute), { name: 'WorkerCrash' })
  t.throws(() => { analysis.checkStart() }, { code: 'engine-unavailable', message: /ended \(3\)/ })
  t.throws(() => { analysis.checkStart() }, { code: 'engine-unavailable' })
  control.untell('broken')
  t.ok(await started(analysis))
  t.match(await analysis.warm(minute), { engine: 'fake' })
})

t.test('a model that cannot be opened is told, and tried again in the same process', async t => {
  const control = new Control(t)
  const analysis = failing(t, control, '')
  await t.rejects(analysis.warm(minute), { name: 'AppError', code: 'engine-failed' })
  const { pid } = analysis
  t.throws(() => { analysis.checkStart() }, { name: 'AppError', code: 'engine-failed' })
  control.untell('broken')
  t.ok(await started(analysis))
  t.equal(analysis.pid, pid)
  await analysis.close()
  t.doesNotThrow(() => { analysis.checkStart() })
})

t.test('a job that ends its process says nothing about the start', async t => {
  const control = new Control(t)
  const { analysis } = open(t, control)
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'a.dcm'), mrFile())
  control.tell('die-once')
  await t.rejects(analysis.analyzeSeries({ paths: [join(folder, 'a.dcm')], outFile: join(folder, 'out') }, minute), WorkerCrash)
  t.doesNotThrow(() => { analysis.checkStart() })
})

t.test('a job whose process dies three times is dead, and the next job is served', async t => {
  const clock = new Clock()
  const archive = await openArchive(t, clock)
  const control = new Control(t)
  const { analysis } = open(t, control)
  const { workflow } = testWorkflow(t, archive, clock, control, { analysis })
  control.tell('die')
  await store(archive, mrFile())
  await live(workflow, clock, 120, 10)
  t.match(workflow.jobs(), [{ state: 'DEAD', crashes: 3, failures: 3, errorCode: 'engine-failed' }])
  control.untell('die')
  await store(archive, mrFile({ study: 'next', series: 'next' }))
  await live(workflow, clock, 120, 10)
  t.match(workflow.jobs({ study: uidFromName('next') }), [{ kind: 'report', state: 'DONE' }, { kind: 'analyse', state: 'DONE' }])
})

t.test('the loop of the service goes on while the analysis computes without pause', async t => {
  const clock = new Clock()
  const archive = await openArchive(t, clock)
  const control = new Control(t)
  const { analysis } = open(t, control)
  const settings = { ...defaultWorkflowSettings, runner: { jobTimeoutMs: 3000, maxFailures: 1 } }
  const { workflow } = testWorkflow(t, archive, clock, control, { analysis, settings })
  await analysis.warm(minute)
  control.tell('hang')
  await store(archive, mrFile())
  clock.pass(61_000)
  await begun(workflow, control)
  t.match(await store(archive, mrFile({ series: 'meanwhile', study: 'meanwhile' })), [{ kind: 'stored' }])
  t.match(workflow.jobs(), [{ state: 'RUNNING' }])
  await workflow.idle()
  t.match(workflow.jobs(), [{ state: 'DEAD', errorText: /did not end within 3 s/ }])
})

t.test('stopping in the middle of a job gives it back, and nothing is counted against it', async t => {
  const clock = new Clock()
  const archive = await openArchive(t, clock)
  const control = new Control(t)
  const { workflow } = testWorkflow(t, archive, clock, control, { analysis: open(t, control).analysis })
  control.tell('wait')
  await store(archive, mrFile())
  clock.pass(61_000)
  await begun(workflow, control)
  await workflow.stop(50)
  t.match(workflow.jobs(), [{ state: 'QUEUED', failures: 0, crashes: 0 }])
  control.untell('wait')
  const next = testWorkflow(t, archive, clock, control, { analysis: open(t, control).analysis }).workflow
  await next.start()
  await settle(next)
  t.match(next.jobs(), [{ kind: 'report', state: 'DONE' }, { kind: 'analyse', state: 'DONE' }])
})
