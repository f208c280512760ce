import type { IncomingMessage, ServerResponse } from 'node:http'
import t, { type Test } from 'tap'
import { checkTokenIssuer } from '../../../src/service/doctor/check-token-issuer.ts'
import { certificate } from '../../helpers/certificates.ts'
import { freePort } from '../../helpers/orthanc.ts'
import { stubPacs } from './stub-pacs.ts'

async function look (jwksUrl: string, algorithms: readonly string[] = ['RS256', 'ES256', 'EdDSA']) {
  const oidc = { issuer: 'https://login.example', audience: 'tuberlens', jwksUrl, algorithms, clockSkewS: 30, scopeClaim: 'scope', scopes: [] }
  return await checkTokenIssuer(oidc, { now: Date.now, signal: new AbortController().signal })
}
const serving = async (t: Test, answer: (request: IncomingMessage, response: ServerResponse) => void) => await stubPacs(t, answer)
const giving = async (t: Test, body: unknown) => await serving(t, (_request, response) => { response.end(JSON.stringify(body)) })

t.test('an issuer whose keys fit what is accepted is in order', async t => {
  const url = await giving(t, { keys: [{ kty: 'RSA', use: 'sig', alg: 'RS256' }, { kty: 'EC', crv: 'P-256' }, { kty: 'OKP', crv: 'Ed25519' }, { kty: 'RSA', use: 'enc' }] })
  t.match(await look(url), [{ area: 'token issuer', state: 'ok', found: `${url} gives 3 keys for RS256, ES256, EdDSA` }, { area: 'clock', state: 'ok' }])
  t.match(await look(url, ['ES256']), [{ found: /gives 1 key for ES256/ }, {}])
  t.strictSame(await checkTokenIssuer(undefined, { now: Date.now, signal: new AbortController().signal }), [])
})

t.test('keys for other algorithms, no keys, and another status are told with what to do', async t => {
  t.match(await look(await giving(t, { keys: [{ kty: 'EC', crv: 'P-384' }, { kty: 'RSA', alg: 'RS512' }] })), [{ state: 'failure', found: /none of the keys/, todo: /TUBERLENS_OIDC_ALGORITHMS/ }, {}])
  t.match(await look(await giving(t, { issuer: 'x', jwks_uri: 'y' })), [{ state: 'failure', found: /no set of keys/, todo: /jwks_uri/ }, {}])
  const moved = await serving(t, (_request, response) => { response.writeHead(302, { location: 'http://169.254.169.254/' }).end() })
  t.match(await look(moved), [{ state: 'failure', found: `${moved} answers 302`, todo: /redirects are not followed/ }, {}])
})

t.test('an issuer that cannot be talked to is told by why', async t => {
  t.match(await look(`http://127.0.0.1:${await freePort()}/keys`), [{ state: 'failure', found: /no connection/, todo: /TUBERLENS_OIDC_JWKS_URL/ }])
  t.match(await look('https://no-such-name.invalid/keys'), [{ state: 'failure', found: /cannot be resolved/ }])
  const secure = await stubPacs(t, () => undefined, certificate('issuer', { issuer: certificate('CA') }))
  t.match(await look(secure), [{ state: 'failure', found: /not trusted/, todo: /NODE_EXTRA_CA_CERTS/ }])
})
