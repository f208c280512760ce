import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import t from 'tap'
import { type AuditEvent, AuditLog } from '../../src/archive/audit-log.ts'
import { verifyAudit } from '../../src/archive/verify-audit.ts'
import { readInstance } from '../../src/dicom/read-instance.ts'
import type { Uid } from '../../src/dicom/uid.ts'
import type { PartOutcome } from '../../src/dicomweb/store-response.ts'
import { auditMessage } from '../../src/service/audit-message.ts'
import { recordedIntake } from '../../src/service/transfer-events.ts'
import { auditWorkflow } from '../../src/service/workflow-audit.ts'
import { dicomFile, multipart } from './support/dicom-file.ts'
import { queued } from './support/queued-job.ts'
import { testService } from './support/test-service.ts'

/** Keeps what it is told. */
function trail (): { events: AuditEvent[], take: () => AuditEvent[], record: (event: AuditEvent) => Promise<void> } {
  const events: AuditEvent[] = []
  return { events, take: () => events.splice(0), record: async event => { events.push(event) } }
}

t.test('what comes in is recorded by study before it is acknowledged', async t => {
  const audit = trail()
  const service = await testService(t, { audit })
  const ct = dicomFile({ sop: '1.2.3.4.2', change: { '00080060': ['00080060', 'CS', 'CT'] } })
  await service.store(multipart([dicomFile(), ct, dicomFile({ study: '1.2.9', series: '1.2.9.1', sop: '1.2.9.1.1' }), Buffer.from('x')]))
  t.strictSame(audit.take(), [
    { code: 110104, action: 'import', outcome: 0, source: '127.0.0.1', studies: ['1.2.3'], facts: { stored: 1, ignored: 1 } },
    { code: 110104, action: 'import', outcome: 0, source: '127.0.0.1', studies: ['1.2.9'], facts: { stored: 1, ignored: 0 } },
    { code: 110104, action: 'import', outcome: 4, source: '127.0.0.1', facts: { failed: 1 } },
  ])
})

t.test('a trail that cannot be written undoes nothing', async t => {
  const service = await testService(t, { audit: { record: async () => undefined } })
  t.equal((await service.store(multipart([dicomFile()]))).statusCode, 200)
  t.equal((await service.inject({ url: '/dicom-web/studies' })).json<unknown[]>().length, 1)
})

t.test('searches, retrievals, erasures and refusals are recorded, without values', async t => {
  const audit = trail()
  const service = await testService(t, { audit })
  await queued(service)
  audit.take()
  const recorded = async (options: Parameters<typeof service.inject>[0]) => {
    await service.inject(options)
    // the hook runs after the answer
    await new Promise(resolve => setImmediate(resolve))
    return audit.take()
  }
  t.match(await recorded({ url: '/dicom-web/studies?PatientName=Doe*&00100020=PID1&Doe%5EJane=1' }), [{ code: 110112, outcome: 4, source: '127.0.0.1' }])
  const [query] = await recorded({ url: '/dicom-web/studies?PatientName=Doe*&limit=3' })
  t.match(query, { code: 110112, action: 'query', outcome: 0, facts: { keys: 'PatientName limit', status: 200, route: '/dicom-web/studies' } })
  t.notMatch(JSON.stringify(query), /Doe/)
  for (const path of ['/studies/1.2.3', '/studies/1.2.3/metadata', '/studies/1.2.3/series/1.2.3.4/instances/1.2.3.4.1/rendered', '/studies/1.2.3/thumbnail']) {
    t.match(await recorded({ url: `/dicom-web${path}` }), [{ code: 110103, action: 'read', outcome: 0, studies: ['1.2.3'] }], path)
  }
  t.match(await recorded({ url: '/dicom-web/studies/1.2.3/series' }), [{ code: 110112 }], 'a search below a study')
  t.match(await recorded({ url: '/wado?requestType=WADO&studyUID=1.2.3&seriesUID=1.2.3.4&objectUID=1.2.3.4.1' }), [{ code: 110103, studies: ['1.2.3'] }])
  t.strictSame(await recorded({ url: '/dicom-web/studies/1.2.4/metadata' }), [], 'nothing was given')
  t.strictSame(await recorded({ url: '/livez' }), [])
  t.match(await recorded({ method: 'POST', url: '/api/v1/jobs/1/cancel', headers: { 'sec-fetch-site': 'cross-site' } }), [{ code: 110113, outcome: 4 }])
  const job = service.archive.jobs.newestAnalysis('1.2.3.4' as Uid)!.id
  for (const url of ['/api/v1/series/1.2.3.4', '/status/series/1.2.3.4', `/api/v1/jobs/${job}`, `/status/jobs/${job}`]) {
    t.match(await recorded({ url }), [{ code: 110103, action: 'read', outcome: 0, studies: ['1.2.3'] }], `${url} tells findings`)
  }
  t.strictSame(await recorded({ url: '/api/v1/jobs' }), [])
  t.strictSame(await recorded({ url: '/status/series?studyUID=1.2.3' }), [], 'the name of a parameter is not enough')
  t.match(await recorded({ method: 'POST', url: `/api/v1/jobs/${job}/cancel` }), [{ code: 110113, action: 'restricted-function', outcome: 0, facts: { route: '/api/v1/jobs/:job/cancel' } }])
  t.match(await recorded({ method: 'POST', url: '/api/v1/jobs/9/retry' }), [{ code: 110113, action: 'restricted-function', outcome: 4 }])
  for (const [method, path, action] of [
    ['POST', '', 'create-workitem'], ['GET', '/1.2.9', 'read-workitem'], ['PUT', '/1.2.9/state', 'change-workitem'], ['POST', '/1.2.9/cancelrequest', 'change-workitem'],
    ['POST', '/1.2.9/cancelrequest/SOMEONE', 'change-workitem'],
  ] as const) {
    const headers = method === 'GET' ? {} : { 'content-type': 'application/dicom+json' }
    const events = await recorded({ method, url: `/dicom-web/workitems${path}`, headers, ...method === 'GET' ? {} : { payload: '[{}]' } })
    t.match(events, [{ code: 110109, action, outcome: 4 }], `${method} ${path}`)
    t.notMatch(JSON.stringify(events), /SOMEONE|1\.2\.9/)
  }
  t.match(await recorded({ url: '/dicom-web/workitems' }), [{ code: 110112, action: 'query' }], 'a search for workitems is a search')
  t.match(await recorded({ method: 'DELETE', url: '/api/v1/studies/1.2.3' }), [{ code: 110105, action: 'delete', outcome: 0, studies: ['1.2.3'] }])
  t.match(await recorded({ method: 'DELETE', url: '/api/v1/studies/1.2.3' }), [{ code: 110105, outcome: 4 }])
})

t.test('what left for a destination and what retention removed is recorded', async t => {
  const audit = trail()
  const service = await testService(t)
  const { archive } = service
  const { id } = await queued(service)
  archive.jobs.lease(Date.now(), 1000)
  archive.jobs.analysed(id, { resultPath: 'f', summary: '{}', now: Date.now() })
  const report = archive.jobs.queueReport('1.2.3' as Uid, Date.now())!
  archive.jobs.lease(Date.now(), 1000)
  const path = join(service.folder, 'tmp', 'result')
  const bytes = dicomFile({ sop: '1.2.3.9.1', series: '1.2.3.9', sopClass: '1.2.840.10008.5.1.4.1.1.7' })
  writeFileSync(path, bytes)
  const file = { path, sha256: 'ab', bytes: bytes.length, kind: 'grad-cam', ordinal: 0, instance: readInstance(bytes) }
  const routes = ['pacs', 'archive'].map(destination => ({ destination, kinds: undefined, sources: [] }))
  await archive.artifacts.store(archive.jobs.get(report)!, [file], { routes }, Date.now())
  const [first] = archive.deliveries.ofJob(report)
  archive.deliveries.update(first!, { state: 'DEAD', nextAt: undefined, attempted: true }, Date.now())
  const listener = auditWorkflow(archive, audit)
  listener({ type: 'delivered', job: report, state: 'DEAD' })
  listener({ type: 'purged', instances: 4, kind: 'input', early: false })
  listener({ type: 'disk-low', freeBytes: 1 })
  t.strictSame(audit.events, [
    { code: 110104, action: 'export', outcome: 8, studies: ['1.2.3'], facts: { destination: 'archive', sent: 0, failed: 1 } },
    { code: 110104, action: 'export', outcome: 0, studies: ['1.2.3'], facts: { destination: 'pacs', sent: 1, failed: 0 } },
    { code: 110105, action: 'delete', outcome: 0, facts: { kind: 'input', instances: 4 } },
  ])
})

t.test('what was fetched from a PACS is recorded as what is sent, and who asked for it', async t => {
  const audit = trail()
  const outcomes: PartOutcome[] = [
    { kind: 'stored', sopClassUid: '1.2', sopInstanceUid: '1.2.3.4.1', studyInstanceUid: '1.2.3', retrieveUrl: 'http://x' },
    { kind: 'failed', reason: 'cannot-understand', comment: 'x' },
  ]
  const received: unknown[] = []
  const intake = recordedIntake({ receive: async body => { received.push(body) }, finish: async () => outcomes }, audit, 'pacs.example')
  const body = Readable.from([])
  await intake.receive(body)
  t.equal(await intake.finish(), outcomes)
  t.strictSame(received, [body])
  t.strictSame(audit.events, [
    { code: 110104, action: 'import', outcome: 0, source: 'pacs.example', studies: ['1.2.3'], facts: { stored: 1, ignored: 0, fetched: true } },
    { code: 110104, action: 'import', outcome: 4, source: 'pacs.example', facts: { failed: 1, fetched: true } },
  ])
  const message = auditMessage(audit.events[0]!, new Date(), { host: 'ai', processId: 1 })
  t.match(message, /UserID="pacs\.example" UserIsRequestor="false"/)
  t.match(message, /UserID="tuberlens" AlternativeUserID="1" UserIsRequestor="true"/)
})

t.test('a text of a request cannot become a line of the trail', async t => {
  const folder = t.testdir()
  const log = await AuditLog.open({ folder })
  const text = 'x\n{"sequence":99,"hash":"00"}\u2028\r\n"'
  await log.record({ code: 110113, action: 'refused', outcome: 4, user: text, source: text, facts: { route: text } })
  await log.close()
  const [name] = readdirSync(folder)
  const lines = readFileSync(join(folder, name!), 'utf8').split('\n')
  t.equal(lines.length, 2)
  t.match(JSON.parse(lines[0]!), { sequence: 1, user: text })
  t.match(await verifyAudit(join(folder, name!)), { records: 1 })
  t.notMatch(auditMessage({ code: 110113, action: 'refused', outcome: 4, user: '"><x a="', source: text, facts: { route: '<script>&' } }, new Date(), { host: 'h', processId: 1 }), /[\n\r]|<x |<script>/)
})
