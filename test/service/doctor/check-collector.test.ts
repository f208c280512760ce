import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createServer as createSecureServer, type TlsOptions } from 'node:tls'
import t, { type Test } from 'tap'
import { checkCollector } from '../../../src/service/doctor/check-collector.ts'
import { certificate } from '../../helpers/certificates.ts'
import { freePort } from '../../helpers/orthanc.ts'

const day = 86_400_000
const ca = certificate('CA')
const own = certificate('collector', { issuer: ca })
const client = certificate('tuberlens', { issuer: ca })

/** A collector, and what it was sent. */
async function collector (t: Test, options: TlsOptions = {}): Promise<{ port: number, sent: string[] }> {
  const sent: string[] = []
  const server = createSecureServer({ cert: own.cert, key: own.key, ...options }, socket => {
    socket.on('data', (chunk: Buffer) => { sent.push(chunk.toString()) }).on('error', () => undefined)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.close() })
  return { port: (server.address() as AddressInfo).port, sent }
}
const files = (t: Test) => t.testdir({ ca: ca.cert, other: certificate('other').cert, cert: client.cert, key: client.key })
const look = async (settings: { port: number, host?: string, caFile?: string, certFile?: string, keyFile?: string }, now = Date.now()) =>
  await checkCollector({ host: '127.0.0.1', caFile: undefined, certFile: undefined, keyFile: undefined, ...settings }, now)

t.test('a collector that is trusted and takes the connection is in order, and gets no message', async t => {
  const { port, sent } = await collector(t)
  t.match(await look({ port, caFile: join(files(t), 'ca') }), [
    { area: 'audit collector', state: 'ok', found: /no message was sent/ }, { state: 'warning', found: /valid until .*, 9 days/ },
  ])
  t.strictSame(sent, [])
  t.strictSame(await checkCollector(undefined, Date.now()), [])
})

t.test('a certificate that is not trusted, for another host or expired is told', async t => {
  const { port } = await collector(t)
  const folder = files(t)
  t.match(await look({ port, caFile: join(folder, 'other') }), [{ state: 'failure', found: /not trusted \(/, todo: /TUBERLENS_AUDIT_SYSLOG_CA_FILE/ }, { state: 'warning' }])
  const elsewhere = await collector(t, certificate('x', { issuer: ca, host: 'logs.example' }))
  t.match(await look({ port: elsewhere.port, caFile: join(folder, 'ca') }), [{ state: 'failure', found: 'its certificate is not for 127.0.0.1' }, {}])
  t.match(await look({ port, caFile: join(folder, 'ca') }, Date.now() + 20 * day), [{ state: 'failure', found: /expired on/ }])
})

t.test('a collector that wants a client certificate is told apart', async t => {
  const { port } = await collector(t, { requestCert: true, rejectUnauthorized: true, ca: ca.cert })
  const folder = files(t)
  const caFile = join(folder, 'ca')
  t.match(await look({ port, caFile }), [{ state: 'failure', todo: /give the certificate that it asks for, by TUBERLENS_AUDIT_SYSLOG_CERT_FILE/ }, {}])
  t.match(await look({ port, caFile, certFile: join(folder, 'cert'), keyFile: join(folder, 'key') }), [{ state: 'ok' }, {}])
})

t.test('a collector that is not there, or does not speak TLS, is told with what to look at', async t => {
  t.match(await look({ port: await freePort() }), [{ state: 'failure', found: /^127\.0\.0\.1:\d+: no connection/, todo: /TUBERLENS_AUDIT_SYSLOG, the firewall/ }])
  t.match(await look({ host: 'no-such-name.invalid', port: 6514 }), [{ state: 'failure', found: /cannot be resolved/, todo: /name server/ }])
  const plain = createServer(socket => { socket.end('hello') }).listen(0, '127.0.0.1')
  await once(plain, 'listening')
  t.teardown(() => { plain.close() })
  t.match(await look({ port: (plain.address() as AddressInfo).port }), [{ state: 'failure' }])
})
