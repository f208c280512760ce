import t from 'tap'
import { dicomFile, multipart } from './support/dicom-file.ts'
import { testService } from './support/test-service.ts'

const viewer = 'https://viewer.example'
const metadata = '/dicom-web/studies/1.2.3/metadata'
const permissions = (headers: Readonly<Record<string, unknown>>) => Object.keys(headers).filter(name => name.startsWith('access-control-')).sort()

t.test('pages of a listed origin may read answers, others may not', async t => {
  const service = await testService(t, { settings: { corsOrigins: [viewer, 'http://localhost:3000'] } })
  await service.store(multipart([dicomFile()]))
  const get = async (url: string, origin?: string) => await service.inject({ url, headers: origin === undefined ? {} : { origin } })
  for (const url of [metadata, '/dicom-web/studies', '/dicom-web/studies/1.2.3', '/dicom-web/studies/9', '/wado']) {
    const answer = await get(url, viewer)
    t.equal(answer.headers['access-control-allow-origin'], viewer, url)
    t.match(answer.headers['access-control-expose-headers'], 'ETag')
    t.match(answer.headers.vary, /origin/)
    for (const origin of [undefined, 'https://other.example', 'null', `${viewer}.evil.example`]) {
      const other = await get(url, origin)
      t.strictSame(permissions(other.headers), [], `${url} ${origin}`)
      t.match(other.headers.vary, /origin/, 'caches keep them apart')
    }
  }
  t.equal((await get(metadata, viewer)).headers.vary, 'accept, origin')
  t.strictSame(permissions((await get('/livez', viewer)).headers), [], 'no other service is shared')
  t.strictSame(permissions((await get('/api/v1/jobs', viewer)).headers), [])
})

t.test('a preflight is answered for every address, a plain OPTIONS is not one', async t => {
  const service = await testService(t, { settings: { corsOrigins: [viewer] } })
  const preflight = async (url: string, origin: string) =>
    await service.app.inject({ method: 'OPTIONS', url, headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' } })
  for (const url of ['/dicom-web/studies', '/dicom-web/', '/dicom-web', metadata]) {
    const { statusCode, headers, body } = await preflight(url, viewer)
    t.equal(statusCode, 204, url)
    t.equal(body, '')
    t.equal(headers['access-control-allow-origin'], viewer)
    t.match(headers['access-control-allow-methods'], 'POST')
    t.match(headers['access-control-allow-headers'], /Content-Type.*Range/)
    const refused = await preflight(url, 'https://other.example')
    t.equal(refused.statusCode, 204)
    t.strictSame(permissions(refused.headers), [])
  }
  t.equal((await preflight('/api/v1/jobs', viewer)).statusCode, 404)
  const answer = await service.inject({ method: 'OPTIONS', url: '/dicom-web/', headers: { origin: viewer } })
  t.equal(answer.statusCode, 200)
  t.match(answer.json(), { application: { resources: { resource: [] } } })
  t.equal((await service.inject({ method: 'OPTIONS', url: '/dicom-web/', headers: { origin: viewer, 'access-control-request-method': 'GET' } })).statusCode, 204)
})

t.test('without a list nothing is allowed and nothing varies', async t => {
  const service = await testService(t)
  const { headers } = await service.inject({ url: '/dicom-web/studies', headers: { origin: viewer } })
  t.strictSame(permissions(headers), [])
  t.notMatch(headers.vary ?? '', /origin/)
  t.equal((await service.app.inject({ method: 'OPTIONS', url: '/dicom-web/studies', headers: { origin: viewer, 'access-control-request-method': 'GET' } })).statusCode, 404)
})
