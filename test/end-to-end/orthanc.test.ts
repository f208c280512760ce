import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t from 'tap'
import { dataPath } from '../helpers/data.ts'
import { freePort, Orthanc } from '../helpers/orthanc.ts'
import { Service, until } from '../helpers/service.ts'
import { requireTool } from '../helpers/tools.ts'

const tinyModel = resolve(import.meta.dirname, '../../fixtures/tiny-model')

interface OrthancSeries { ID: string, Instances: string[], MainDicomTags: Record<string, string> }
interface Job { state: string }
type Json = Record<string, { Value?: unknown[] }>

/** Result series of the study in Orthanc, by description. */
async function results (orthanc: Orthanc): Promise<Map<string, OrthancSeries>> {
  const series = await orthanc.get<OrthancSeries[]>('/series?expand')
  return new Map(series.filter(s => s.MainDicomTags['SeriesDescription']?.startsWith('AI ')).map(s => [s.MainDicomTags['SeriesDescription']!, s]))
}

/** All UIDs that an SR refers to (Referenced SOP Instance UID, 0008,1155), at any depth. */
function references (dataset: Json): string[] {
  return Object.entries(dataset).flatMap(([tag, { Value }]) => {
    if (tag === '00081155') return (Value ?? []).map(String)
    return (Value ?? []).flatMap(value => typeof value === 'object' && value !== null ? references(value as Json) : [])
  })
}

t.test('a real Orthanc sends a series and gets report and heatmaps back, once', { timeout: 240_000 }, async t => {
  const folder = dataPath(t, 'mr-dicom/philips-flair-axial')
  if (folder === undefined || !requireTool(t, 'Orthanc')) return
  const port = await freePort()
  const orthanc = new Orthanc(await freePort(), `http://127.0.0.1:${port}/dicom-web/`)
  const plugin = new Service(port, { TUBERLENS_PACS_URL: orthanc.dicomWeb, TUBERLENS_MODEL_DIR: tinyModel })
  t.teardown(async () => {
    await plugin.remove()
    await orthanc.remove()
  })
  await orthanc.start()
  await plugin.start()

  for (const name of readdirSync(folder).filter(name => name.endsWith('.dcm'))) {
    await orthanc.post('/instances', readFileSync(join(folder, name)))
  }
  const [source] = await orthanc.get<OrthancSeries[]>('/series?expand')
  t.equal(source!.Instances.length, 22)

  await t.test('its STOW-RS job succeeds and the results arrive', async t => {
    t.equal(await orthanc.stow([source!.ID]), 'Success')
    await until(async () => [...(await results(orthanc)).keys()].some(name => name.includes('tubers')), 120, 'a report in Orthanc')
    const found = await results(orthanc)
    const count = (part: string) => [...found].filter(([name]) => name.includes(part)).flatMap(([, s]) => s.Instances).length
    t.equal(count('Grad-CAM'), 22)
    t.equal(count('saliency') + count('Saliency'), 22)
    t.equal(count('FLAIR tubers'), 1)
    t.equal(count('ummary'), 1)
  })

  await t.test('the report refers only to instances that Orthanc holds', async t => {
    const sr = [...await results(orthanc)].find(([name]) => name.includes('FLAIR tubers'))![1]
    const { MainDicomTags: { StudyInstanceUID } } = await orthanc.get<{ MainDicomTags: { StudyInstanceUID: string } }>(`/series/${sr.ID}/study`)
    const metadata = await orthanc.get<Json[]>(`/dicom-web/studies/${StudyInstanceUID}/series/${sr.MainDicomTags['SeriesInstanceUID']!}/metadata`)
    const referenced = [...new Set(references(metadata[0]!))]
    const held = new Set((await orthanc.get<{ MainDicomTags: { SOPInstanceUID: string } }[]>('/instances?expand')).map(i => i.MainDicomTags.SOPInstanceUID))
    t.ok(referenced.length >= 66)
    t.strictSame(referenced.filter(uid => !held.has(uid)), [])
  })

  await t.test('the whole study sent again, results included, starts nothing', async t => {
    const before = (await orthanc.get<string[]>('/instances')).length
    const studies = await orthanc.get<string[]>('/studies')
    t.equal(await orthanc.stow(studies), 'Success')
    await new Promise(resolve => setTimeout(resolve, 5000))
    t.equal((await orthanc.get<string[]>('/instances')).length, before)
    const jobs = await jobsOf(plugin)
    t.strictSame(jobs.map(job => job.state), ['DONE', 'DONE'])
  })

  await t.test('an Orthanc that was away loses nothing', async t => {
    const t2 = dataPath(t, 'mr-dicom/nema-wg04/MR1_UNC')
    if (t2 === undefined) return
    await orthanc.stop()
    const boundary = 'b0undary'
    const body = Buffer.concat([
      Buffer.from(`--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`), readFileSync(t2), Buffer.from(`\r\n--${boundary}--\r\n`),
    ])
    const answer = await fetch(`${plugin.dicomWeb}/studies`, {
      method: 'POST', body, headers: { 'content-type': `multipart/related; type="application/dicom"; boundary=${boundary}` },
    })
    t.equal(answer.status, 200)
    await until(async () => (await jobsOf(plugin)).length === 4, 60, 'jobs of the second study')
    await until(async () => (await jobsOf(plugin)).some(job => job.state === 'DELIVERING'), 60, 'a delivery that waits for the PACS')
    await orthanc.start()
    await until(async () => (await jobsOf(plugin)).every(job => job.state === 'DONE'), 150, 'the delivery after the PACS came back')
    t.ok([...(await results(orthanc)).keys()].some(name => name.includes('T2 tubers')))
  })
})

t.test('the Lua recipe of the README routes every stable MR series', { timeout: 120_000 }, async t => {
  if (!requireTool(t, 'Orthanc')) return
  const readme = readFileSync(resolve(import.meta.dirname, '../../README.md'), 'utf8')
  const lua = /```lua\n([^]*?)```/.exec(readme)![1]!
  const port = await freePort()
  const orthanc = new Orthanc(await freePort(), `http://127.0.0.1:${port}/dicom-web/`, { lua })
  const plugin = new Service(port, { TUBERLENS_PACS_URL: orthanc.dicomWeb, TUBERLENS_MODEL_DIR: tinyModel })
  t.teardown(async () => {
    await plugin.remove()
    await orthanc.remove()
  })
  await orthanc.start()
  await plugin.start()
  const folder = resolve(import.meta.dirname, '../../fixtures/flair')
  for (const name of readdirSync(folder)) await orthanc.post('/instances', readFileSync(join(folder, name)))
  await until(async () => [...(await results(orthanc)).keys()].some(name => name.includes('FLAIR tubers')), 90, 'a report in Orthanc')
  // the results are stable series too and come back to the plugin: nothing may start from them
  await new Promise(resolve => setTimeout(resolve, 6000))
  t.strictSame((await jobsOf(plugin)).map(job => job.state), ['DONE', 'DONE'])
  const reports = [...await results(orthanc)].filter(([name]) => name.includes('tubers'))
  t.strictSame(reports.map(([, series]) => series.Instances.length), [1])
})

/** The service's own view of its jobs. */
async function jobsOf (service: Service): Promise<Job[]> {
  const { jobs } = await (await fetch(`${service.url}/api/v1/jobs`)).json() as { jobs: Job[] }
  return jobs
}
