import t from 'tap'
import type { Capabilities, Resource } from '../../src/dicomweb/capabilities.ts'
import { openapi } from './support/openapi.ts'
import { testService } from './support/test-service.ts'

/** All operations below a resource, as openapi.yaml names them. */
function operations ({ path, method = [], resource = [] }: Resource, above: string): string[] {
  const own = `${above}/${path}`
  return [...method.map(({ name }) => `${name} ${own}`), ...resource.flatMap(child => operations(child, own))]
}

t.test('the capabilities are the DICOMweb routes of openapi.yaml (PS3.18 8.9)', async t => {
  const { inject } = await testService(t, { settings: { publicBaseUrl: 'https://pacs.example' } })
  for (const url of ['/dicom-web/', '/dicom-web']) {
    const response = await inject({ method: 'OPTIONS', url, headers: { accept: 'application/json' } })
    t.equal(response.statusCode, 200)
    t.match(response.headers['content-type'], /^application\/json/)
    const { application: { resources } } = response.json<Capabilities>()
    t.equal(resources.base, 'https://pacs.example/dicom-web')
    const described = Object.entries(openapi.paths).filter(([path]) => path.startsWith('/dicom-web/'))
      .flatMap(([path, item]) => Object.keys(item).filter(key => key !== 'parameters').map(method => `${method.toUpperCase()} ${path}`))
    t.strictSame(resources.resource.flatMap(resource => operations(resource, '/dicom-web')).sort(), described.sort())
  }
})

t.test('they come as WADL too, as JSON to who does not say, and in no other form', async t => {
  const { inject } = await testService(t)
  const wadl = await inject({ method: 'OPTIONS', url: '/dicom-web/', headers: { accept: 'application/vnd.sun.wadl+xml' } })
  t.match(wadl.headers['content-type'], /^application\/vnd\.sun\.wadl\+xml/)
  t.match(wadl.body, /^<\?xml [^]*<resource path="studies"><method name="POST"\/>/)
  t.match((await inject({ method: 'OPTIONS', url: '/dicom-web/' })).headers['content-type'], /^application\/json/)
  t.equal((await inject({ method: 'OPTIONS', url: '/dicom-web/', headers: { accept: 'text/html' } })).statusCode, 406)
})

t.test('a preflight of a browser gets no permission: other origins are not served', async t => {
  const { inject } = await testService(t)
  const response = await inject({
    method: 'OPTIONS', url: '/dicom-web/', headers: { origin: 'https://other.example', 'access-control-request-method': 'POST' },
  })
  t.notOk(Object.keys(response.headers).some(name => name.startsWith('access-control-')))
})
