import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t from 'tap'
import { readFindingsHeader } from '../../src/analysis/findings-file.ts'
import { openJobs } from '../../src/analysis/jobs.ts'
import type { ReportJob } from '../../src/analysis/report-job.ts'
import { readReport } from '../../src/cli/report-text.ts'
import { readInstance } from '../../src/dicom/read-instance.ts'

const fixtures = resolve(import.meta.dirname, '../../fixtures')
const filesIn = (folder: string) => readdirSync(join(fixtures, folder)).sort().map(name => join(fixtures, folder, name))

const jobs = await openJobs({ modelDir: join(fixtures, 'tiny-model'), engine: 'auto', methods: ['grad-cam'] })
t.teardown(async () => await jobs.close())

const reportJob = (outDir: string, changes: Partial<ReportJob>): ReportJob => ({
  series: [],
  outDir,
  startedAt: Date.UTC(2026, 0, 31, 12),
  context: { software: { manufacturer: 'tuberlens', modelName: 'tuberlens', version: '0.1.0', stationName: 'TEST' }, srSopClass: '88.34', scModality: 'MR' },
  methods: ['grad-cam'],
  ...changes,
})

t.test('a series becomes findings, and findings become results, the same bytes from the same job', async t => {
  const folder = t.testdir({ a: {}, b: {} })
  const findingsFile = join(folder, 'findings')
  const progress: number[] = []
  const result = await jobs.analyzeSeries({ paths: filesIn('flair'), outFile: findingsFile }, done => progress.push(done))
  t.match(result, { selected: true, contrasts: ['FLAIR'], reasonCode: 'selected', slices: 12, failedSlices: 0 })
  t.equal(progress.at(-1), 12)
  const series = [{ findingsFile, paths: filesIn('flair') }]
  const [a, b] = [await jobs.buildReport(reportJob(join(folder, 'a'), { series })), await jobs.buildReport(reportJob(join(folder, 'b'), { series }))]
  t.strictSame(a.artifacts.map(({ kind }) => kind), [...new Array<string>(12).fill('grad-cam'), 'summary', 'sr'], 'the report comes last')
  t.strictSame(a.artifacts.map(({ sha256 }) => sha256), b.artifacts.map(({ sha256 }) => sha256))
  t.strictSame(a.artifacts.map(({ order }) => order), a.artifacts.map((_, i) => i))
  for (const { path, bytes } of a.artifacts) t.equal(statSync(path).size, bytes)
  const report = readInstance(readFileSync(a.artifacts.at(-1)!.path))
  t.equal(report.sopInstanceUid, a.artifacts.at(-1)!.sopInstanceUid)
  t.match(readReport(report.attributes), { seriesDescription: 'AI FLAIR tubers - RESEARCH ONLY', result: 'Present' })
})

t.test('key objects and the PDF come before the reports, when the job asks for them', async t => {
  const folder = t.testdir({ out: {} })
  const findingsFile = join(folder, 'findings')
  await jobs.analyzeSeries({ paths: filesIn('flair'), outFile: findingsFile })
  const { artifacts } = await jobs.buildReport(reportJob(join(folder, 'out'), {
    series: [{ findingsFile, paths: filesIn('flair') }], methods: [], extras: ['key-objects', 'pdf'],
  }))
  t.strictSame(artifacts.map(({ kind, sopClassUid }) => [kind, sopClassUid.slice('1.2.840.10008.5.1.4.1.1.'.length)]),
    [['summary', '7'], ['key-objects', '88.59'], ['pdf', '104.1'], ['sr', '88.34']])
  t.strictSame(artifacts.map(({ path, bytes }) => statSync(path).size - bytes), [0, 0, 0, 0])
})

t.test('a series that is not T2 or FLAIR is a result with its reason, and is named in the reports of the others', async t => {
  const folder = t.testdir({ out: {} })
  const [t1, flair] = [join(folder, 't1'), join(folder, 'flair')]
  t.match(await jobs.analyzeSeries({ paths: filesIn('special/t1'), outFile: t1 }), { selected: false, contrasts: [], slices: 0, reasonCode: 't1' })
  const { groups, rejected } = await readFindingsHeader(t1)
  t.strictSame(groups, [])
  t.strictSame(new Set(rejected.map(({ reason }) => reason.code)), new Set(['t1']), 'each frame with its reason')
  await jobs.analyzeSeries({ paths: filesIn('flair').slice(0, 3), outFile: flair })
  const { artifacts, conclusion } = await jobs.buildReport(reportJob(join(folder, 'out'), {
    series: [{ findingsFile: t1, paths: filesIn('special/t1') }, { findingsFile: flair, paths: filesIn('flair').slice(0, 3), shortfall: { received: 3, expected: 12 } }],
    failed: [{ paths: filesIn('t2').slice(0, 1), code: 'engine-failed' }, { paths: [], code: 'internal' }],
    methods: [],
  }))
  t.strictSame(artifacts.map(({ kind }) => kind), ['summary', 'sr'])
  const text = JSON.stringify(readFileSync(artifacts.at(-1)!.path).toString('utf8'))
  t.match(text, /T1/)
  t.match(text, /its analysis failed \(engine-failed\)/)
  t.match(text, /3 of 12 images had arrived/)
  t.not(conclusion, 'absent', 'an analysis that failed is not negative')
})

t.test('a study of nothing has no results', async t => {
  t.strictSame(await jobs.buildReport(reportJob(t.testdir({ out: {} }), {})), { conclusion: 'undetermined', series: [], artifacts: [] })
})

t.test('what does not fit together is an error', async t => {
  const folder = t.testdir({ out: {} })
  const findingsFile = join(folder, 'findings')
  await t.rejects(jobs.analyzeSeries({ paths: [], outFile: findingsFile }), { code: 'no-dicom-found' })
  await t.rejects(jobs.analyzeSeries({ paths: [...filesIn('flair'), ...filesIn('t2')], outFile: findingsFile }), { code: 'internal', message: /several series/ })
  await jobs.analyzeSeries({ paths: filesIn('flair').slice(0, 2), outFile: findingsFile })
  const series = [{ findingsFile, paths: filesIn('flair').slice(0, 1) }]
  await t.rejects(jobs.buildReport(reportJob(folder, { series })), { code: 'internal', message: /no longer among/ })
})
