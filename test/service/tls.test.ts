import { once } from 'node:events'
import { chmodSync, copyFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { request, type RequestOptions } from 'node:https'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { addressList } from '../../src/config/access.ts'
import type { AuditEvent } from '../../src/archive/audit-log.ts'
import { loadConfig } from '../../src/config.ts'
import { limitConnections } from '../../src/service/connection-limit.ts'
import { openSecrets } from '../../src/service/secret-files.ts'
import { CertificateReload } from '../../src/service/tls-server.ts'
import { certificate, servedName, type TestCertificate } from '../helpers/certificates.ts'
import { until } from '../helpers/service.ts'
import { authenticatorOf, basic, tokenOf, clientLines } from './support/credentials.ts'
import { exchange, listen } from './support/exchange.ts'
import { disagreement } from './support/openapi.ts'
import { testService } from './support/test-service.ts'

const ca = certificate('Hospital CA')
const first = certificate('tuberlens', { issuer: ca })
const second = certificate('tuberlens renewed', { issuer: ca })

function files (t: Test, server: TestCertificate = first) {
  const folder = t.testdir({ cert: server.cert, key: server.key, ca: ca.cert })
  return { certFile: join(folder, 'cert'), keyFile: join(folder, 'key'), clientCaFile: undefined, clientCertificate: 'optional' } as const
}

interface Answer { readonly status: number, readonly headers: Readonly<Record<string, unknown>> }

/** A request over a connection of its own; an answer that openapi.yaml does not allow is an error. */
async function ask (port: number, options: RequestOptions & { path: string }): Promise<Answer> {
  const sent = request({ host: '127.0.0.1', port, ca: ca.cert, agent: false, ...options })
  sent.end()
  const [response] = await once(sent, 'response') as [import('node:http').IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk)
  const answer = { statusCode: response.statusCode!, headers: response.headers, rawPayload: Buffer.concat(chunks) }
  const wrong = disagreement(options.method ?? 'GET', options.path, answer)
  if (wrong !== undefined) throw new Error(wrong)
  return { status: answer.statusCode, headers: answer.headers }
}

t.test('with a certificate the service speaks HTTPS alone, TLS 1.2 or newer, and says that it stays so', async t => {
  const service = await testService(t, { tls: files(t) })
  const port = await listen(service)
  const answer = await ask(port, { path: '/livez' })
  t.equal(answer.status, 200)
  t.equal(answer.headers['strict-transport-security'], 'max-age=31536000')
  await ask(port, { path: '/livez', maxVersion: 'TLSv1.2' })
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
  await t.rejects(ask(port, { path: '/livez', ...old }))
  t.notMatch(await exchange(port, ['GET /livez HTTP/1.1\r\nHost: x\r\n\r\n']), /200/)
  const open = await testService(t)
  t.equal((await open.inject({ url: '/livez' })).headers['strict-transport-security'], undefined, 'RFC 6797 7.2')
})

t.test('a renewed certificate is taken up while the service runs; files that do not fit change nothing', async t => {
  const tls = files(t)
  const service = await testService(t, { tls })
  const port = await listen(service)
  const subject = async (): Promise<string> => await servedName(port, ca)
  const lines: string[] = []
  const note = (level: string) => (_facts: unknown, text?: string) => { lines.push(`${level} ${text ?? String(_facts)}`) }
  const logger = { info: note('info'), warn: note('warn'), error: note('error') } as unknown as ConstructorParameters<typeof CertificateReload>[2]
  const reload = new CertificateReload(service.app.server, tls, logger, 20)
  t.teardown(() => { reload.stop() })
  t.equal(await subject(), 'tuberlens')
  writeFileSync(tls.certFile, second.cert)
  await until(async () => lines.some(line => line.startsWith('error certificate not taken up')), 40)
  t.equal(await subject(), 'tuberlens', 'the key is still that of the first')
  writeFileSync(tls.keyFile, second.key)
  await until(async () => await subject() === 'tuberlens renewed', 40)
  t.match(lines, [/warn the certificate of the service ends soon/], 'in ten days')
  lines.length = 0
  reload.reload()
  t.match(lines, ['info certificate taken up'], 'as at SIGHUP')
  t.throws(() => new CertificateReload(createServer(), tls, logger), TypeError)
})

t.test('client certificates are known by their SHA-256 or their subject, under the trusted issuer alone', async t => {
  const byFingerprint = certificate('viewer', { issuer: ca })
  const bySubject = certificate('pacs', { issuer: ca })
  const unlisted = certificate('somebody', { issuer: ca })
  const expired = certificate('pacs', { issuer: ca, expired: true })
  const foreign = certificate('pacs', { issuer: certificate('Another CA') })
  const { X509Certificate } = await import('node:crypto')
  const lines = [`viewer read certificate:${new X509Certificate(byFingerprint.cert).fingerprint256}`, 'pacs stow subject:CN=pacs', await clientLines()].join('\n')
  const { access } = await authenticatorOf(t, ['mtls', 'basic', 'bearer'], { lines })
  const tls = { ...files(t), clientCaFile: join(t.testdirName, 'ca') }
  const service = await testService(t, { tls: { ...tls, certFile: join(t.testdir({ cert: first.cert, key: first.key, ca: ca.cert }), 'cert') }, access })
  const port = await listen(service)
  const status = async (method: string, path: string, client?: TestCertificate, headers = {}) =>
    (await ask(port, { method, path, headers, ...(client && { cert: client.cert, key: client.key }) })).status
  const read = ['GET', '/dicom-web/studies'] as const
  const stow = ['POST', '/dicom-web/studies'] as const
  t.equal(await status(...read), 401, 'no certificate')
  t.equal(await status(...read, byFingerprint), 204)
  t.equal(await status(...stow, byFingerprint), 403)
  t.equal(await status(...stow, bySubject), 415, 'let in')
  t.equal(await status(...read, bySubject), 403)
  for (const [name, client] of Object.entries({ unlisted, expired, foreign })) t.equal(await status(...read, client), 401, name)
  t.equal(await status(...read, bySubject, { authorization: basic('read') }), 204, 'what is said by name counts')
  t.equal(await status(...stow, bySubject, { authorization: `Bearer ${tokenOf('read')}` }), 403)
  const required = await testService(t, { tls: { ...tls, clientCertificate: 'required' }, access })
  const other = await listen(required)
  await t.rejects(ask(other, { path: '/livez' }), 'no connection without a certificate')
  await t.rejects(ask(other, { path: '/livez', cert: foreign.cert, key: foreign.key }))
  t.equal((await ask(other, { path: '/livez', cert: unlisted.cert, key: unlisted.key })).status, 200)
})

t.test('headers of a proxy are believed of trusted proxies alone', async t => {
  const audit: AuditEvent[] = []
  const service = await testService(t, { settings: { trustProxy: ['10.0.0.0/8'] }, audit: { record: async event => { audit.push(event) } } })
  const headers = { 'x-forwarded-for': '192.0.2.7', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'tuberlens' }
  const trusted = await service.inject({ url: '/dicom-web/studies', headers, remoteAddress: '10.1.1.1' })
  const stranger = await service.inject({ url: '/dicom-web/studies', headers, remoteAddress: '172.16.0.1' })
  await new Promise(resolve => setImmediate(resolve))
  t.strictSame(audit.map(({ source }) => source), ['192.0.2.7', '172.16.0.1'])
  t.equal(trusted.headers['strict-transport-security'], 'max-age=31536000')
  t.equal(stranger.headers['strict-transport-security'], undefined)
})

t.test('one address has no more connections than it may; a trusted proxy has as many as it wants', async t => {
  let refused = 0
  const start = async (most: number, trusted: readonly string[]): Promise<number> => {
    const server = createServer((_request, response) => { response.end('x') })
    limitConnections(server, most, addressList(trusted), () => { refused++ })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.teardown(() => { server.closeAllConnections(); server.close() })
    return (server.address() as AddressInfo).port
  }
  const open = async (port: number): Promise<Socket> => {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined)
    await once(socket, 'connect')
    t.teardown(() => socket.destroy())
    return socket
  }
  const port = await start(2, [])
  const sockets = [await open(port), await open(port)]
  const third = await open(port)
  await once(third, 'close')
  t.equal(refused, 1)
  for (const socket of sockets) socket.destroy()
  await until(async () => await fetch(`http://127.0.0.1:${port}/`).then(() => true, () => false), 10, 'a place that is free again')
  for (const [most, trusted] of [[1, ['loopback']], [0, []]] as const) {
    const free = await start(most, trusted)
    await open(free)
    await open(free)
    t.equal((await fetch(`http://127.0.0.1:${free}/`)).status, 200)
  }
})

t.test('secrets that others can read, or their group can change, are named', { skip: process.platform === 'win32' }, async t => {
  const folder = t.testdir({ cert: first.cert, key: first.key, clients: `a read token:${'ab'.repeat(32)}`, token: 'x', pw: 'x' })
  const at = (name: string) => join(folder, name)
  const config = loadConfig({
    TUBERLENS_AUTH: 'bearer', TUBERLENS_CLIENTS_FILE: at('clients'), TUBERLENS_TLS_CERT_FILE: at('cert'), TUBERLENS_TLS_KEY_FILE: at('key'),
    TUBERLENS_METRICS_TOKEN_FILE: at('token'), TUBERLENS_PACS_URL: 'https://pacs.example', TUBERLENS_PACS_USER: 'u', TUBERLENS_PACS_PASSWORD_FILE: at('pw'),
  })
  for (const [name, mode] of [['clients', 0o644], ['key', 0o600], ['token', 0o640], ['pw', 0o660]] as const) chmodSync(at(name), mode)
  t.strictSame(openSecrets(config), ['TUBERLENS_CLIENTS_FILE', 'the secret of the destination pacs'])
  copyFileSync(at('pw'), at('other'))
  t.strictSame(openSecrets(loadConfig({})), [])
})

t.test('a handshake that is not finished is cut off', async t => {
  const { tlsOptions } = await import('../../src/service/tls-server.ts')
  t.match(tlsOptions(files(t)), { handshakeTimeout: 10_000, requestCert: false, minVersion: 'TLSv1.2' })
})
