import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t from 'tap'
import { readInstance } from '../../src/dicom/read-instance.ts'
import type { Uid } from '../../src/dicom/uid.ts'
import type { DestinationTest } from '../../src/workflow/destination-test.ts'
import { dicomFile, multipart } from './support/dicom-file.ts'
import { queued } from './support/queued-job.ts'
import { testService } from './support/test-service.ts'

const series = '1.2.3.4' as Uid

t.test('a series tells how far it came, and what of it was not kept', async t => {
  const service = await testService(t)
  const url = `/api/v1/series/${series}`
  t.equal((await service.inject({ url })).statusCode, 404)
  t.equal((await service.inject({ url: '/api/v1/series/1.02' })).statusCode, 400)
  await service.store(multipart([dicomFile({ change: { '00080060': ['00080060', 'CS', 'CT'] } })]))
  t.strictSame((await service.inject({ url })).json(), { seriesInstanceUid: series, ignored: [{ why: 'not-mr', count: 1 }] })
  await service.store(multipart([dicomFile({ sop: '1.2.3.4.2' })]))
  const open = (await service.inject({ url })).json<object>()
  t.match(open, { studyInstanceUid: '1.2.3', state: 'OPEN', instances: 1, revision: 0, ignored: [{ why: 'not-mr', count: 1 }] })
  t.notOk('job' in open)
  service.archive.series.defer(service.archive.series.get(series)!, Date.now(), '2 of 3 instances that the PACS has', 3)
  t.match((await service.inject({ url })).json(), { expectedByPacs: 3, why: '2 of 3 instances that the PACS has' })
  await service.archive.eraseStudy('1.2.3' as Uid)
  t.equal((await service.inject({ url })).statusCode, 410)
})

t.test('a series is processed on demand: an open one as it is, a finished one again, one at a time', async t => {
  const service = await testService(t)
  const process = async () => await service.inject({ method: 'POST', url: `/api/v1/series/${series}/process` })
  t.equal((await process()).statusCode, 404)
  await service.store(multipart([dicomFile()]))
  const first = await process()
  t.equal(first.statusCode, 202)
  t.match(first.json(), { kind: 'analyse', state: 'QUEUED', seriesInstanceUid: series, revision: 0 })
  const second = await process()
  t.equal(second.statusCode, 409)
  t.match(second.json(), { detail: 'The analysis of the series is already QUEUED' })
  service.archive.jobs.lease(Date.now(), 1000)
  t.equal((await process()).statusCode, 409)
  service.archive.jobs.analysed(first.json<{ id: number }>().id, { resultPath: 'f', summary: '{}', now: Date.now() })
  const third = await process()
  t.equal(third.statusCode, 202)
  t.match(third.json(), { state: 'QUEUED', revision: 1 })
  t.equal((await service.inject({ method: 'POST', url: '/api/v1/series/1.02/process' })).statusCode, 400)
  await service.archive.eraseStudy('1.2.3' as Uid)
  t.equal((await process()).statusCode, 410)
})

t.test('a study is erased, and not while its results are being delivered unless that is wanted', async t => {
  const service = await testService(t)
  const erase = async (query = '') => await service.inject({ method: 'DELETE', url: `/api/v1/studies/1.2.3${query}` })
  t.equal((await erase()).statusCode, 404)
  t.equal((await erase('?force=maybe')).statusCode, 400)
  const { id } = await queued(service)
  const { archive } = service
  archive.jobs.lease(Date.now(), 1000)
  archive.jobs.analysed(id, { resultPath: 'f', summary: '{}', now: Date.now() })
  const report = archive.jobs.queueReport('1.2.3' as Uid, Date.now())!
  archive.jobs.lease(Date.now(), 1000)
  const bytes = dicomFile({ sop: '1.2.3.9.1', series: '1.2.3.9', sopClass: '1.2.840.10008.5.1.4.1.1.7' })
  const path = join(service.folder, 'tmp', 'result')
  writeFileSync(path, bytes)
  const file = { path, sha256: 'ab', bytes: bytes.length, kind: 'grad-cam', ordinal: 0, instance: readInstance(bytes) }
  await archive.artifacts.store(archive.jobs.get(report)!, [file], { routes: [{ destination: 'pacs', kinds: undefined, sources: [] }] }, Date.now())
  const moving = await erase()
  t.equal(moving.statusCode, 409)
  t.match(moving.json(), { code: 'conflict', detail: 'results of this study are being delivered' })
  const answer = await erase('?force=true')
  t.equal(answer.statusCode, 204)
  t.equal(answer.body, '')
  t.strictSame(service.spoolFiles(), [])
  t.equal((await service.inject({ url: '/dicom-web/studies/1.2.3' })).statusCode, 410)
  t.equal((await erase()).statusCode, 410)
  t.equal(service.archive.jobs.list({ limit: 1 })[0]!.state, 'CANCELED')
  await service.store(multipart([dicomFile({ change: { '00080060': ['00080060', 'CS', 'CT'] } })]))
  t.equal((await erase()).statusCode, 204, 'what was not kept is forgotten too')
})

t.test('a dry run says which series would be analysed and why, by the rules of what comes in', async t => {
  const service = await testService(t)
  const dryRun = async (payload: unknown, type = 'application/dicom+json') => await service.inject({
    method: 'POST', url: '/api/v1/selection/dry-run', headers: { 'content-type': type }, payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
  })
  const fixtures = resolve(import.meta.dirname, '../../fixtures')
  const metadata: object[] = []
  for (const folder of ['flair', 'special/t1']) {
    for (const name of readdirSync(resolve(fixtures, folder)).slice(0, 3)) await service.store(multipart([readFileSync(resolve(fixtures, folder, name))]))
  }
  for (const { attributes } of service.archive.search({ level: 'study', matches: [], limit: 10, offset: 0 }).rows) {
    const study = attributes['0020000D']!.Value![0] as string
    metadata.push(...(await service.inject({ url: `/dicom-web/studies/${study}/metadata` })).json<object[]>())
  }
  t.ok(metadata.length >= 4)
  const ct = { ...metadata[0], '00080018': { vr: 'UI', Value: ['1.2.9'] }, '00080060': { vr: 'CS', Value: ['CT'] } }
  const before = service.stored()
  const answer = await dryRun([...metadata, ct])
  t.equal(answer.statusCode, 200, answer.body)
  const { series, ignored } = answer.json<{ series: { verdict: string, reason: { code: string }, rejected: object[] }[], ignored: object[] }>()
  t.strictSame(new Set(series.map(({ reason }) => reason.code)), new Set(['selected', 't1']))
  t.ok(series.find(({ verdict }) => verdict === 'rejected')!.rejected.length > 0)
  t.match(ignored, [{ sopInstanceUid: '1.2.9', why: 'not-mr' }])
  t.equal(service.stored(), before, 'nothing is kept')
  t.notMatch(answer.body, /FLAIR tubers|Doe|SeriesDescription/, 'nothing that people typed')
  t.equal((await dryRun(metadata[0], 'application/json')).statusCode, 200, 'one instance alone')
  t.match((await dryRun([metadata[0], { '00080018': { vr: 'UI' } }])).json(), { status: 400, detail: /^Instance 2: / })
  for (const [payload, type] of [['[]'], ['{'], ['[1]'], ['{', 'application/json']] as const) t.equal((await dryRun(payload, type)).statusCode, 400, payload)
  t.equal((await dryRun(new Array(10_001).fill(0))).statusCode, 413)
  t.equal((await dryRun('x', 'text/plain')).statusCode, 415)
})

t.test('destinations are listed as they are and looked at on demand', async t => {
  const looked: DestinationTest = {
    reachable: false, status: undefined, auth: 'unknown', tls: 'none', stow: 'unknown', qido: 'unknown', detail: 'No answer: the connection was refused.',
  }
  const service = await testService(t, {
    workflow: {
      destinations: () => [
        { id: 'pacs', url: 'http://pacs/dicom', configured: true, breaker: 'open', openUntil: Date.UTC(2026, 0, 1), failures: 5, pending: 3, dead: 1, oldestMs: 61_400 },
        { id: 'old', url: undefined, configured: false, breaker: 'closed', openUntil: undefined, failures: 0, pending: 0, dead: 0, oldestMs: undefined },
      ],
      testDestination: async id => id === 'pacs' ? looked : id === 'other' ? { ...looked, reachable: true, status: 204 } : undefined,
    },
  })
  t.strictSame((await service.inject({ url: '/api/v1/destinations' })).json(), {
    destinations: [
      { id: 'pacs', url: 'http://pacs/dicom', configured: true, breaker: 'open', openUntil: '2026-01-01T00:00:00.000Z', failures: 5, pending: 3, dead: 1, oldestSeconds: 61 },
      { id: 'old', configured: false, breaker: 'closed', failures: 0, pending: 0, dead: 0 },
    ],
  })
  const test = async (id: string) => await service.inject({ method: 'POST', url: `/api/v1/destinations/${id}/test` })
  const { status, ...shown } = looked
  t.equal(status, undefined)
  t.strictSame((await test('pacs')).json(), shown)
  t.match((await test('other')).json(), { reachable: true, status: 204 })
  t.equal((await test('none')).statusCode, 404)
  const slow = await testService(t, { workflow: { testDestination: async (_id, signal) => { signal.throwIfAborted(); return undefined } } })
  t.intercept(AbortSignal, 'timeout', { value: () => AbortSignal.abort() })
  const late = await slow.inject({ method: 'POST', url: '/api/v1/destinations/pacs/test' })
  t.equal(late.statusCode, 502)
  t.match(late.json(), { code: 'remote-unreachable' })
  const without = await testService(t)
  t.strictSame((await without.inject({ url: '/api/v1/destinations' })).json(), { destinations: [] })
})

t.test('/startupz answers when the service listens, and /readyz names engine and model', async t => {
  const analysis = { engine: 'onnxruntime 1.30.0', model: 'tsc', version: '1.0.0', sha256: 'ab' }
  const service = await testService(t, { analysis })
  t.strictSame((await service.inject({ url: '/startupz' })).json(), { status: 'started' })
  t.match((await service.inject({ url: '/readyz' })).json(), { status: 'ready', analysis })
})
