import { join } from 'node:path'
import t from 'tap'
import { addressList, isLoopback } from '../../src/config/access.ts'
import { loadConfig, type Environment } from '../../src/config.ts'
import { AppError } from '../../src/errors.ts'
import { certificate } from '../helpers/certificates.ts'

const ca = certificate('Test CA')
const server = certificate('tuberlens', { issuer: ca })
const folder = t.testdir({
  clients: `orthanc stow token:${'ab'.repeat(32)}\n`, wrong: 'canary\n', cert: server.cert, key: server.key, other: certificate('x', { issuer: ca }).key, ca: ca.cert,
})
const at = (name: string) => join(folder, name)

function problems (environment: Environment): string {
  try {
    loadConfig(Object.fromEntries(Object.entries(environment).map(([name, value]) => [`TUBERLENS_${name}`, value])))
  } catch (error) {
    if (error instanceof AppError && error.code === 'config-invalid') return error.message
    throw error
  }
  return ''
}
const oidc = { AUTH: 'oidc', OIDC_ISSUER: 'https://login.example', OIDC_AUDIENCE: 'a', OIDC_JWKS_URL: 'https://login.example/keys' }
const tls = { TLS_CERT_FILE: at('cert'), TLS_KEY_FILE: at('key') }

t.test('without authentication a service listens on this machine alone, unless it is told so', async t => {
  for (const host of ['127.0.0.1', '127.1.2.3', '::1', 'localhost']) t.equal(problems({ HOST: host }), '', host)
  for (const host of ['0.0.0.0', '::', '10.0.0.1', 'tuberlens.example', '127.evil.example']) t.match(problems({ HOST: host }), 'TUBERLENS_AUTH must not be none where TUBERLENS_HOST is not a loopback address', host)
  t.equal(problems({ HOST: '0.0.0.0', ALLOW_UNAUTHENTICATED: 'true' }), '')
  t.equal(problems({ HOST: '0.0.0.0', AUTH: 'bearer', CLIENTS_FILE: at('clients') }), '')
  t.ok(isLoopback('[::1]'))
})

t.test('several ways of authentication may be on at once, each with what it needs', async t => {
  const config = loadConfig(Object.fromEntries(Object.entries({ ...oidc, ...tls, AUTH: 'basic, oidc,mtls', CLIENTS_FILE: at('clients'), TLS_CLIENT_CA_FILE: at('ca'), OIDC_SCOPES: 'Radiology=read,Radiology=stow' }).map(([name, value]) => [`TUBERLENS_${name}`, value])))
  t.strictSame(config.access, {
    methods: ['basic', 'oidc', 'mtls'],
    clientsFile: at('clients'),
    oidc: { issuer: 'https://login.example', audience: 'a', jwksUrl: 'https://login.example/keys', algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA'], clockSkewS: 30, scopeClaim: 'scope', scopes: [{ value: 'Radiology', scope: 'read' }, { value: 'Radiology', scope: 'stow' }] },
    tls: { certFile: at('cert'), keyFile: at('key'), clientCaFile: at('ca'), clientCertificate: 'optional' },
  })
  t.strictSame(loadConfig({}).access, { methods: [], clientsFile: undefined, oidc: undefined, tls: undefined })
})

t.test('what is missing, contradicts, or cannot be used is told, never with what it holds', async t => {
  const cases: readonly (readonly [Environment, string])[] = [
    [{ AUTH: 'canary' }, 'AUTH must be none, or list some of basic, bearer, oidc, mtls'],
    [{ AUTH: 'none,basic' }, 'AUTH must be none'],
    [{ AUTH: '' }, 'AUTH must be none'],
    [{ AUTH: 'basic' }, 'CLIENTS_FILE is missing: TUBERLENS_AUTH lists basic'],
    [{ CLIENTS_FILE: at('clients') }, 'CLIENTS_FILE has no meaning'],
    [{ AUTH: 'basic', CLIENTS_FILE: at('absent') }, 'CLIENTS_FILE names a file that cannot be read'],
    [{ AUTH: 'basic', CLIENTS_FILE: at('wrong') }, 'CLIENTS_FILE line 1 is not'],
    [{ AUTH: 'oidc' }, 'OIDC_ISSUER is missing'],
    [{ ...oidc, OIDC_JWKS_URL: 'http://login.example/keys' }, 'OIDC_JWKS_URL must be an https URL'],
    [{ ...oidc, AUTH: 'none' }, 'OIDC_AUDIENCE has no meaning'],
    [{ ...oidc, OIDC_ALGORITHMS: 'HS256' }, 'OIDC_ALGORITHMS must list some of'],
    [{ ...oidc, OIDC_ALGORITHMS: 'none' }, 'OIDC_ALGORITHMS must list some of'],
    [{ ...oidc, OIDC_SCOPES: 'read=canary' }, 'OIDC_SCOPES must list value=scope'],
    [{ ...oidc, OIDC_CLOCK_SKEW_S: '9999' }, 'OIDC_CLOCK_SKEW_S must be a whole number'],
    [{ TLS_CERT_FILE: at('cert') }, 'TLS_CERT_FILE and TUBERLENS_TLS_KEY_FILE go together'],
    [{ ...tls, TLS_KEY_FILE: at('other') }, 'TLS_CERT_FILE and TUBERLENS_TLS_KEY_FILE are not a certificate and its key'],
    [{ ...tls, TLS_KEY_FILE: at('absent') }, 'TLS_KEY_FILE names a file that cannot be read'],
    [{ ...tls, TLS_CLIENT_CA_FILE: at('wrong') }, 'TLS_CLIENT_CA_FILE holds no certificate'],
    [{ TLS_CLIENT_CA_FILE: at('ca') }, 'TLS_CLIENT_CA_FILE has no meaning'],
    [{ TLS_CLIENT_CERTIFICATE: 'required' }, 'TLS_CLIENT_CERTIFICATE is required without'],
    [{ AUTH: 'mtls', CLIENTS_FILE: at('clients') }, 'TLS_CERT_FILE, TUBERLENS_TLS_KEY_FILE and TUBERLENS_TLS_CLIENT_CA_FILE are needed'],
    [{ TRUST_PROXY: '10.0.0.0/canary' }, 'TRUST_PROXY must list addresses'],
    [{ TRUST_PROXY: 'proxy.example' }, 'TRUST_PROXY must list addresses'],
    [{ ALLOWED_HOSTS: 'https://canary' }, 'ALLOWED_HOSTS must list host names'],
    [{ CONNECTIONS_PER_ADDRESS: 'canary' }, 'CONNECTIONS_PER_ADDRESS must be'],
    [{ ALLOW_UNAUTHENTICATED: 'canary' }, 'ALLOW_UNAUTHENTICATED must be one of'],
  ]
  for (const [environment, message] of cases) {
    const found = problems(environment)
    t.match(found, `  TUBERLENS_${message}`, JSON.stringify(environment))
    t.notMatch(found, 'canary')
  }
  t.equal(problems({ ...oidc, OIDC_JWKS_URL: 'http://127.0.0.1:1/keys' }), '', 'for a try on this machine')
})

t.test('networks are addresses, with a length or by name', async t => {
  const list = addressList(['loopback', '10.1.0.0/16', 'uniquelocal', 'linklocal', '2001:db8::/32', '8.8.8.8'])
  for (const address of ['127.0.0.9', '10.1.2.3', '192.168.4.4', '169.254.1.1', '8.8.8.8']) t.ok(list.check(address), address)
  for (const address of ['::1', 'fd00::1', '2001:db8::5']) t.ok(list.check(address, 'ipv6'), address)
  t.notOk(list.check('8.8.4.4'))
})
