import t from 'tap'
import type { LightMyRequestResponse } from 'fastify'
import { uidFromName } from '../../src/dicom/uid.ts'
import { Workitems } from '../../src/workflow/workitems.ts'
import { dicomFile, multipart } from './support/dicom-file.ts'
import { testService, type TestService } from './support/test-service.ts'

type Dataset = Record<string, { vr: string, Value?: unknown[] }>
const first = (dataset: Dataset | undefined, tag: string): unknown => dataset?.[tag]?.Value?.[0]

const root = '/dicom-web/workitems'
const uid = uidFromName('a workitem')
const transaction = uidFromName('a transaction')
const other = uidFromName('another transaction')

function step (changes: Dataset = {}, study = '1.2.3', series?: string): Dataset {
  const input = { '0020000D': { vr: 'UI', Value: [study] }, ...(series === undefined ? {} : { '0020000E': { vr: 'UI', Value: [series] } }) }
  return { '00404021': { vr: 'SQ', Value: [input] }, '00741000': { vr: 'CS', Value: ['SCHEDULED'] }, ...changes }
}

const json = { 'content-type': 'application/dicom+json' }
async function create (service: TestService, payload: unknown, url = `${root}?${uid}`): Promise<LightMyRequestResponse> {
  return await service.inject({ method: 'POST', url, headers: json, payload: JSON.stringify(payload) })
}

async function change (service: TestService, state: string | undefined, transactionUid?: string, url = `${root}/${uid}/state`): Promise<LightMyRequestResponse> {
  const payload = {
    ...(transactionUid === undefined ? {} : { '00081195': { vr: 'UI', Value: [transactionUid] } }),
    ...(state === undefined ? {} : { '00741000': { vr: 'CS', Value: [state] } }),
  }
  return await service.inject({ method: 'PUT', url, headers: json, payload: JSON.stringify(payload) })
}

async function cancel (service: TestService, of = uid as string): Promise<LightMyRequestResponse> {
  return await service.inject({ method: 'POST', url: `${root}/${of}/cancelrequest` })
}

const warning = (text: string): string => `299 http://localhost:80/dicom-web: ${text}`

t.test('a workitem is created under the UID of the query, of its data set, or a new one, and can be retrieved', async t => {
  const service = await testService(t)
  for (const [url, payload, expected] of [
    [`${root}?${uidFromName('1')}`, step(), uidFromName('1')],
    [`${root}?workitem=${uidFromName('2')}`, [step()], uidFromName('2')],
    [`${root}?AffectedSOPInstanceUID=${uidFromName('3')}`, step(), uidFromName('3')],
    [root, step({ '00080018': { vr: 'UI', Value: [uidFromName('4')] } }), uidFromName('4')],
    [root, step(), undefined],
  ] as const) {
    const answer = await create(service, payload, url)
    t.equal(answer.statusCode, 201)
    t.equal(answer.body, '')
    const location = String(answer.headers.location)
    t.match(location, /^http:\/\/localhost:80\/dicom-web\/workitems\/2\.25\.\d+$/)
    if (expected !== undefined) t.ok(location.endsWith(`/${expected}`))
    const [item] = (await service.inject({ url: location.slice('http://localhost:80'.length) })).json<Dataset[]>()
    t.equal(first(item, '00741000'), 'SCHEDULED')
    t.equal(first(item, '00080018'), location.split('/').at(-1))
    t.equal(first(item, '00080016'), '1.2.840.10008.5.1.4.34.6.1')
    t.equal(first(first(item, '00404021') as Dataset, '0020000D'), '1.2.3')
    t.strictSame(Object.keys(item!), Object.keys(item!).sort(), 'tags ascend')
  }
  t.equal(service.stored(), 5, 'the workflow looks at once')
})

t.test('what a client says of a workitem is given back, except its Transaction UID', async t => {
  const service = await testService(t)
  await create(service, step({ '00741204': { vr: 'LO', Value: ['Urgent one'] }, '00100020': { vr: 'LO', Value: ['P9'] } }))
  t.equal((await change(service, 'IN PROGRESS', transaction)).statusCode, 200)
  const answer = await service.inject({ url: `${root}/${uid}` })
  const [item] = answer.json<Dataset[]>()
  t.equal(first(item, '00741204'), 'Urgent one')
  t.equal(first(item, '00100020'), 'P9')
  t.equal(first(item, '00741000'), 'IN PROGRESS')
  t.notOk(item!['00081195'])
  t.notOk(answer.body.includes(transaction))
  const xml = await service.inject({ url: `${root}/${uid}`, headers: { accept: 'application/dicom+xml' } })
  t.match(xml.body, /<DicomAttribute tag="00741000" vr="CS"><Value number="1">IN PROGRESS</)
  t.equal((await service.inject({ url: `${root}/${uid}`, headers: { accept: 'image/png' } })).statusCode, 406)
})

t.test('what is no workitem is refused, naming the attribute', async t => {
  const service = await testService(t)
  for (const [payload, attribute] of [
    [step({ '00741000': { vr: 'CS', Value: ['IN PROGRESS'] } }), 'ProcedureStepState'],
    [step({ '00081195': { vr: 'UI', Value: [transaction] } }), 'TransactionUID'],
    [step({ '00404021': { vr: 'SQ' } }), 'InputInformationSequence'],
    [step({}, '1.02'), 'InputInformationSequence'],
    [step({}, '1.2.3', '../x'), 'InputInformationSequence'],
    [step({ '00080018': { vr: 'UI', Value: ['x'] } }), 'SOPInstanceUID'],
    [{}, 'InputInformationSequence'],
    [[], 'data set'],
    ['text', 'data set'],
    [{ PatientID: 'x' }, 'data set'],
    [{ ...step(), '00100010': { vr: 'PN', Value: 'no list' } }, 'data set'],
  ] as const) {
    const answer = await create(service, payload)
    t.equal(answer.statusCode, 400)
    t.match(answer.json<{ detail: string }>().detail, attribute)
  }
  t.equal((await service.inject({ method: 'POST', url: root, headers: json, payload: '{' })).statusCode, 400)
  t.equal((await service.inject({ method: 'POST', url: root, headers: json, payload: '' })).statusCode, 400)
  t.equal((await service.inject({ method: 'POST', url: root, headers: { 'content-type': 'application/dicom+xml' }, payload: '<a/>' })).statusCode, 415)
  t.equal((await create(service, step(), `${root}?workitem=1.02`)).statusCode, 400)
  t.equal((await create(service, step({ '00080018': { vr: 'UI', Value: [other] } }))).statusCode, 400, 'two UIDs')
  t.equal((await create(service, step())).statusCode, 201)
  t.equal((await create(service, step())).statusCode, 409)
})

t.test('states change as PS3.4 Table CC.1.1-2 and PS3.18 11.7 have it', async t => {
  const service = await testService(t)
  await create(service, step())
  const refused = async (answer: LightMyRequestResponse, status: number, text: string): Promise<void> => {
    t.equal(answer.statusCode, status, text)
    t.equal(answer.headers.warning, warning(text))
  }
  const inconsistent = 'The submitted request is inconsistent with the state of the UPS Instance.'
  await refused(await change(service, 'IN PROGRESS'), 400, 'The Transaction UID is missing.')
  await refused(await change(service, 'IN PROGRESS', 'x'), 400, 'The Transaction UID is incorrect.')
  await refused(await change(service, 'DONE', transaction), 400, inconsistent)
  await refused(await change(service, undefined, transaction), 400, inconsistent)
  await refused(await change(service, 'SCHEDULED', transaction), 409, inconsistent)
  await refused(await change(service, 'COMPLETED', transaction), 409, inconsistent)
  t.equal((await change(service, 'IN PROGRESS', transaction)).statusCode, 200)
  await refused(await change(service, 'IN PROGRESS', other), 409, inconsistent)
  await refused(await change(service, 'COMPLETED', other), 400, 'The Transaction UID is incorrect.')
  const done = await change(service, 'COMPLETED', transaction, `${root}/${uid}/state/WORKSTATION`)
  t.equal(done.statusCode, 200)
  t.notHas(done.headers, 'warning')
  await refused(await change(service, 'CANCELED', transaction), 409, inconsistent)
  await refused(await change(service, 'COMPLETED', transaction), 200, 'The UPS is already in the requested state of COMPLETED.')
  t.equal((await change(service, 'COMPLETED', transaction, `${root}/9.9/state`)).statusCode, 404)
  t.equal((await change(service, 'COMPLETED', transaction, `${root}/9.09/state`)).statusCode, 400)
  t.equal((await service.inject({ method: 'PUT', url: `${root}/${uid}/state`, headers: { 'content-type': 'text/plain' }, payload: 'x' })).statusCode, 415)

  await create(service, step(), `${root}?${other}`)
  const url = `${root}/${other}/state`
  t.equal((await change(service, 'IN PROGRESS', transaction, url)).statusCode, 200)
  t.equal((await change(service, 'CANCELED', transaction, url)).statusCode, 200)
  await refused(await change(service, 'CANCELED', transaction, url), 200, 'The UPS is already in the requested state of CANCELED.')
})

t.test('a cancellation is granted before the step begins and never after', async t => {
  const service = await testService(t)
  await create(service, step())
  t.equal((await cancel(service)).statusCode, 202)
  const [item] = (await service.inject({ url: `${root}/${uid}` })).json<Dataset[]>()
  t.equal(first(item, '00741000'), 'CANCELED')
  t.equal(first(first(item, '00741002') as Dataset, '00741238'), 'canceled on request')
  const again = await service.inject({ method: 'POST', url: `${root}/${uid}/cancelrequest/AET`, headers: json, payload: '{}' })
  t.equal(again.statusCode, 202)
  t.equal(again.headers.warning, warning('The UPS is already in the requested state of CANCELED.'))
  await create(service, step(), `${root}?${other}`)
  await change(service, 'IN PROGRESS', transaction, `${root}/${other}/state`)
  t.equal((await cancel(service, other)).statusCode, 409)
  t.equal((await cancel(service, '9.9')).statusCode, 404)
  t.equal((await cancel(service, '9.09')).statusCode, 400)
  t.equal((await service.inject({ method: 'POST', url: `${root}/${uid}/cancelrequest`, headers: { 'content-type': 'text/plain' }, payload: 'x' })).statusCode, 415)
})

t.test('a job is a workitem whose state follows it', async t => {
  const service = await testService(t)
  await service.store(multipart([dicomFile()]))
  const { series, jobs } = service.archive
  series.close(series.get('1.2.3.4' as never)!, { state: 'COMPLETE', why: 'test', now: 1000 })
  const find = async (query = ''): Promise<Dataset | undefined> => {
    const answer = await service.inject({ url: `${root}?limit=5${query}` })
    return answer.statusCode === 204 ? undefined : answer.json<Dataset[]>()[0]
  }
  const queued = await find('&ProcedureStepState=SCHEDULED')
  const of = String(first(queued, '00080018'))
  t.equal(first(queued, '00741204'), 'Analyse a series')
  t.equal(first(first(queued, '00404021') as Dataset, '0020000E'), '1.2.3.4')
  t.equal((await change(service, 'IN PROGRESS', transaction, `${root}/${of}/state`)).statusCode, 409, 'its performer is the service')
  t.equal((await create(service, step(), `${root}?${of}`)).statusCode, 409)
  const job = jobs.lease(2000, 1000)!
  t.equal(first(await find('&ProcedureStepState=IN+PROGRESS'), '00080018'), of)
  t.equal((await change(service, 'COMPLETED', transaction, `${root}/${of}/state`)).statusCode, 400)
  t.equal((await cancel(service, of)).statusCode, 409)
  jobs.failed(job.id, { code: 'internal', text: 'it broke', crashed: false }, undefined, 3000)
  const dead = await find('&ProcedureStepState=CANCELED')
  t.equal(first(first(dead, '00741002') as Dataset, '00741238'), 'it broke')
  t.equal(first(first(dead, '00741216') as Dataset, '00404050'), '19700101000002+0000')
  jobs.retry(job.id, 4000)
  t.equal((await cancel(service, of)).statusCode, 202)
  t.equal((await service.inject({ url: `${root}/${of}` })).json<Dataset[]>()[0]!['00741000']!.Value![0], 'CANCELED')
  t.equal((await service.inject({ url: `${root}/${service.archive.workitems.uidOfJob(999)}` })).statusCode, 404)
})

t.test('workitems are searched by their attributes, in pages', async t => {
  const service = await testService(t)
  for (let i = 0; i < 5; i++) {
    await create(service, step({
      '00741202': { vr: 'LO', Value: [`list ${i % 2}`] },
      '00100010': { vr: 'PN', Value: [{ Alphabetic: `Doe^J${i}` }] },
      '00404005': { vr: 'DT', Value: [`2026010${i + 1}120000`] },
    }, `1.2.${i + 1}`), `${root}?${uidFromName(`item ${i}`)}`)
  }
  for (const [query, count] of [
    ['', 5], ['ProcedureStepState=SCHEDULED', 5], ['ProcedureStepState=COMPLETED', 0], ['WorklistLabel=list 1', 2], ['WorklistLabel=LIST*', 5],
    ['PatientName=doe^j3', 1], ['PatientName=*j?', 5], ['StudyInstanceUID=1.2.2,1.2.3', 2], ['0020000D=1.2.1', 1],
    ['ScheduledProcedureStepStartDateTime=20260102', 1], ['ScheduledProcedureStepStartDateTime=20260102-20260104', 3],
    ['ScheduledProcedureStepStartDateTime=20260104-', 2], ['ScheduledProcedureStepStartDateTime=-20260101', 1], ['AccessionNumber=1', 0],
    ['offset=3', 2], ['SOPInstanceUID=' + uidFromName('item 2'), 1],
  ] as const) {
    const answer = await service.inject({ url: `${root}?${query}` })
    t.equal(answer.statusCode, count === 0 ? 204 : 200, query)
    if (count > 0) t.equal(answer.json<unknown[]>().length, count, query)
  }
  const page = await service.inject({ url: `${root}?limit=2&fuzzymatching=true` })
  t.equal(page.statusCode, 206)
  t.equal(page.json<unknown[]>().length, 2)
  t.match(page.headers.warning, /fuzzymatching parameter is not supported/)
  t.equal((await service.inject({ url: `${root}?Rows=1` })).statusCode, 400)
  t.equal((await service.inject({ url: root, headers: { accept: 'text/html' } })).statusCode, 406)
})

t.test('what was removed is gone, and updates and subscriptions say that they are not there', async t => {
  const service = await testService(t)
  await create(service, step())
  await cancel(service)
  t.equal(service.archive.workitems.removeOld(Date.now() + 1, Date.now()), 1)
  t.equal((await service.inject({ url: `${root}/${uid}` })).statusCode, 410)
  t.equal((await change(service, 'IN PROGRESS', transaction)).statusCode, 410)
  t.equal((await cancel(service)).statusCode, 410)
  t.equal((await create(service, step())).statusCode, 409, 'a UID is used once')
  t.equal((await service.inject({ url: `${root}/9.9` })).statusCode, 404)
  t.equal((await service.inject({ url: `${root}/x` })).statusCode, 400)
  t.equal((await service.inject({ method: 'POST', url: `${root}/${uid}`, headers: json, payload: '{}' })).statusCode, 501)
  for (const method of ['POST', 'DELETE'] as const) {
    t.equal((await service.inject({ method, url: `${root}/${uid}/subscribers/AET` })).statusCode, 501)
  }
})

t.test('two workitems cannot be begun twice', async t => {
  const { archive } = await testService(t)
  const workitems = new Workitems({ archive, cancelJob: () => false, now: () => 5 })
  const made = workitems.create({ uid: undefined, inputs: [{ studyInstanceUid: uidFromName('s') }], attributes: {} })
  t.ok(archive.workitems.begin(made, { transactionUid: transaction, ours: false }, 5))
  t.notOk(archive.workitems.begin(made, { transactionUid: other, ours: false }, 5))
  t.ok(archive.workitems.end(made, { state: 'COMPLETED' }, 6))
  t.notOk(archive.workitems.end(made, { state: 'CANCELED' }, 7))
  t.equal(workitems.get(made)?.state, 'COMPLETED')
})
