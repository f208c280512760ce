import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { type StoredFindings, writeFindings } from '../../src/analysis/findings-file.ts'
import { transferSyntax } from '../../src/dicom/transfer-syntaxes.ts'
import { AppError } from '../../src/errors.ts'
import type { Decoder, JpegEncoder } from '../../src/imaging/decoder-pool.ts'
import { countingDecoder } from '../../src/service/counting-decoder.ts'
import { watchFailedSlices } from '../../src/service/failed-slices.ts'
import { Metrics, type Measures } from '../../src/service/metrics.ts'
import { serveMetrics } from '../../src/service/metrics-server.ts'
import { manifestOf } from '../helpers/manifest.ts'
import { dicomFile, multipart } from './support/dicom-file.ts'
import { queued } from './support/queued-job.ts'
import { testService } from './support/test-service.ts'

const nothing: Measures = { openSeries: 0, jobs: {}, destinations: [], spoolBytes: 0, freeBytes: 0 }

/** The samples of the text format by name and labels. */
async function samples (metrics: Metrics): Promise<Map<string, number>> {
  const lines = (await metrics.render()).split('\n').filter(line => line !== '' && !line.startsWith('#'))
  return new Map(lines.map(line => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]))
}

t.test('store requests are counted by status, their instances by what became of them', async t => {
  const metrics = new Metrics(async () => nothing)
  const service = await testService(t, { metrics })
  const file = dicomFile()
  await service.store(multipart([file]))
  await service.store(multipart([file, dicomFile({ sop: '1.2.3.4.2', change: { '00080060': ['00080060', 'CS', 'CT'] } }), Buffer.from('x')]))
  await service.store(multipart([]))
  await service.inject({ method: 'POST', url: '/dicom-web/studies', headers: { 'content-type': 'text/plain' }, payload: 'x' })
  await service.inject({ method: 'POST', url: '/api/v1/upload', headers: { 'content-type': 'application/json' }, payload: '{}' })
  await service.inject({ url: '/dicom-web/studies' })
  const found = await samples(metrics)
  for (const [status, count] of [[200, 1], [202, 1], [400, 1], [415, 2]]) t.equal(found.get(`tuberlens_stow_requests_total{status="${status}"}`), count, `${status}`)
  t.equal(found.get('tuberlens_stow_instances_total{outcome="stored",reason="none"}'), 2)
  t.equal(found.get('tuberlens_stow_instances_total{outcome="ignored",reason="none"}'), 1)
  t.equal(found.get('tuberlens_stow_instances_total{outcome="failed",reason="cannot-understand"}'), 1)
  t.ok(found.get('tuberlens_stow_bytes_total')! >= 2 * file.length)
  t.ok(found.has('tuberlens_nodejs_eventloop_lag_seconds'), 'the process itself')
})

t.test('what the workflow tells is counted', async t => {
  const metrics = new Metrics(async () => nothing)
  const series = { type: 'series-closed', series: 'ab', instances: 3, revision: 0, why: '' } as const
  for (const state of ['COMPLETE', 'FORCED', 'SKIPPED']) metrics.event({ ...series, state })
  metrics.event({ type: 'job-finished', job: 1, kind: 'analyse', state: 'ANALYSED', ms: 1500 })
  metrics.event({ type: 'job-started', job: 1, kind: 'analyse', attempt: 1 })
  metrics.event({
    type: 'delivery',
    destination: 'pacs',
    sent: 2,
    retried: 1,
    dead: 3,
    outcomes: [
      { result: 'sent', reason: undefined, count: 2 }, { result: 'retried', reason: 'not found after it was stored', count: 1 },
      { result: 'dead', reason: 'deadline: unreachable', count: 3 },
    ],
  })
  metrics.workerRestarted()
  metrics.auditFailed()
  metrics.decodeFailed('1.2.840.10008.1.2.4.80', 'pixel-decode-timeout')
  metrics.decodeFailed('1.2.3', 'pixel-decode-failed')
  const found = await samples(metrics)
  t.equal(found.get('tuberlens_series_incomplete_total'), 2)
  t.equal(found.get('tuberlens_job_seconds_sum{stage="analyse"}'), 1.5)
  t.equal(found.get('tuberlens_job_seconds_bucket{le="2",stage="analyse"}'), 1)
  t.equal(found.get('tuberlens_deliveries_total{dest="pacs",result="sent",reason="none"}'), 2)
  t.equal(found.get('tuberlens_deliveries_total{dest="pacs",result="retried",reason="not-found-after-it-was-stored"}'), 1)
  t.equal(found.get('tuberlens_deliveries_total{dest="pacs",result="dead",reason="deadline"}'), 3)
  t.equal(found.get('tuberlens_worker_restarts_total'), 1)
  t.equal(found.get('tuberlens_audit_failures_total'), 1)
  const codec = transferSyntax('1.2.840.10008.1.2.4.80')!.name
  t.equal(found.get(`tuberlens_decode_failures_total{codec="${codec}",kind="pixel-decode-timeout"}`), 1)
  t.equal(found.get('tuberlens_decode_failures_total{codec="unknown",kind="pixel-decode-failed"}'), 1)
})

t.test('what waits is read when it is asked for, and what is gone is not told any more', async t => {
  let measures: Measures = {
    openSeries: 2,
    jobs: { QUEUED: 3, DEAD: 1 },
    destinations: [{ id: 'pacs', dead: 4, oldestMs: 61_500 }, { id: 'archive', dead: 0, oldestMs: undefined }],
    spoolBytes: 5,
    freeBytes: 6,
  }
  const metrics = new Metrics(async () => measures)
  const found = await samples(metrics)
  t.equal(found.get('tuberlens_series_open'), 2)
  t.equal(found.get('tuberlens_jobs{state="QUEUED"}'), 3)
  t.equal(found.get('tuberlens_dead_letters{dest="pacs"}'), 4)
  t.equal(found.get('tuberlens_delivery_oldest_seconds{dest="pacs"}'), 61.5)
  t.equal(found.get('tuberlens_delivery_oldest_seconds{dest="archive"}'), 0)
  t.equal(found.get('tuberlens_spool_bytes'), 5)
  t.equal(found.get('tuberlens_disk_free_bytes'), 6)
  measures = { ...measures, jobs: {}, destinations: [] }
  const later = await samples(metrics)
  t.notOk([...later.keys()].some(name => /jobs\{|dead_letters|oldest/.test(name)))
})

t.test('on the port of the service metrics want their token, and hold no UID', async t => {
  const metrics = new Metrics(async () => nothing)
  let token = 'first'
  const service = await testService(t, { metrics, metricsToken: async () => token })
  await queued(service)
  const ask = async (authorization?: string) => await service.inject({ url: '/metrics', headers: authorization === undefined ? {} : { authorization } })
  for (const wrong of [undefined, 'Bearer second', 'first', 'Basic first']) {
    const answer = await ask(wrong)
    t.equal(answer.statusCode, 401, String(wrong))
    t.equal(answer.headers['www-authenticate'], 'Bearer')
  }
  const answer = await ask('Bearer first')
  t.equal(answer.statusCode, 200)
  t.match(answer.headers['content-type'], /^text\/plain; version=0\.0\.4/)
  t.notMatch(answer.body, /\b1\.2\.3\b|Doe|PID1/)
  token = 'second'
  t.equal((await ask('Bearer first')).statusCode, 401, 'the file was renewed')
  t.equal((await ask('Bearer second')).statusCode, 200)
  const without = await testService(t, { metrics })
  t.equal((await without.inject({ url: '/metrics' })).statusCode, 404)
})

t.test('a port of their own has the metrics and nothing else', async t => {
  let fails = false
  const metrics = new Metrics(async () => { if (fails) throw new AppError('internal', 'x'); return nothing })
  const server = await serveMetrics(metrics, { host: '127.0.0.1', port: 0 })
  t.teardown(() => { server.closeAllConnections(); server.close() })
  const { port } = server.address() as AddressInfo
  const ask = async (path: string, method = 'GET') => await fetch(`http://127.0.0.1:${port}${path}`, { method })
  t.match(await (await ask('/metrics?x=1')).text(), /tuberlens_series_open 0/)
  t.equal((await ask('/')).status, 404)
  t.equal((await ask('/metrics', 'POST')).status, 405)
  fails = true
  t.equal((await ask('/metrics')).status, 503)
  await t.rejects(serveMetrics(metrics, { host: '127.0.0.1', port }), { code: 'config-invalid' })
  fails = false
  let token = 'first'
  const closed = await serveMetrics(metrics, { host: '127.0.0.1', port: 0 }, async () => token)
  t.teardown(() => { closed.closeAllConnections(); closed.close() })
  const status = async (authorization?: string) =>
    (await fetch(`http://127.0.0.1:${(closed.address() as AddressInfo).port}/metrics`, authorization === undefined ? {} : { headers: { authorization } })).status
  t.strictSame([await status(), await status('Bearer second'), await status('Bearer first')], [401, 401, 200])
  token = ''
  t.strictSame([await status('Bearer first'), await status('Bearer ')], [401, 401], 'an empty file is no secret')
  server.close()
  server.closeAllConnections()
  await once(server, 'close')
})

t.test('a frame that cannot be decoded is told of, an interrupted one not', async t => {
  const failures: string[] = []
  let thrown: unknown = new AppError('pixel-decode-failed', 'x')
  const failing: Decoder & JpegEncoder = {
    decode: async () => { throw thrown },
    decodeSlice: async () => { throw thrown },
    encodeJpeg: async () => new Uint8Array([1]),
    close: async () => undefined,
  }
  const decoder = countingDecoder(failing, (syntax, code) => { failures.push(`${syntax} ${code}`) })
  await t.rejects(decoder.decode(new Uint8Array(), {} as never, '1.2.4'), { code: 'pixel-decode-failed' })
  await t.rejects(decoder.decodeSlice({ source: { transferSyntaxUid: '1.2.5' } } as never), { code: 'pixel-decode-failed' })
  for (thrown of [new AppError('interrupted', 'x'), new Error('x')]) await t.rejects(decoder.decode(new Uint8Array(), {} as never, '1.2.6'))
  t.strictSame(failures, ['1.2.4 pixel-decode-failed', '1.2.5 pixel-decode-failed'])
  t.strictSame(await decoder.encodeJpeg({} as never, 90), new Uint8Array([1]))
  await decoder.close()
})

t.test('slices that an analysis could not decode are told of', async t => {
  const { archive, ...service } = await testService(t)
  const { id } = await queued({ archive, ...service })
  const reason = { code: 'pixel-decode-failed', text: 'cut' }
  const findings: StoredFindings = {
    seriesInstanceUid: '1.2.3.4',
    reason: 'axial FLAIR',
    model: { manifest: manifestOf(), sha256: 'ab', engine: 'onnxruntime 1' },
    groups: [{
      contrast: 'FLAIR',
      complete: true,
      notes: [],
      slices: ['1.2.3.4.1', '1.2.3.4.9'].map(sopInstanceUid => ({ sopInstanceUid, frameNumber: 1, toSource: undefined, finding: { kind: 'failed', reason } })),
    }],
    rejected: [],
  }
  await writeFindings(join(archive.spool.findings, 'f'), findings)
  archive.jobs.lease(Date.now(), 1000)
  archive.jobs.analysed(id, { resultPath: 'f', summary: '{}', now: Date.now() })
  const failures: string[] = []
  const told = new Promise<void>(resolve => {
    const listener = watchFailedSlices(archive, (syntax, code) => { if (failures.push(`${syntax} ${code}`) === 2) resolve() })
    listener({ type: 'job-finished', job: 77, kind: 'analyse', state: 'CANCELED', ms: 1 })
    listener({ type: 'job-finished', job: id, kind: 'report', state: 'DONE', ms: 1 })
    listener({ type: 'job-finished', job: id, kind: 'analyse', state: 'ANALYSED', ms: 1 })
  })
  await told
  t.strictSame(failures, ['1.2.840.10008.1.2.1 pixel-decode-failed', ' pixel-decode-failed'])
})
