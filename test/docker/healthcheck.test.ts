import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import t from 'tap'
import { certificate } from '../helpers/certificates.ts'
import { freePort } from '../helpers/orthanc.ts'

const script = resolve(import.meta.dirname, '../../docker/healthcheck.mjs')

async function check (port: number, env: Record<string, string> = {}): Promise<number | null> {
  const child = spawn(process.execPath, [script], { env: { PATH: process.env['PATH'], TUBERLENS_PORT: String(port), ...env }, stdio: 'ignore' })
  const [code] = await once(child, 'exit') as [number | null]
  return code
}

async function portOf (t: { teardown: (action: () => unknown) => unknown }, server: ReturnType<typeof createServer>): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.closeAllConnections(); server.close() })
  return (server.address() as AddressInfo).port
}
const alive: RequestListener = (request, response) => { response.writeHead(request.url === '/livez' ? 200 : 404).end() }

t.test('a service that answers is healthy, over HTTP and TLS', async t => {
  t.equal(await check(await portOf(t, createServer(alive)), { TUBERLENS_HOST: '0.0.0.0' }), 0)
  const own = certificate('service')
  const secure = await portOf(t, createSecureServer({ cert: own.cert, key: own.key }, alive))
  t.equal(await check(secure, { TUBERLENS_TLS_CERT_FILE: '/cert.pem' }), 0)
  t.equal(await check(secure), 1, 'HTTP to a port of TLS')
})

t.test('a service that asks every client for a certificate is alive when it refuses this one', async t => {
  const own = certificate('service')
  const server = createSecureServer({ cert: own.cert, key: own.key, requestCert: true, rejectUnauthorized: true, ca: own.cert }, alive)
  const env = { TUBERLENS_TLS_CERT_FILE: '/cert.pem', TUBERLENS_TLS_CLIENT_CERTIFICATE: 'required' }
  t.equal(await check(await portOf(t, server), env), 0)
  t.equal(await check(await freePort(), env), 1)
})

t.test('a service that is gone, fails or hangs is not healthy', async t => {
  t.equal(await check(await freePort()), 1)
  t.equal(await check(await portOf(t, createServer((_request, response) => { response.writeHead(503).end() }))), 1)
  t.equal(await check(await portOf(t, createServer(() => { /* an event loop that is blocked answers nothing */ }))), 1)
})
