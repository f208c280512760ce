import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { AppError } from '../../src/errors.ts'
import { testDestination } from '../../src/workflow/destination-test.ts'

interface Owner { teardown: (action: () => unknown) => unknown }

async function server (t: Owner, answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const asked: string[] = []
  const listener = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    answer(request, response)
  }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  t.teardown(() => { listener.closeAllConnections(); listener.close() })
  return { url: `http://127.0.0.1:${(listener.address() as AddressInfo).port}/dicom-web/`, asked }
}

t.test('a server that searches and stores is told to do so, and no patient is looked for', async t => {
  const { url, asked } = await server(t, (request, response) => {
    if (request.method === 'OPTIONS') response.writeHead(204, { allow: 'GET, post' }).end()
    else response.writeHead(204).end()
  })
  t.strictSame(await testDestination({ url }), {
    reachable: true, status: 204, auth: 'accepted', tls: 'none', stow: 'yes', qido: 'yes', detail: 'The server answers searches.',
  })
  t.strictSame(asked, ['GET /dicom-web/studies?StudyInstanceUID=2.25.0&limit=1', 'OPTIONS /dicom-web/studies'])
})

t.test('each answer has its meaning', async t => {
  const table: readonly [number, object, object][] = [
    [401, {}, { reachable: true, status: 401, auth: 'refused', qido: 'unknown', detail: 'The server refuses the credentials (401).' }],
    [403, {}, { auth: 'refused' }],
    [404, {}, { auth: 'accepted', qido: 'no', stow: 'unknown', detail: /the address may be wrong/ }],
    [501, {}, { qido: 'no' }],
    [500, {}, { reachable: true, qido: 'unknown', detail: 'The server answers the search with 500.' }],
    [302, { location: 'http://169.254.169.254/' }, { status: 302, qido: 'unknown' }],
    [200, { allow: 'GET' }, { qido: 'yes', stow: 'no' }],
  ]
  for (const [status, headers, expected] of table) {
    const { url, asked } = await server(t, (_request, response) => { response.writeHead(status, { ...headers }).end() })
    t.match(await testDestination({ url }), expected, String(status))
    t.equal(asked.length, 2)
  }
})

t.test('without an answer it is said why', async t => {
  t.match(await testDestination({ url: 'http://127.0.0.1:9' }), { reachable: false, status: undefined, auth: 'unknown', tls: 'none', detail: 'No answer: no connection to the server.' })
  t.match(await testDestination({ url: 'http://tuberlens-test.invalid' }), { reachable: false, detail: /name of the server cannot be resolved/ })
  t.match(await testDestination({ url: 'https://127.0.0.1:9' }), { reachable: false, tls: 'unknown' })
  const headers = async () => { throw new AppError('remote-refused', 'The token server answered with 401') }
  t.match(await testDestination({ url: 'http://127.0.0.1:9', headers }), { reachable: false, auth: 'no-token', detail: /no token was issued/ })
  const silent = await server(t, () => undefined)
  t.match(await testDestination({ url: silent.url, answerTimeoutMs: 300 }), { reachable: false, detail: 'No answer: the server did not answer in time.' })
})

t.test('a server that drops the search and answers OPTIONS is there; a test can be broken off', async t => {
  const { url } = await server(t, (request, response) => {
    if (request.method === 'OPTIONS') response.writeHead(200).end()
    else response.destroy()
  })
  t.match(await testDestination({ url }), { reachable: true, status: 200, qido: 'unknown' })
  const abort = new AbortController()
  const hanging = await server(t, () => { abort.abort(new Error('stopping')) })
  await t.rejects(testDestination({ url: hanging.url }, { signal: abort.signal }), { message: 'stopping' })
})
