import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { TLSSocket } from 'node:tls'
import type { PeerCertificate } from 'node:tls'
import t from 'tap'
import { secureDispatcher } from '../../src/dicomweb/secure-dispatcher.ts'
import type { TlsIdentity } from '../../src/dicomweb/secure-dispatcher.ts'
import { storeInstances } from '../../src/dicomweb/stow-client.ts'
import { testDestination } from '../../src/workflow/destination-test.ts'
import { certificate } from '../helpers/certificates.ts'

interface Owner { teardown: (action: () => unknown) => unknown, testdir: () => string }

const ca = certificate('Test CA')
const own = certificate('tuberlens', { issuer: ca })

/** A PACS behind TLS that stores everything; what came of one store, and of a test. */
async function attempt (t: Owner, server: ServerOptions, identity: TlsIdentity) {
  const clients: string[] = []
  const pacs = createServer(server, (request, response) => {
    const { subject } = request.socket instanceof TLSSocket ? request.socket.getPeerCertificate() as Partial<PeerCertificate> : {}
    clients.push(String(subject?.CN))
    request.resume().on('end', () => {
      response.end(request.method === 'POST' ? JSON.stringify({ '00081199': { vr: 'SQ', Value: [{ '00081155': { vr: 'UI', Value: ['1.2.3'] } }] } }) : '[]')
    })
  }).listen(0, '127.0.0.1')
  await once(pacs, 'listening')
  const dispatcher = secureDispatcher(identity)
  t.teardown(async () => { await dispatcher.destroy(); pacs.closeAllConnections(); pacs.close() })
  const destination = { url: `https://127.0.0.1:${(pacs.address() as AddressInfo).port}/dicom-web`, dispatcher, answerTimeoutMs: 5000 }
  const path = join(t.testdir(), 'a.dcm')
  writeFileSync(path, 'bytes')
  const [outcome] = await storeInstances(destination, [{ path, sopClassUid: '1.2', sopInstanceUid: '1.2.3', bytes: 5 }])
  return { outcome: outcome!, tested: await testDestination(destination), clients }
}

t.test('a server is trusted by the CA that is named', async t => {
  const { outcome, tested } = await attempt(t, certificate('pacs', { issuer: ca }), { ca: ca.cert })
  t.match(outcome, { verdict: 'sent', cause: 'stored' })
  t.match(tested, { reachable: true, status: 200, auth: 'accepted', tls: 'ok', qido: 'yes', detail: 'The server answers searches.' })
})

t.test('a certificate that has expired, is not trusted or is for another host: sent again later, and somebody is told', async t => {
  const servers = [
    ['expired', certificate('pacs', { issuer: ca, expired: true }), { ca: ca.cert }],
    ['of an unknown CA', certificate('pacs', { issuer: ca }), {}],
    ['self-signed', certificate('pacs'), { ca: ca.cert }],
    ['for another host', certificate('pacs', { issuer: ca, host: 'elsewhere.example' }), { ca: ca.cert }],
  ] as const
  for (const [name, server, identity] of servers) {
    const { outcome, tested, clients } = await attempt(t, server, identity)
    t.match(outcome, { verdict: 'retry', cause: 'untrusted', alert: true }, name)
    t.match(tested, { reachable: false, status: undefined, tls: 'certificate', auth: 'unknown', detail: /certificate/ }, name)
    t.strictSame(clients, [], `${name}: nothing was sent`)
  }
})

t.test('a server that asks for a client certificate gets it; without one the connection fails', async t => {
  const server = { ...certificate('pacs', { issuer: ca }), requestCert: true, rejectUnauthorized: true, ca: ca.cert }
  const known = await attempt(t, server, { ca: ca.cert, cert: own.cert, key: own.key })
  t.match(known.outcome, { verdict: 'sent' })
  t.equal(known.clients[0], 'tuberlens')
  const unknown = await attempt(t, server, { ca: ca.cert })
  t.match(unknown.outcome, { verdict: 'retry', cause: /untrusted|unreachable/ })
  t.equal(unknown.tested.reachable, false)
  t.strictSame(unknown.clients, [])
  // TLS 1.2 tells it within the handshake
  const old = await attempt(t, { ...server, maxVersion: 'TLSv1.2' }, { ca: ca.cert })
  t.match(old.outcome, { cause: 'untrusted' })
  t.match(old.tested, { tls: 'failed', detail: /client certificate/ })
})
