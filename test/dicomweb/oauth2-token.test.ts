import { once } from 'node:events'
import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { TokenSource } from '../../src/dicomweb/oauth2-token.ts'
import type { ClientCredentials } from '../../src/dicomweb/oauth2-token.ts'
import { AppError } from '../../src/errors.ts'

interface Owner { teardown: (action: () => unknown) => unknown }

/** A token server that answers as told. */
async function scene (t: Owner, changes: Partial<ClientCredentials> = {}) {
  const asked: { authorization: string | undefined, body: string }[] = []
  const server: { answer: (response: ServerResponse, n: number) => void } = {
    answer: (response, n) => { response.end(JSON.stringify({ access_token: `token-${n}`, token_type: 'Bearer', expires_in: 600 })) },
  }
  const listener = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => { body += text }).on('end', () => {
      asked.push({ authorization: request.headers.authorization, body })
      server.answer(response, asked.length)
    })
  }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  t.teardown(() => { listener.closeAllConnections(); listener.close() })
  const clock = { at: 1_000_000 }
  const tokens = new TokenSource({
    tokenUrl: `http://127.0.0.1:${(listener.address() as AddressInfo).port}/token`,
    clientId: 'tuber lens',
    clientSecret: async () => 'p+ss:wörd',
    now: () => clock.at,
    ...changes,
  })
  return { asked, server, clock, tokens }
}

t.test('a token is fetched with the client credentials, and kept until shortly before it ends', async t => {
  const { asked, clock, tokens } = await scene(t, { scope: 'dicom write' })
  t.strictSame(await Promise.all([tokens.token(), tokens.token()]), ['token-1', 'token-1'], 'one request for all that wait')
  // RFC 6749 2.3.1 and Appendix B: form-encoded before Base64
  t.equal(Buffer.from(asked[0]!.authorization!.slice('Basic '.length), 'base64').toString(), 'tuber+lens:p%2Bss%3Aw%C3%B6rd')
  t.strictSame(Object.fromEntries(new URLSearchParams(asked[0]!.body)), { grant_type: 'client_credentials', scope: 'dicom write' })
  clock.at += 569_000
  t.equal(await tokens.token(), 'token-1')
  clock.at += 1000
  t.equal(await tokens.token(), 'token-2')
  tokens.forget()
  t.equal(await tokens.token(), 'token-3')
})

t.test('a short life is used to nine tenths, an absent one counts as five minutes', async t => {
  const { asked, clock, tokens, server } = await scene(t)
  server.answer = response => { response.end(JSON.stringify({ access_token: 'a', token_type: 'bearer', expires_in: '10' })) }
  await tokens.token()
  clock.at += 8999
  await tokens.token()
  t.equal(asked.length, 1)
  server.answer = response => { response.end(JSON.stringify({ access_token: 'a', token_type: 'bearer' })) }
  clock.at += 1
  await tokens.token()
  clock.at += 269_999
  await tokens.token()
  t.equal(asked.length, 2)
  t.notMatch(asked[0]!.body, 'scope')
})

t.test('what is no token is refused; what may pass is unreachable; the secret is never in the words', async t => {
  const { tokens, server } = await scene(t)
  const table: readonly [number, string, string][] = [
    [401, '{"error":"invalid_client"}', 'remote-refused'],
    [400, '', 'remote-refused'],
    [302, '', 'remote-refused'],
    [200, 'not JSON', 'remote-refused'],
    [200, '{"access_token":"a","token_type":"mac"}', 'remote-refused'],
    [200, '{"access_token":"a b\\n","token_type":"bearer"}', 'remote-refused'],
    [500, '', 'remote-unreachable'],
    [429, '', 'remote-unreachable'],
  ]
  for (const [status, body, code] of table) {
    server.answer = response => { response.writeHead(status, { location: '/x' }).end(body) }
    await t.rejects(tokens.token(), { code, message: /^The token server answered with / }, `${status} ${body}`)
  }
  const nobody = await scene(t, { tokenUrl: 'http://127.0.0.1:9/token' })
  await t.rejects(nobody.tokens.token(), { code: 'remote-unreachable', message: 'The token server did not answer: no connection to the server' })
  const without = await scene(t, { clientSecret: async () => { throw new AppError('input-unreadable', 'the file of a secret is empty or cannot be read') } })
  await t.rejects(without.tokens.token(), { code: 'input-unreadable' })
  server.answer = response => { response.end(JSON.stringify({ access_token: 'good', token_type: 'bearer' })) }
  t.equal(await tokens.token(), 'good', 'a failure is not kept')
})
