import { readdirSync } from 'node:fs'
import t from 'tap'
import type { AuditEvent } from '../../src/archive/audit-log.ts'
import { AppError } from '../../src/errors.ts'
import { routeScopes } from '../../src/service/access/route-scopes.ts'
import { Metrics } from '../../src/service/metrics.ts'
import { brokenRle, dicomFile, multipart, multipartType } from './support/dicom-file.ts'
import { exchange, listen } from './support/exchange.ts'
import { testService } from './support/test-service.ts'

// service.md A2: names, identifiers, dates and UIDs with marks that occur nowhere else go through every route; none may be in the log
// at its most detailed, the metrics, the audit trail, an answer that refuses, or the name of a file.

const uids = { study: '1.2.826.0.1.77317731.1', series: '1.2.826.0.1.77317731.2', instance: '1.2.826.0.1.77317731.3' }
const marks = /Zqanary|77317731|19310417|0000-Zq|zqanary/i
const file = (change: object = {}): Buffer => dicomFile({
  study: uids.study, series: uids.series, sop: uids.instance, patientName: 'Zqanary^Doe',
  change: { '00100020': ['00100020', 'LO', 'ID-Zqanary'], '00100030': ['00100030', 'DA', '19310417'], '00080050': ['00080050', 'SH', '0000-Zq'], '0008103E': ['0008103E', 'LO', 'FLAIR Zqanary'], ...change },
})
const good: Readonly<Record<string, string>> = { ...uids, frames: '1', job: '1', destination: 'pacs', workitem: '1.2.826.0.1.77317731.9', requester: 'ZQANARY', subscriber: 'ZQANARY' }
const absent = { ...good, study: '1.2.826.0.1.77317731.4', series: '1.2.826.0.1.77317731.5', instance: '1.2.826.0.1.77317731.6', destination: 'zqanary', job: '77317731', workitem: '1.2.826.0.1.77317731.8' }
const malformed = { ...good, study: 'Zqanary', series: 'Zqanary', instance: 'Zqanary', frames: 'Zqanary', job: 'Zqanary', workitem: 'Zqanary' }
const filled = (url: string, values: Readonly<Record<string, string>>): string => url.replace(/:(\w+)/g, (_, name: string) => values[name]!).replace('*', '00100010')
const queries = ['', '?PatientName=Zqanary*&limit=1', '?limit=Zqanary', '?Zqanary=1', '?accept=Zqanary', '?window=Zqanary', `?requestType=WADO&studyUID=${uids.study}&seriesUID=${uids.series}&objectUID=${uids.instance}`, '?state=Zqanary']
const bodies: readonly (readonly [string, string | Buffer])[] = [
  [multipartType, multipart([file()])],
  [multipartType, multipart([file({ '00280010': ['00280010', 'US', [60_000]] })])],
  [multipartType, Buffer.from('--b\r\nZqanary')],
  ['application/dicom+json', JSON.stringify({ '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Zqanary' }] }, '00404021': { vr: 'SQ', Value: [{ '0020000D': { vr: 'UI', Value: [uids.study] } }] } })],
  ['application/json', '{"Zqanary": '],
  ['text/plain', 'Zqanary'],
  ['multipart/form-data; boundary=b', Buffer.concat([Buffer.from('--b\r\nContent-Disposition: form-data; name="Zqanary"; filename="Zqanary.dcm"\r\n\r\n'), file(), Buffer.from('\r\n--b--\r\n')])],
]

t.test('no mark of a patient leaves by a log line, a metric, a refusal, the trail or the name of a file', async t => {
  const audit: AuditEvent[] = []
  const metrics = new Metrics(async () => ({ openSeries: 1, jobs: {}, destinations: [], spoolBytes: 0, freeBytes: 0 }))
  const service = await testService(t, { metrics, metricsToken: async () => 'x', audit: { record: async event => { audit.push(event) } } })
  t.equal((await service.store(multipart([file(), file({ '00080060': ['00080060', 'CS', 'CT'], '00080018': ['00080018', 'UI', `${uids.instance}.1`] })]))).statusCode, 202)
  await service.store(multipart([brokenRle(`${uids.instance}.2`)]))
  let refused = 0
  let served = 0
  for (const key of Object.keys(routeScopes)) {
    const [method = '', pattern = ''] = key.split(' ')
    for (const values of [good, absent, malformed]) {
      for (const query of ['GET', 'OPTIONS'].includes(method) ? queries : ['']) {
        for (const [type, payload] of ['POST', 'PUT'].includes(method) ? bodies : [[undefined, undefined] as const]) {
          const headers = { 'sec-fetch-site': 'same-origin', 'x-zqanary': 'Zqanary', 'user-agent': 'Zqanary', ...(type !== undefined && { 'content-type': type }) }
          const answer = await service.app.inject({ method: method as 'GET', url: filled(pattern, values) + query, headers, ...(payload !== undefined && { payload }) })
          if (answer.statusCode < 400) { served++; continue }
          refused++
          // a Store Instances Response names the instances that it is about (PS3.18 I.2.2)
          const own = answer.body.replace(/"(?:00081155|00081190)":\{"vr":"U[IR]"(?:,"Value":\["[^"]*"\])?\}/g, '')
          t.notMatch(`${JSON.stringify(answer.headers)} ${own}`, marks, `${key} ${query} ${type ?? ''} ${answer.statusCode}`)
        }
      }
    }
  }
  t.ok(refused > 300 && served > 100, `${refused} refused, ${served} served`)
  const port = await listen(service)
  for (const request of ['Zqanary\r\n\r\n', 'GET /Zqanary HTTP/1.1\r\nHost: Zqanary.example\r\nConnection: close\r\n\r\n', `GET /${'Zqanary'.repeat(3000)} HTTP/1.1\r\n\r\n`]) t.notMatch(await exchange(port, [request]), marks)
  t.notMatch(service.log(), marks)
  t.match(service.log(), /"level":"(debug|trace)"/, 'at its most detailed')
  t.notMatch(await metrics.render(), marks)
  t.notMatch(JSON.stringify(audit.map(event => ({ ...event, studies: undefined }))), marks, 'the trail holds the SHA-256 of studies')
  t.notMatch(readdirSync(service.folder, { recursive: true, encoding: 'utf8' }).join('\n'), marks)
})

t.test('what fails within the service is told without what it was about', async t => {
  const failing = { read: async () => { throw new Error('Zqanary') }, alone: async <T> (body: () => Promise<T>) => await body() }
  const service = await testService(t, {
    reader: failing,
    readiness: [{ name: 'storage', check: async () => { throw new Error('Zqanary') } }],
    workflow: { destinations: () => { throw new Error('Zqanary') }, testDestination: async () => { throw new AppError('internal', 'Zqanary') } },
  })
  const answers = [
    await service.store(multipart([file()])),
    await service.inject({ url: '/readyz' }),
    await service.app.inject({ url: '/api/v1/destinations' }),
    await service.app.inject({ method: 'POST', url: '/api/v1/destinations/pacs/test' }),
  ]
  for (const answer of answers) {
    t.ok(answer.statusCode >= 400)
    t.notMatch(answer.body.replaceAll(uids.instance, ''), marks)
  }
  t.match(service.log(), /"msg":"request failed"/)
  t.notMatch(service.log().replace(/"type":"AppError","message":"Zqanary"/g, ''), marks, 'of errors, only the words of our own are logged')
})
