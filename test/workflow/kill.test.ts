import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import t from 'tap'
import { uidFromName } from '../../src/dicom/uid.ts'
import { Clock, openArchive, temporaryFolder } from '../helpers/archive.ts'
import { Control } from '../helpers/workflow.ts'

const child = resolve(import.meta.dirname, '../helpers/workflow-child.ts')
const start = (folder: string, control: Control) =>
  spawn(process.execPath, [...process.execArgv, child, folder, control.folder], { stdio: ['ignore', 'pipe', 'inherit'] })

async function until (condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(resolve => setTimeout(resolve, 20))
}

t.test('kill -9 in the middle of an analysis, and of a report: each is finished after the restart, once', async t => {
  const folder = temporaryFolder(t)
  const control = new Control(t)
  control.tell('wait')
  const first = start(folder, control)
  await until(() => control.calls('analyse').length === 1)
  first.kill('SIGKILL')
  await once(first, 'exit')
  const second = start(folder, control)
  await until(() => control.calls('analyse').length === 2)
  control.untell('wait')
  await until(() => control.calls('report').length >= 1)
  second.kill('SIGKILL')
  await once(second, 'exit')
  const third = start(folder, control)
  const [code] = await once(third, 'exit') as [number | null]
  t.equal(code, 0)
  t.equal(control.calls('analyse').length, 2, 'the finished analysis is not run again')
  const archive = await openArchive(t, new Clock(), folder)
  t.match(archive.jobs.list({ limit: 9 }), [{ kind: 'report', state: 'DONE' }, { kind: 'analyse', state: 'DONE', failures: 0, crashes: 0 }])
  const results = archive.findInstances({ study: uidFromName('study') }).filter(({ kind }) => kind === 'result')
  t.equal(results.length, 3, 'two heatmaps and one report')
  t.match(await archive.sweep(), { lost: 0 })
})
