import { SqliteArchive } from '../../src/archive/sqlite-archive.ts'
import { AnalysisProcess } from '../../src/workflow/analysis-process.ts'
import { defaultWorkflowSettings } from '../../src/workflow/settings.ts'
import { Workflow } from '../../src/workflow/workflow.ts'
import { mrFile, store } from './archive.ts'

/**
 * A service without HTTP, on the system's clock: stores two slices (again), analyses in a process of its own, and prints the jobs
 * whenever they change; ends when all are done. Arguments: data folder, control folder.
 */
const [dataDir, control] = process.argv.slice(2) as [string, string]
const archive = await SqliteArchive.open({ dataDir, reserveBytes: 1 })
const module = new URL('./fake-jobs.ts', import.meta.url)
const workflow = new Workflow({
  archive,
  analysis: new AnalysisProcess({ jobs: { modelDir: control, engine: 'auto', methods: [] }, module }),
  destinations: [],
  report: {
    context: { software: { manufacturer: 'm', modelName: 'n', version: '0', stationName: 's' }, srSopClass: '88.34', scModality: 'MR' },
    methods: ['grad-cam'],
  },
  settings: { ...defaultWorkflowSettings, lifecycle: { ...defaultWorkflowSettings.lifecycle, seriesQuietMs: 100, studyQuietMs: 100, graceMs: 100 } },
})
await store(archive, mrFile({ index: 0 }), mrFile({ index: 1 }))
await workflow.start()
let last = ''
for (;;) {
  const jobs = workflow.jobs().map(({ kind, state }) => `${kind}:${state}`).reverse().join(' ')
  if (jobs !== last) process.stdout.write(`${jobs}\n`)
  last = jobs
  if (jobs === 'analyse:DONE report:DONE') break
  await new Promise(resolve => setTimeout(resolve, 20))
}
await workflow.stop()
await archive.close()
