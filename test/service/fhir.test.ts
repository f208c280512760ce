import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { AuditEvent } from '../../src/archive/audit-log.ts'
import { readInstance } from '../../src/dicom/read-instance.ts'
import type { Uid } from '../../src/dicom/uid.ts'
import { encodePart10 } from '../../src/dicom/write-part10.ts'
import { buildStructuredReport } from '../../src/report/structured-report.ts'
import { seriesOf, studyOf, testContext } from '../helpers/report-inputs.ts'
import type { Told } from '../helpers/report-inputs.ts'
import { mrSlices } from '../helpers/synthetic-mr.ts'
import { queued } from './support/queued-job.ts'
import { testService } from './support/test-service.ts'
import type { TestService } from './support/test-service.ts'

const study = '1.2.3' as Uid
const url = `/api/v1/studies/${study}/fhir`

interface Bundle { readonly entry: readonly { readonly resource: { readonly resourceType: string, readonly conclusion?: string } }[] }

/** Runs the report job of the study with these probabilities as its findings. */
async function report ({ archive, folder }: TestService, told: readonly Told[]): Promise<void> {
  const findings = studyOf([seriesOf(mrSlices(told.length, { StudyInstanceUID: study, SeriesInstanceUID: '1.2.3.4', PatientID: `P${told.length}` }), told)])
  const bytes = encodePart10(buildStructuredReport({ study: findings, series: findings.series[0]!, context: testContext() }))
  const path = join(folder, 'tmp', 'result')
  writeFileSync(path, bytes)
  const job = archive.jobs.queueReport(study, Date.now())!
  archive.jobs.lease(Date.now(), 1000)
  const file = { path, sha256: 'ab', bytes: bytes.length, kind: 'sr', ordinal: 0, instance: readInstance(bytes) }
  await archive.artifacts.store(archive.jobs.get(job)!, [file], { routes: [], summary: JSON.stringify({ conclusion: findings.conclusion }) }, Date.now())
}

t.test('the newest reports of a study are given as FHIR, from when there are any until the study is erased', async t => {
  const audit: AuditEvent[] = []
  const service = await testService(t, { audit: { record: async event => { audit.push(event) } } })
  const { archive } = service
  const get = async () => await service.inject({ url })
  t.equal((await service.inject({ url: '/api/v1/studies/1.02/fhir' })).statusCode, 400)
  t.match((await get()).json(), { status: 404, detail: 'The study is not here' })
  const { id } = await queued(service)
  t.match((await get()).json(), { status: 404, detail: 'There is no report of the study' })
  archive.jobs.lease(Date.now(), 1000)
  archive.jobs.analysed(id, { resultPath: 'f', summary: '{}', now: Date.now() })

  await report(service, [0.9, 0.1])
  const first = await get()
  t.equal(first.statusCode, 200)
  t.equal(first.headers['content-type'], 'application/fhir+json')
  const conclusion = (bundle: Bundle) => bundle.entry[0]!.resource.conclusion
  t.match(conclusion(first.json()), /PRESENT by algorithm/)
  t.strictSame(first.json<Bundle>().entry.map(({ resource }) => resource.resourceType),
    ['DiagnosticReport', 'Observation', 'Observation', 'Observation', 'Observation', 'Device'])

  await report(service, [0.2, 0.1, 0.3])
  const second = await get()
  t.match(conclusion(second.json()), /ABSENT by algorithm/, 'the report that superseded it')
  t.equal(second.json<Bundle>().entry.length, 7)

  const given = { code: 110103, action: 'read', outcome: 0, studies: [study] }
  t.match(audit.filter(({ code }) => code === 110103), [given, given], 'each is in the audit trail')

  await archive.eraseStudy(study)
  t.equal((await get()).statusCode, 410)
})
