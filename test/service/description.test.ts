import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { openapi } from './support/openapi.ts'
import { testService } from './support/test-service.ts'

const root = resolve(import.meta.dirname, '../..')

t.test('the description of the service is served as it is in the package', async t => {
  const { inject } = await testService(t)
  const response = await inject({ url: '/openapi.yaml' })
  t.equal(response.statusCode, 200)
  t.match(response.headers['content-type'], /^application\/yaml/)
  t.equal(response.body, readFileSync(resolve(root, 'openapi.yaml'), 'utf8'))
  t.strictSame(parse(response.body, { merge: true }), openapi)
})

t.test('the package holds the description where the built route looks for it', async t => {
  const { files } = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8')) as { files: string[] }
  t.ok(files.includes('openapi.yaml'))
  const built = new URL('file:///package/dist/service/routes/description.js')
  t.equal(new URL('../../../openapi.yaml', built).pathname, '/package/openapi.yaml')
})
