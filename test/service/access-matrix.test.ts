import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { InjectOptions } from 'fastify'
import t from 'tap'
import { routeScopes } from '../../src/service/access/route-scopes.ts'
import { TokenIssuer } from '../../src/service/access/token-issuer.ts'
import { Metrics } from '../../src/service/metrics.ts'
import { authenticatorOf, basic, issuer, oidc, password, scopes, tokenOf } from './support/credentials.ts'
import { exchange, listen } from './support/exchange.ts'
import { openapi } from './support/openapi.ts'
import { testService, type TestService } from './support/test-service.ts'

const values: Readonly<Record<string, string>> = { study: '1.2.3', series: '1.2.3.4', instance: '1.2.3.4.1', frames: '1', job: '1', destination: 'pacs', workitem: '1.2.9', requester: 'AET', subscriber: 'AET' }
const pathOf = (url: string): string => url.replace(/:(\w+)/g, (_, name: string) => values[name]!).replace('*', '7FE00010')
const routes = Object.entries(routeScopes).map(([key, scope]) => {
  const [method = '', url = ''] = key.split(' ')
  return { key, scope, method: method as 'GET', url: pathOf(url) }
})
const metrics = new Metrics(async () => ({ openSeries: 0, jobs: {}, destinations: [], spoolBytes: 0, freeBytes: 0 }))

let addresses = 0
/** Each request comes from an address of its own: failures are counted by address. */
const address = (): string => `10.${(addresses >> 16) & 255}.${(addresses >> 8) & 255}.${addresses++ & 255}`
const statusOf = async (service: TestService, options: InjectOptions & { url: string }) =>
  (await service.inject({ remoteAddress: address(), ...options })).statusCode

t.test('every route is in the table of scopes, and the table has no other', async t => {
  const { app } = await testService(t)
  const registered = app.registeredRoutes.filter(({ method }) => method !== 'HEAD').map(({ method, url }) => `${method} ${url}`)
  t.strictSame([...new Set(registered)].sort(), Object.keys(routeScopes).sort())
  for (const { method, url, scope } of app.registeredRoutes.filter(({ method }) => method === 'HEAD')) t.equal(scope, routeScopes[`GET ${url}`], `${method} ${url}`)
})

t.test('a route that is not in the table cannot be registered', async t => {
  const { app } = await testService(t)
  t.throws(() => app.get('/new', () => ''), /The route GET \/new is not in the table of scopes|already listening|already/)
})

t.test('openapi.yaml asks for the same scopes, in every way that there is', async t => {
  for (const { key, scope } of routes) {
    const [method = '', url = ''] = key.split(' ')
    const operation = openapi.paths[url.replace(/:(\w+)/g, '{$1}').replace('*', '{path}')]?.[method.toLowerCase()] as { security: Record<string, string[]>[] }
    const wanted = scope === 'metrics' ? 'admin' : scope
    const ways = ['basic', 'bearer', 'jwt', 'clientCertificate'].map(way => ({ [way]: [wanted] }))
    t.strictSame(operation.security, scope === 'anonymous' ? [] : scope === 'metrics' ? [{ metricsToken: [] }, ...ways] : ways, key)
  }
})

t.test('each route lets in who has its scope, by each way, and nobody else', async t => {
  const { jwk, token, forged } = await issuer()
  const { access } = await authenticatorOf(t, ['basic', 'bearer', 'oidc'], { jwk })
  const service = await testService(t, { access, metrics })
  const right: Record<string, (scope: string) => Promise<string>> = {
    'user and password': async scope => basic(scope),
    'token of the file': async scope => `Bearer ${tokenOf(scope)}`,
    'token of the issuer': async scope => `Bearer ${await token({ scope: `openid tubers:${scope}` })}`,
  }
  const wrong: Record<string, () => Promise<string | undefined>> = {
    'no credentials': async () => undefined,
    'wrong token': async () => 'Bearer nonsense',
    'unknown scheme': async () => 'Digest x',
    ...Object.fromEntries(Object.entries(forged).map(([name, make]) => [name, async () => `Bearer ${await make()}`])),
  }
  const columns = ['anonymous', 'read', 'stow', 'admin', 'metrics'] as const
  const seen = new Map<string, Set<string>>()
  const note = (row: string, scope: string, status: number) => {
    const key = `${row}|${scope}`
    seen.set(key, (seen.get(key) ?? new Set()).add(status === 401 || status === 403 ? String(status) : 'served'))
  }
  // as the buttons of the status page send it
  const headers = (authorization: string | undefined) => ({ 'sec-fetch-site': 'same-origin', ...(authorization !== undefined && { authorization }) })
  for (const { method, url, scope } of routes) {
    for (const [name, make] of Object.entries(wrong)) note(name, scope, await statusOf(service, { method, url, headers: headers(await make()) }))
    for (const [name, make] of Object.entries(right)) {
      for (const given of scopes) note(`${name}, scope ${given}`, scope, await statusOf(service, { method, url, headers: headers(await make(given)) }))
    }
  }
  // a hash takes a while: one route of each kind
  for (const scope of columns) {
    const { method, url } = routes.find(route => route.scope === scope)!
    note('wrong password', scope, await statusOf(service, { method, url, headers: { authorization: basic('read', 'wrong') } }))
    note('unknown user', scope, await statusOf(service, { method, url, headers: { authorization: basic('nobody') } }))
  }
  const rows = ['no credentials', 'wrong password', 'unknown user', 'wrong token', 'unknown scheme', ...Object.keys(forged),
    ...Object.keys(right).flatMap(name => scopes.map(scope => `${name}, scope ${scope}`))]
  const cell = (row: string, scope: string) => [...seen.get(`${row}|${scope}`) ?? []].sort().join(' or ')
  for (const row of rows) {
    const given = row.split(', scope ')[1]
    for (const scope of columns) {
      const wanted = scope === 'anonymous' ? 'served' : given === undefined ? '401' : given === (scope === 'metrics' ? 'admin' : scope) ? 'served' : '403'
      t.equal(cell(row, scope), wanted, `${row} at ${scope}`)
    }
  }
  const table = [`| Credentials | ${columns.join(' | ')} |`, `|---|${columns.map(() => '---|').join('')}`,
    ...rows.map(row => `| ${row} | ${columns.map(scope => cell(row, scope)).join(' | ')} |`)].join('\n')
  const document = readFileSync(resolve(import.meta.dirname, '../../docs/administration.md'), 'utf8')
  t.equal(/<!-- access matrix -->\n\n([^]*?)\n\n<!-- end of access matrix -->/.exec(document)?.[1], table, 'the table of docs/administration.md is what was seen')
  t.notMatch(service.log(), password)
  t.notMatch(service.log(), /token-(read|stow|admin)-x|eyJ|nonsense/)
})

t.test('while the keys of the issuer cannot be had, its tokens cannot be verified: 503', async t => {
  const { token } = await issuer()
  const { access } = await authenticatorOf(t, ['oidc'], { issuer: new TokenIssuer(oidc, { keys: async () => { throw new Error('down') } }) })
  const service = await testService(t, { access, metrics })
  const authorization = `Bearer ${await token()}`
  for (const { key, scope, method, url } of routes) {
    if (scope !== 'anonymous') t.equal(await statusOf(service, { method, url, headers: { authorization } }), 503, key)
  }
})

t.test('a host name that is not ours is misdirected, at every route: 421', async t => {
  const service = await testService(t, { settings: { publicBaseUrl: 'https://ai.example/x', allowedHosts: ['Tubers.example'] } })
  for (const { key, method, url } of routes) t.equal(await statusOf(service, { method, url, headers: { host: 'rebound.example' } }), 421, key)
  for (const host of ['127.0.0.1', '10.1.2.3:8080', '[::1]:8080', 'localhost:1', 'tuberlens', 'a.localhost', 'AI.example', 'tubers.example:8080']) {
    t.equal(await statusOf(service, { url: '/livez', headers: { host } }), 200, host)
  }
  const any = await testService(t, { settings: { allowedHosts: ['*'] } })
  t.equal(await statusOf(any, { url: '/livez', headers: { host: 'rebound.example' } }), 200)
  const { access } = await authenticatorOf(t, ['bearer'])
  const headers = { host: 'tuberlens.hospital.example', authorization: `Bearer ${tokenOf('read')}` }
  const authenticating = await testService(t, { access })
  t.equal(await statusOf(authenticating, { url: '/dicom-web/studies', headers }), 204, 'who shows credentials may use any name')
  t.equal(await statusOf(authenticating, { url: '/dicom-web/studies', headers: { host: headers.host } }), 401)
  const listing = await testService(t, { access, settings: { allowedHosts: ['ai.example'] } })
  t.equal(await statusOf(listing, { url: '/dicom-web/studies', headers }), 421, 'where names are listed, these alone')
})

t.test('a request that does not name one host is malformed, at every route: 400', async t => {
  const service = await testService(t)
  for (const { key, method, url } of routes) t.equal(await statusOf(service, { method, url, headers: { host: '[', 'sec-fetch-site': 'same-origin' } }), 400, key)
  for (const host of ['%%', 'a b', 'x/evil', 'x//evil.example/', 'x@y', 'x:99999', 'x:80:80', '<script>', 'x?y', 'x#y', '[::1', '\u00ff']) {
    t.equal(await statusOf(service, { url: '/status', headers: { host } }), 400, host)
  }
  const port = await listen(service)
  const status = async (head: string): Promise<string> => (await exchange(port, [`${head}\r\nConnection: close\r\n\r\n`])).slice(9, 12)
  t.equal(await status('GET /livez HTTP/1.1\r\nHost: a\r\nHost: b'), '400', 'a proxy may go by the other one')
  t.equal(await status('GET /livez HTTP/1.1\r\nHost: '), '400')
  t.equal(await status('GET /livez HTTP/1.1\r\nHost: a'), '200')
  t.equal(await status('GET /livez HTTP/1.0'), '200', 'as load balancers ask')
  const proxied = await testService(t, { settings: { trustProxy: ['127.0.0.1'] } })
  t.equal(await statusOf(proxied, { url: '/livez', remoteAddress: '127.0.0.1', headers: { 'x-forwarded-host': 'x/evil' } }), 400)
})

t.test('what another site makes a browser send changes nothing, at every route: 403', async t => {
  const service = await testService(t, { settings: { corsOrigins: ['https://viewer.example'] } })
  for (const { key, method, url } of routes.filter(({ method }) => !['GET', 'OPTIONS'].includes(method))) {
    t.equal(await statusOf(service, { method, url, headers: { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' } }), 403, key)
    t.equal(await statusOf(service, { method, url, headers: { origin: 'https://evil.example' } }), 403, key)
  }
  const listed = { 'sec-fetch-site': 'cross-site', origin: 'https://viewer.example', 'content-type': 'text/plain' }
  t.equal(await statusOf(service, { method: 'POST', url: '/dicom-web/studies', headers: listed }), 415, 'a viewer that is listed may store')
  t.equal(await statusOf(service, { method: 'POST', url: '/api/v1/jobs/1/retry', headers: listed }), 403, 'and nothing else')
})

t.test('an unknown address wants credentials like a known one', async t => {
  const { access } = await authenticatorOf(t, ['bearer'])
  const { app } = await testService(t, { access })
  t.equal((await app.inject({ url: '/none' })).statusCode, 401)
  t.equal((await app.inject({ url: '/none', headers: { authorization: `Bearer ${tokenOf('read')}` } })).statusCode, 404)
})
