import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t from 'tap'
import { readInstanceFile } from '../../src/dicom/read-instance.ts'
import { storeInstances } from '../../src/dicomweb/stow-client.ts'
import type { StoreFile } from '../../src/dicomweb/stow-client.ts'
import { freePort } from '../helpers/orthanc.ts'
import { Service, until } from '../helpers/service.ts'

interface Job { kind: string, state: string, attempt: number }

const fixtures = resolve(import.meta.dirname, '../../fixtures')

async function files (folder: string): Promise<StoreFile[]> {
  return await Promise.all(readdirSync(join(fixtures, folder)).map(async name => {
    const path = join(fixtures, folder, name)
    const { sopClassUid, sopInstanceUid } = await readInstanceFile(path)
    return { path, sopClassUid, sopInstanceUid, bytes: 0 }
  }))
}

async function jobsOf (service: Service): Promise<Job[]> {
  return (await (await fetch(`${service.url}/api/v1/jobs`)).json() as { jobs: Job[] }).jobs
}

async function results (service: Service): Promise<string[]> {
  const response = await fetch(`${service.dicomWeb}/instances?limit=1000&includefield=SeriesDescription`)
  if (response.status !== 200) return []
  const rows = await response.json() as Record<string, { Value?: string[] }>[]
  return rows.filter(row => row['0008103E']?.Value?.[0]?.startsWith('AI ')).map(row => `${row['00080060']!.Value![0]!} ${row['00080018']!.Value![0]!}`)
}

t.test('a service killed in the middle of an analysis finishes the job after its restart, once', { timeout: 240_000 }, async t => {
  const service = new Service(await freePort(), { TUBERLENS_MODEL_DIR: join(fixtures, 'tiny-model') })
  t.teardown(async () => await service.remove())
  await service.start()
  const series = await files('flair')
  const outcomes = await storeInstances({ url: service.dicomWeb }, series)
  t.strictSame(outcomes.map(({ verdict }) => verdict), series.map(() => 'sent'))
  await until(async () => (await jobsOf(service)).some(({ state }) => state === 'RUNNING'), 60, 'a running job')
  await service.end('SIGKILL')
  t.strictSame(readdirSync(service.folder).length > 0, true)

  await service.start()
  await until(async () => {
    const jobs = await jobsOf(service)
    return jobs.length === 2 && jobs.every(({ state }) => state === 'DONE')
  }, 120, 'both jobs done')
  const jobs = await jobsOf(service)
  t.strictSame(jobs.map(({ kind }) => kind).sort(), ['analyse', 'report'])
  t.ok(jobs.some(({ attempt }) => attempt === 2), 'one of them was run again')
  const found = await results(service)
  t.equal(found.filter(name => name.startsWith('SR')).length, 1)
  t.equal(found.length, 12 + 12 + 1 + 1)
  t.equal(new Set(found).size, found.length)

  await t.test('SIGTERM ends it with 0', async t => {
    t.equal(await service.end('SIGTERM'), 0)
  })
})
