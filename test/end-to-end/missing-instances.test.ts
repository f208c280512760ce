import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t from 'tap'
import { freePort, Orthanc } from '../helpers/orthanc.ts'
import { Service, until } from '../helpers/service.ts'
import { requireTool } from '../helpers/tools.ts'

const root = resolve(import.meta.dirname, '../..')

t.test('slices that a real Orthanc holds and did not send are fetched from it', { timeout: 120_000 }, async t => {
  if (!requireTool(t, 'Orthanc')) return
  const port = await freePort()
  const orthanc = new Orthanc(await freePort(), `http://127.0.0.1:${port}/dicom-web/`)
  const plugin = new Service(port, {
    TUBERLENS_PACS_URL: orthanc.dicomWeb, TUBERLENS_MODEL_DIR: join(root, 'fixtures/tiny-model'), TUBERLENS_SERIES_QUIET_S: '6',
  })
  t.teardown(async () => {
    await plugin.remove()
    await orthanc.remove()
  })
  await orthanc.start()
  await plugin.start()
  const folder = join(root, 'fixtures/flair')
  const names = readdirSync(folder)
  const ids: string[] = []
  for (const name of names) ids.push((await orthanc.post<{ ID: string }>('/instances', readFileSync(join(folder, name)))).ID)
  t.equal(ids.length, 12)
  t.equal(await orthanc.stow(ids.filter((_, i) => i !== 3 && i !== 8)), 'Success')

  const held = async () => {
    const answer = await fetch(`${plugin.dicomWeb}/instances?Modality=MR&includefield=SOPInstanceUID`)
    return answer.status === 204 ? [] : (await answer.json() as Record<string, { Value?: string[] }>[]).map(row => row['00080018']!.Value![0]!)
  }
  t.equal(new Set(await held()).size, 10)
  await until(async () => plugin.log.includes('"series-closed"'), 60, 'the series to be complete')
  const closed = plugin.log.split('\n').filter(line => line.includes('"series-closed"')).map(line => JSON.parse(line) as object)
  t.match(closed, [{ state: 'COMPLETE', instances: 12, why: 'all that the PACS has' }])
  await until(async () => {
    const series = await orthanc.get<{ MainDicomTags: Record<string, string>, Instances: string[] }[]>('/series?expand')
    return series.some(({ MainDicomTags, Instances }) => MainDicomTags['SeriesDescription']?.includes('Grad-CAM') === true && Instances.length === 12)
  }, 60, 'heatmaps of all 12 slices in Orthanc')
})
