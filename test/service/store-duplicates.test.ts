import { readFileSync } from 'node:fs'
import t from 'tap'
import type { AuditEvent } from '../../src/archive/audit-log.ts'
import type { Uid } from '../../src/dicom/uid.ts'
import { dicomFile, multipart } from './support/dicom-file.ts'
import { reasonsIn, storedIn } from './support/store-answer.ts'
import { type TestService, testService } from './support/test-service.ts'

const series = '1.2.3.4' as Uid
const good = dicomFile()
const otherPixels = dicomFile({ pixels: Buffer.alloc(32, 7) })

/** Closes the series as the lifecycle does; the number of analyses queued so far. */
function closeSeries ({ archive }: TestService): number {
  const row = archive.series.get(series)!
  archive.series.close(row, { state: 'COMPLETE', why: 'quiet', now: Date.now() })
  return archive.jobs.list({ limit: 100 }).filter(({ kind }) => kind === 'analyse').length
}

t.test('an identical instance that comes again opens no series and starts no job (U1)', async t => {
  const service = await testService(t)
  await service.store(multipart([good]))
  t.equal(closeSeries(service), 1)
  const before = service.archive.series.get(series)
  const again = await service.store(multipart([good]))
  t.equal(again.statusCode, 200)
  t.strictSame(storedIn(again), ['1.2.3.4.1'])
  t.strictSame(service.archive.series.get(series), before)
  t.equal(closeSeries(service), 1)
})

t.test('a corrected header keeps the series closed and asks for new reports, not for a new analysis (U1)', async t => {
  const service = await testService(t)
  await service.store(multipart([good]))
  closeSeries(service)
  const answer = await service.store(multipart([dicomFile({ patientName: 'Roe^Jane' })]))
  t.equal(answer.statusCode, 200)
  t.notHas(answer.headers, 'warning')
  t.match(service.archive.series.get(series), { state: 'COMPLETE', revision: 0 })
  t.equal(closeSeries(service), 1)
  t.match(service.archive.findInstances({}), [{ revision: 1 }])
})

t.test('other pixels are refused with 0111 and change nothing (U1)', async t => {
  const service = await testService(t)
  await service.store(multipart([good]))
  const [before] = service.archive.findInstances({})
  const mixed = await service.store(multipart([otherPixels, dicomFile({ sop: '1.2.3.4.2' })]))
  t.equal(mixed.statusCode, 202)
  t.strictSame(reasonsIn(mixed, '00081198'), [0x0111])
  t.strictSame(storedIn(mixed), ['1.2.3.4.2'])
  t.match(mixed.headers.warning, /"0111: duplicate SOP instance"$/)
  t.strictSame(service.archive.findInstances({ sop: '1.2.3.4.1' as Uid }), [before])
})

t.test('where the policy is to replace, other pixels are stored and their series is analysed again', async t => {
  const events: AuditEvent[] = []
  const service = await testService(t, { archive: { duplicates: 'replace' }, audit: { record: async event => { events.push(event) } } })
  await service.store(multipart([good]))
  t.equal(closeSeries(service), 1)
  const answer = await service.store(multipart([otherPixels]))
  t.equal(answer.statusCode, 200)
  t.strictSame(storedIn(answer), ['1.2.3.4.1'])
  t.strictSame(events.map(({ facts }) => facts), [{ stored: 1, ignored: 0 }, { stored: 1, ignored: 0, replaced: 1 }], 'the audit trail tells')
  t.match(service.archive.series.get(series), { state: 'OPEN', revision: 1 })
  t.equal(closeSeries(service), 2, 'a second analysis')
  const [held, ...others] = service.archive.findInstances({})
  t.equal(others.length, 0, 'one row')
  t.equal(held!.revision, 1)
  t.ok(readFileSync(held!.path).subarray(132).equals(otherPixels.subarray(132)))
  t.equal((await service.store(multipart([otherPixels]))).statusCode, 200)
  t.match(service.archive.findInstances({}), [{ revision: 1 }], 'the new one is what is held now')
  await service.store(multipart([good]))
  t.match(service.archive.findInstances({}), [{ revision: 2 }], 'and may be replaced in turn')
})

t.test('twenty requests at once with three versions of one instance make one row and lawful answers (U1)', async t => {
  const service = await testService(t, { settings: { maxConcurrentStores: 20 } })
  await service.store(multipart([good]))
  const versions = [good, dicomFile({ patientName: 'Roe^Jane' }), otherPixels]
  const answers = await Promise.all(Array.from({ length: 20 }, async (_, i) => await service.store(multipart([versions[i % 3]!]))))
  t.strictSame(answers.map(({ statusCode }) => statusCode), answers.map((_, i) => i % 3 === 2 ? 409 : 200))
  t.equal(service.archive.findInstances({}).length, 1)
  t.strictSame(service.temporaryFiles(), [])
})
