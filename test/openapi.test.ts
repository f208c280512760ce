import t from 'tap'
import { openapi } from './service/support/openapi.ts'
import { testService } from './service/support/test-service.ts'

t.test('every route is in openapi.yaml and every path of openapi.yaml is a route', async t => {
  const { app } = await testService(t)
  const routes = app.registeredRoutes.filter(({ method }) => method !== 'HEAD')
    .map(({ method, url }) => `${method} ${url.replace(/:(\w+)/g, '{$1}').replace('*', '{path}')}`)
  const paths = Object.entries(openapi.paths).flatMap(([path, item]) =>
    Object.keys(item).filter(key => key !== 'parameters').map(method => `${method.toUpperCase()} ${path}`))
  t.strictSame(routes.sort(), paths.sort())
})

t.test('every operation has its own name and every path parameter is declared', async t => {
  const operations = Object.values(openapi.paths).flatMap(item => Object.entries(item).filter(([key]) => key !== 'parameters'))
  const names = operations.map(([, operation]) => (operation as { operationId: string }).operationId)
  t.equal(new Set(names).size, names.length)
  for (const [path, item] of Object.entries(openapi.paths)) {
    const declared = ((item['parameters'] ?? []) as { $ref?: string, name?: string }[]).map(p => p.name ?? p.$ref?.split('/').at(-1))
    t.strictSame(declared, [...path.matchAll(/\{(\w+)\}/g)].map(match => match[1]), path)
  }
})

t.test('no route can be registered without a scope', async t => {
  const { app } = await testService(t)
  t.ok(app.registeredRoutes.length > 10)
  const anonymous = new Set(app.registeredRoutes.filter(({ scope }) => scope === 'anonymous').map(({ url }) => url))
  t.strictSame([...anonymous].sort(), ['/livez', '/openapi.yaml', '/readyz', '/startupz'])
})
