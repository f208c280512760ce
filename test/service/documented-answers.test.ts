import t from 'tap'
import { brokenRle, dicomFile, multipart, multipartType } from './support/dicom-file.ts'
import { exchange, listen, readAnswer } from './support/exchange.ts'
import { openapi } from './support/openapi.ts'
import { testService, type TestService } from './support/test-service.ts'

// Statuses that the same code gives at many addresses. What each address does of its own is in the tests beside this one;
// scripts/documented-statuses.ts tells which status of openapi.yaml no test saw.

const instance = '/dicom-web/studies/1.2.3/series/1.2.3.4/instances/1.2.3.4.1'
const values: Readonly<Record<string, string>> = {
  study: '1.2.3', series: '1.2.3.4', instance: '1.2.3.4.1', frames: '1', path: '7FE00010', workitem: '1.2.9', requester: 'AET', job: '1', destination: 'pacs',
}
const filled = (path: string, changes: Readonly<Record<string, string>> = {}): string =>
  path.replace(/\{(\w+)\}/g, (_, name: string) => changes[name] ?? values[name] ?? 'x')

/** The paths that document a status for a method. */
function documenting (method: string, status: number): string[] {
  return Object.entries(openapi.paths).filter(([, item]) => {
    const operation = item[method.toLowerCase()] as { responses?: Record<string, unknown> } | undefined
    return operation?.responses?.[status] !== undefined
  }).map(([path]) => path)
}

async function filledService (t: Parameters<typeof testService>[0], options: Parameters<typeof testService>[1] = {}): Promise<TestService> {
  const service = await testService(t, options)
  await service.store(multipart([dicomFile()]))
  return service
}

const wado = 'requestType=WADO&studyUID=1.2.3&seriesUID=1.2.3.4&objectUID=1.2.3.4.1'

t.test('what a client does not accept is not sent: 406', async t => {
  const service = await filledService(t)
  await service.inject({ method: 'POST', url: '/dicom-web/workitems?1.2.9', payload: '{"00404021":{"vr":"SQ","Value":[{"0020000D":{"vr":"UI","Value":["1.2.3"]}}]}}', headers: { 'content-type': 'application/dicom+json' } })
  const paths = documenting('GET', 406)
  t.ok(paths.length > 20)
  for (const path of paths) {
    const url = path.endsWith('/wado') ? `${path}?${wado}` : filled(path)
    t.equal((await service.inject({ url, headers: { accept: 'audio/none' } })).statusCode, 406, path)
  }
  for (const url of ['/dicom-web/studies', '/dicom-web/studies/1.2.3']) {
    const answer = await service.inject({ method: 'POST', url, headers: { 'content-type': multipartType, accept: 'audio/none' }, payload: multipart([dicomFile()]) })
    t.equal(answer.statusCode, 406, url)
  }
})

t.test('a path with what is no UID is malformed: 400', async t => {
  const service = await filledService(t)
  for (const method of ['GET', 'POST', 'PUT', 'DELETE'] as const) {
    // what is not implemented looks at no UID; its 400 is for requests without a host
    const judging = documenting(method, 400).filter(path => !documenting(method, 501).includes(path))
    for (const path of judging.filter(path => /^(?!\/status).*\{(study|series|instance|workitem)\}/.test(path))) {
      const url = filled(path, { study: '1.02', series: '1.02', instance: '1.02', workitem: '1.02' })
      const headers = path.includes('workitem') ? { 'content-type': 'application/dicom+json' } : { 'content-type': multipartType }
      const answer = await service.inject({ method, url, ...(method === 'GET' || method === 'DELETE' ? {} : { headers, payload: '{}' }) })
      t.equal(answer.statusCode, 400, `${method} ${path}`)
    }
  }
})

t.test('a parameter that means nothing is malformed: 400', async t => {
  const service = await filledService(t)
  for (const path of documenting('GET', 400).filter(path => path.startsWith('/dicom-web') && !path.includes('workitem'))) {
    const parameter = /thumbnail|rendered/.test(path) ? 'viewport=x' : path.endsWith('/wado') ? 'requestType=x' : 'limit=x'
    if (/\/(metadata|frames\/\{frames\})$|bulkdata|instances\/\{instance\}$|studies\/\{study\}$|series\/\{series\}$/.test(path)) continue
    t.equal((await service.inject({ url: `${filled(path)}?${parameter}` })).statusCode, 400, path)
  }
})

t.test('metadata that did not change is not sent again, at each level: 304', async t => {
  const service = await filledService(t)
  for (const path of documenting('GET', 304)) {
    const { etag } = (await service.inject({ url: filled(path) })).headers
    t.equal((await service.inject({ url: filled(path), headers: { 'if-none-match': String(etag) } })).statusCode, 304, path)
  }
})

t.test('a search without a match has no body, at each address: 204', async t => {
  const service = await filledService(t)
  for (const path of documenting('GET', 204)) {
    const attribute = path.endsWith('instances') || path.includes('workitem') ? 'SOPInstanceUID' : path.endsWith('series') ? 'SeriesInstanceUID' : 'StudyInstanceUID'
    t.equal((await service.inject({ url: `${filled(path)}?${attribute}=9.9` })).statusCode, 204, path)
  }
})

t.test('a picture of an image beyond the limit is refused: 413; of pixels that cannot be decoded: 422', async t => {
  const small = await filledService(t, { settings: { renderMaxPixels: 15 } })
  const broken = await testService(t)
  await broken.store(multipart([brokenRle()]))
  for (const [service, status] of [[small, 413], [broken, 422]] as const) {
    for (const path of documenting('GET', status)) {
      const url = path.endsWith('/wado') ? `${path}?${wado}&contentType=image/jpeg` : filled(path)
      t.equal((await service.inject({ url })).statusCode, status, path)
    }
  }
})

t.test('instances of another study are refused, all or some: 409, 202', async t => {
  const service = await testService(t)
  const own = dicomFile()
  const other = dicomFile({ sop: '1.2.8.1', study: '1.2.8' })
  t.equal((await service.store(multipart([other]), { url: '/dicom-web/studies/1.2.3' })).statusCode, 409)
  t.equal((await service.store(multipart([own, other]), { url: '/dicom-web/studies/1.2.3' })).statusCode, 202)
})

t.test('a body for one study that stops coming: 408', async t => {
  const service = await testService(t, { bodyPace: { minBytesPerSecond: 8192, intervalMs: 200, totalMs: 60_000 } })
  const body = multipart([dicomFile()])
  const head = `POST /dicom-web/studies/1.2.3 HTTP/1.1\r\nHost: x\r\nContent-Type: ${multipartType}\r\nContent-Length: ${body.length}\r\n\r\n`
  t.equal(readAnswer(await exchange(await listen(service), [head, body.subarray(0, body.length - 200)])).status, 408)
})

t.test('a form is refused like a store request: 409, 503', async t => {
  const service = await testService(t)
  const payload = Buffer.concat([Buffer.from('--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n'), dicomFile({ metaSop: '1.9' }), Buffer.from('\r\n--b--\r\n')])
  const post = async (): Promise<number> =>
    (await service.inject({ method: 'POST', url: '/api/v1/upload', headers: { 'content-type': 'multipart/form-data; boundary=b' }, payload })).statusCode
  t.equal(await post(), 409)
  service.draining.value = true
  t.equal(await post(), 503)
})

t.test('a workitem is changed by the addresses of dcm4chee\'s clients as by those of the standard', async t => {
  const service = await testService(t)
  const type = { 'content-type': 'application/dicom+json' }
  const change = async (state: string, uid = '1.2.9'): Promise<number> => (await service.inject({
    method: 'PUT', url: `/dicom-web/workitems/${uid}/state/AET`, headers: type, payload: JSON.stringify({ '00741000': { vr: 'CS', Value: [state] }, '00081195': { vr: 'UI', Value: ['1.7'] } }),
  })).statusCode
  const cancel = async (uid: string, headers = {}): Promise<number> =>
    (await service.inject({ method: 'POST', url: `/dicom-web/workitems/${uid}/cancelrequest/AET`, headers, payload: 'content-type' in headers ? '{}' : '' })).statusCode
  const create = async (uid: string): Promise<number> => (await service.inject({
    method: 'POST', url: `/dicom-web/workitems?${uid}`, headers: type, payload: '{"00404021":{"vr":"SQ","Value":[{"0020000D":{"vr":"UI","Value":["1.2.3"]}}]}}',
  })).statusCode
  t.equal(await create('1.2.9'), 201)
  t.equal(await change('COMPLETED'), 409)
  t.equal(await change('IN PROGRESS'), 200)
  t.equal(await change('IN PROGRESS', '1.2.10'), 404)
  t.equal(await cancel('1.2.9'), 409)
  t.equal(await cancel('1.2.10'), 404)
  t.equal(await cancel('1.2.9', { 'content-type': 'text/plain' }), 415)
  t.equal((await service.inject({ method: 'PUT', url: '/dicom-web/workitems/1.2.9/state/AET', headers: { 'content-type': 'text/plain' }, payload: 'x' })).statusCode, 415)
  await create('1.2.11')
  t.equal(await cancel('1.2.11'), 202)
  service.archive.workitems.removeOld(Date.now() + 1, Date.now())
  t.equal(await cancel('1.2.11'), 410)
  t.equal(await change('IN PROGRESS', '1.2.11'), 410)
})

t.test('an address that is asked too often answers 429 until the minute is over', async t => {
  const service = await testService(t, { settings: { rateLimit: 1 } })
  await service.inject({ url: '/dicom-web/studies' })
  for (const url of ['/dicom-web/series', instance, '/api/v1/jobs', '/dicom-web/workitems']) t.equal((await service.inject({ url })).statusCode, 429, url)
})
