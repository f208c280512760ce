import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { type StoredFindings, writeFindings } from '../../src/analysis/findings-file.ts'
import { readInstance } from '../../src/dicom/read-instance.ts'
import type { Uid } from '../../src/dicom/uid.ts'
import { manifestOf } from '../helpers/manifest.ts'
import { dicomFile, multipart } from './support/dicom-file.ts'
import { queued } from './support/queued-job.ts'
import { testService } from './support/test-service.ts'

t.test('jobs are listed newest first, by state where asked', async t => {
  const service = await testService(t)
  t.strictSame((await service.inject({ url: '/api/v1/jobs' })).json(), { jobs: [] })
  for (const series of ['1.2.3.4', '1.2.3.5']) {
    await service.store(multipart([dicomFile({ series, sop: `${series}.1` })]))
    const row = service.archive.series.list(10).find(({ seriesInstanceUid }) => seriesInstanceUid === series)
    t.ok(service.archive.series.close(row!, { state: 'COMPLETE', why: 'test', now: Date.now() }))
  }
  const { jobs } = (await service.inject({ url: '/api/v1/jobs?state=QUEUED' })).json<{ jobs: Record<string, unknown>[] }>()
  t.strictSame(jobs.map(job => job['seriesInstanceUid']), ['1.2.3.5', '1.2.3.4'])
  t.equal(jobs[0]!['studyInstanceUid'], '1.2.3')
  t.strictSame((await service.inject({ url: '/api/v1/jobs?state=DEAD' })).json(), { jobs: [] })
  for (const query of ['state=LOST', 'limit=0', 'limit=x', 'other=1']) {
    t.equal((await service.inject({ url: `/api/v1/jobs?${query}` })).statusCode, 400, query)
  }
})

t.test('the list goes on where the page before ended', async t => {
  const service = await testService(t)
  const ids: number[] = []
  for (const n of [1, 2, 3]) ids.push((await queued(service, `1.2.3.4${n}`)).id)
  const page = async (query: string) => (await service.inject({ url: `/api/v1/jobs?limit=2${query}` })).json<{ jobs: { id: number }[], next?: number }>()
  const first = await page('')
  t.strictSame(first.jobs.map(({ id }) => id), [ids[2], ids[1]])
  const second = await page(`&cursor=${first.next}`)
  t.strictSame(second.jobs.map(({ id }) => id), [ids[0]])
  t.notOk('next' in second)
  t.equal((await service.inject({ url: '/api/v1/jobs?cursor=0' })).statusCode, 400)
})

t.test('a job tells how it came to its state, and why', async t => {
  const service = await testService(t)
  const { archive } = service
  const { id } = await queued(service)
  archive.jobs.lease(Date.now(), 1000)
  archive.jobs.failed(id, { code: 'engine-failed', text: 'the analysis process ended (9)', crashed: true }, Date.now(), Date.now())
  archive.jobs.lease(Date.now() + 10, 1000)
  archive.jobs.failed(id, { code: 'model-invalid', text: 'the model is of another version', crashed: false }, undefined, Date.now())
  const job = (await service.inject({ url: `/api/v1/jobs/${id}` })).json<Record<string, unknown>>()
  t.match(job, {
    id,
    kind: 'analyse',
    state: 'DEAD',
    attempt: 2,
    failures: 2,
    crashes: 1,
    seriesInstanceUid: '1.2.3.4',
    error: { code: 'model-invalid', text: 'the model is of another version' },
    timeline: [
      { state: 'QUEUED', attempt: 0 },
      { state: 'RUNNING', attempt: 1 },
      { state: 'QUEUED', attempt: 1, errorCode: 'engine-failed' },
      { state: 'RUNNING', attempt: 2 },
      { state: 'DEAD', attempt: 2, errorCode: 'model-invalid' },
    ],
    deliveries: [],
  })
  t.notOk('findings' in job)
  for (const name of ['999', '0', 'x', '1e3']) t.equal((await service.inject({ url: `/api/v1/jobs/${name}` })).statusCode, 404, name)
})

t.test('an analysis tells of each slice what was found, and a report what became of its results', async t => {
  const service = await testService(t)
  const { archive } = service
  const { id } = await queued(service)
  archive.jobs.lease(Date.now(), 1000)
  const findings: StoredFindings = {
    seriesInstanceUid: '1.2.3.4',
    reason: 'axial 2D FLAIR: by its times',
    model: { manifest: manifestOf(), sha256: 'ab', engine: 'onnxruntime 1' },
    groups: [{
      contrast: 'FLAIR',
      complete: true,
      notes: ['one gap'],
      slices: [
        { sopInstanceUid: '1.2.3.4.1', frameNumber: 1, toSource: undefined, finding: { kind: 'classified', probability: 0.99, heatmaps: [] } },
        { sopInstanceUid: '1.2.3.4.2', frameNumber: 1, toSource: undefined, finding: { kind: 'classified', probability: 0.01, heatmaps: [] } },
        { sopInstanceUid: '1.2.3.4.3', frameNumber: 1, toSource: undefined, finding: { kind: 'failed', reason: { code: 'pixel-decode-failed', text: 'cut' } } },
      ],
    }],
    rejected: [{ sopInstanceUid: '1.2.3.4.4', frameNumber: 1, reason: { code: 'localizer', text: 'a localizer' } }],
  }
  await writeFindings(join(archive.spool.findings, 'f'), findings)
  archive.jobs.analysed(id, { resultPath: 'f', summary: JSON.stringify({ selected: true, reasonCode: 'selected' }), now: Date.now() })
  const url = `/api/v1/jobs/${id}`
  t.match((await service.inject({ url })).json(), {
    state: 'ANALYSED',
    findings: {
      selection: { selected: true, code: 'selected', text: findings.reason },
      model: { engine: 'onnxruntime 1' },
      notes: ['one gap'],
      slices: [
        { verdict: 'positive', probability: 0.99, contrast: 'FLAIR' }, { verdict: 'negative', probability: 0.01 },
        { verdict: 'failed', reason: { code: 'pixel-decode-failed' } }, { verdict: 'rejected', reason: { code: 'localizer' } },
      ],
    },
  })
  const report = archive.jobs.queueReport('1.2.3' as Uid, Date.now())!
  archive.jobs.lease(Date.now(), 1000)
  const path = join(service.folder, 'tmp', 'result')
  const bytes = dicomFile({ sop: '1.2.3.9.1', series: '1.2.3.9', sopClass: '1.2.840.10008.5.1.4.1.1.7' })
  writeFileSync(path, bytes)
  const file = { path, sha256: 'ab', bytes: bytes.length, kind: 'grad-cam', ordinal: 0, instance: readInstance(bytes) }
  await archive.artifacts.store(archive.jobs.get(report)!, [file], { routes: ['pacs', 'archive'].map(destination => ({ destination, kinds: undefined, sources: [] })) }, Date.now())
  const [there] = archive.deliveries.ofJob(report)
  archive.deliveries.update(there!, { state: 'DEAD', nextAt: undefined, attempted: true, http: 400, failureReason: 0xA900, error: 'refused' }, Date.now())
  t.match((await service.inject({ url: `/api/v1/jobs/${report}` })).json(), {
    kind: 'report',
    state: 'DELIVERING',
    analyses: [{ id, seriesInstanceUid: '1.2.3.4' }],
    deliveries: [
      {
        destination: 'archive',
        pending: 0,
        dead: 1,
        objects: [{ sopInstanceUid: '1.2.3.9.1', kind: 'grad-cam', state: 'DEAD', attempt: 1, httpStatus: 400, failureReason: 0xA900, error: 'refused' }],
      },
      { destination: 'pacs', pending: 1, dead: 0 },
    ],
  })
  writeFileSync(join(archive.spool.findings, 'f'), 'damaged')
  t.notOk('findings' in (await service.inject({ url })).json<object>(), 'what cannot be read is absent')
})

t.test('a job is canceled before it begins, and tried again after it failed', async t => {
  const service = await testService(t)
  const { archive } = service
  const { id } = await queued(service)
  const post = async (action: string, job: number | string = id) => await service.inject({ method: 'POST', url: `/api/v1/jobs/${job}/${action}` })
  const retryEarly = await post('retry')
  t.equal(retryEarly.statusCode, 409)
  t.match(retryEarly.json(), { code: 'conflict', detail: 'The job cannot be tried again: it is QUEUED' })
  const canceled = await post('cancel')
  t.equal(canceled.statusCode, 202)
  t.match(canceled.json(), { id, state: 'CANCELED' })
  t.equal((await post('cancel')).statusCode, 409)
  const again = await post('retry')
  t.equal(again.statusCode, 202)
  t.match(again.json(), { id, state: 'QUEUED' })
  archive.jobs.lease(Date.now(), 1000)
  t.match((await post('cancel')).json(), { detail: 'Only a job that is QUEUED can be canceled; it is RUNNING' })
  archive.jobs.failed(id, { code: 'internal', text: 'x', crashed: false }, undefined, Date.now())
  t.match((await post('retry')).json(), { state: 'QUEUED', failures: 0 })
  for (const action of ['cancel', 'retry']) t.equal((await post(action, 77)).statusCode, 404)
})

t.test('what a newer job replaced is not run again', async t => {
  const service = await testService(t)
  const { archive } = service
  const { id } = await queued(service)
  await service.store(multipart([dicomFile({ sop: '1.2.3.4.2' })]))
  const row = archive.series.get('1.2.3.4' as Uid)!
  archive.series.close(row, { state: 'COMPLETE', why: 'test', now: Date.now() })
  const answer = await service.inject({ method: 'POST', url: `/api/v1/jobs/${id}/retry` })
  t.equal(answer.statusCode, 409)
  t.match(answer.json(), { detail: /a newer job took its place/ })
})

t.test('no other site can make a browser do anything', async t => {
  const service = await testService(t, { settings: { publicBaseUrl: 'https://ai.hospital/tuberlens', allowedHosts: ['ai.local'] } })
  const { id } = await queued(service)
  const cancel = async (headers: Record<string, string>) =>
    (await service.inject({ method: 'POST', url: `/api/v1/jobs/${id}/cancel`, headers: { host: 'ai.local', ...headers } })).statusCode
  t.equal(await cancel({ 'sec-fetch-site': 'cross-site' }), 403)
  t.equal(await cancel({ 'sec-fetch-site': 'same-site' }), 403)
  t.equal(await cancel({ origin: 'http://elsewhere' }), 403)
  t.equal(await cancel({ origin: 'null' }), 403)
  t.equal(await cancel({ origin: 'http://ai.local' }), 202)
  for (const headers of [{ origin: 'https://ai.hospital' }, { 'sec-fetch-site': 'same-origin' }, {}] as Record<string, string>[]) t.equal(await cancel(headers), 409, 'allowed, and already done')
  for (const [method, url] of [['POST', '/api/v1/upload'], ['DELETE', '/api/v1/studies/1.2.3'], ['POST', '/api/v1/series/1.2/process'],
    ['POST', '/api/v1/selection/dry-run'], ['POST', '/api/v1/destinations/pacs/test'], ['POST', `/api/v1/jobs/${id}/retry`]] as const) {
    t.equal((await service.inject({ method, url, headers: { 'sec-fetch-site': 'cross-site' } })).statusCode, 403, url)
  }
})
