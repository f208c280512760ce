import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import t from 'tap'
import { freePort, Orthanc, pythonPlugin } from '../helpers/orthanc.ts'
import { Service, until } from '../helpers/service.ts'
import { requireTool } from '../helpers/tools.ts'

const root = resolve(import.meta.dirname, '../..')

t.test('the Python recipe of the notes for administrators routes every stable MR series', { timeout: 120_000 }, async t => {
  if (!requireTool(t, 'Orthanc')) return
  if (!existsSync(pythonPlugin)) {
    if (process.env['TUBERLENS_REQUIRE_TOOLS'] === '1') t.fail('orthanc-python is not installed')
    else t.skip('orthanc-python is not installed', () => undefined)
    return
  }
  const notes = readFileSync(resolve(root, 'docs/administration.md'), 'utf8')
  const python = /```python\n([^]*?)```/.exec(notes)![1]!
  const port = await freePort()
  const orthanc = new Orthanc(await freePort(), `http://127.0.0.1:${port}/dicom-web/`, { python })
  const plugin = new Service(port, { TUBERLENS_PACS_URL: orthanc.dicomWeb, TUBERLENS_MODEL_DIR: resolve(root, 'fixtures/tiny-model') })
  t.teardown(async () => {
    await plugin.remove()
    await orthanc.remove()
  })
  await orthanc.start()
  await plugin.start()
  const folder = resolve(root, 'fixtures/flair')
  for (const name of readdirSync(folder)) await orthanc.post('/instances', readFileSync(resolve(folder, name)))
  const descriptions = async (): Promise<(string | undefined)[]> =>
    (await orthanc.get<{ MainDicomTags: Record<string, string> }[]>('/series?expand')).map(series => series.MainDicomTags['SeriesDescription'])
  await until(async () => (await descriptions()).some(name => name?.includes('FLAIR tubers')), 90, 'a report in Orthanc')
  t.equal((await descriptions()).filter(name => name?.includes('FLAIR tubers')).length, 1)
})
