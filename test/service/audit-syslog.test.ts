import { once } from 'node:events'
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import type { AuditEvent } from '../../src/archive/audit-log.ts'
import { loadConfig } from '../../src/config.ts'
import { auditMessage } from '../../src/service/audit-message.ts'
import { AuditSyslog, copied } from '../../src/service/audit-syslog.ts'
import { certificate } from '../helpers/certificates.ts'
import { until } from '../helpers/service.ts'

const ca = certificate('Hospital CA')
const server = certificate('collector', { issuer: ca })
const client = certificate('tuberlens', { issuer: ca })
const start: AuditEvent = { code: 110100, action: 'start', outcome: 0, facts: { version: '1' } }

/** A collector that takes what comes apart by its lengths (RFC 5425 4.3). */
async function collector (t: Test, port = 0): Promise<{ messages: string[], clients: string[], server: Server, port: number, sockets: TLSSocket[] }> {
  const messages: string[] = []
  const clients: string[] = []
  const sockets: TLSSocket[] = []
  const listener = createServer({ cert: server.cert, key: server.key, ca: ca.cert, requestCert: true, rejectUnauthorized: true }, socket => {
    clients.push(String(socket.getPeerCertificate().subject.CN))
    sockets.push(socket)
    let rest = Buffer.alloc(0)
    socket.on('error', () => undefined).on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk])
      for (;;) {
        const space = rest.indexOf(' ')
        const length = Number(rest.toString('latin1', 0, space))
        if (space < 0 || rest.length < space + 1 + length) return
        messages.push(rest.toString('utf8', space + 1, space + 1 + length))
        rest = rest.subarray(space + 1 + length)
      }
    })
  }).listen(port, '127.0.0.1')
  await once(listener, 'listening')
  t.teardown(() => { for (const socket of sockets) socket.destroy(); listener.close() })
  return { messages, clients, server: listener, port: (listener.address() as AddressInfo).port, sockets }
}

function settings (t: Test, port: number) {
  const folder = t.testdir({ ca: ca.cert, cert: client.cert, key: client.key })
  return { host: '127.0.0.1', port, caFile: join(folder, 'ca'), certFile: join(folder, 'cert'), keyFile: join(folder, 'key') }
}

t.test('events go out as audit messages in syslog frames, over TLS with the certificate of the service', async t => {
  const { messages, clients, port } = await collector(t)
  const syslog = new AuditSyslog(settings(t, port), { host: 'pacs-host', processId: 42, onFailure: error => { t.fail(error.message) } })
  const kept: AuditEvent[] = []
  const trail = copied({ record: async event => { kept.push(event) } }, syslog)
  await trail.record(start)
  syslog.send({ code: 110113, action: 'refused', outcome: 4, source: '10.0.0.1', facts: { route: '/dicom-web/studies', status: 403 } }, new Date('2026-01-02T03:04:05.678Z'))
  await until(async () => messages.length === 2, 20, 'both messages')
  t.match(messages[0], /^<85>1 \d{4}-\d\d-\d\dT[\d:.]+Z pacs-host tuberlens 42 DICOM\+RFC3881 - \ufeff<\?xml version="1\.0" encoding="UTF-8"\?><AuditMessage>/)
  t.match(messages[1], '<84>1 2026-01-02T03:04:05.678Z pacs-host ')
  t.strictSame(clients, ['tuberlens'])
  t.strictSame(kept, [start])
  const only = { record: async () => undefined }
  t.equal(copied(only, undefined), only)
  await syslog.close()
})

t.test('while the collector is down messages wait, the oldest are lost, and nobody is held up', async t => {
  const first = await collector(t)
  const { port } = first
  first.server.close()
  const failures: string[] = []
  let lost = 0
  const syslog = new AuditSyslog(settings(t, port), { host: 'h', processId: 1, retryMs: 20, maxWaiting: 3, onFailure: (error, n) => { failures.push(error.code); lost += n } })
  for (let i = 0; i < 5; i++) syslog.send({ ...start, facts: { version: `v${i}` } })
  t.equal(syslog.pending, 3)
  await until(async () => failures.length >= 2, 20, 'two attempts')
  const second = await collector(t, port)
  await until(async () => second.messages.length === 3, 20, 'what waited')
  t.strictSame(second.messages.map(text => /version (v\d)/.exec(text)?.[1]), ['v2', 'v3', 'v4'])
  t.strictSame([...new Set(failures)], ['remote-unreachable'])
  t.equal(lost, 2)
  for (const socket of second.sockets) socket.destroy()
  await new Promise(resolve => setTimeout(resolve, 100))
  syslog.send({ ...start, facts: { version: 'v5' } })
  await until(async () => second.messages.some(text => text.includes('v5')), 20, 'a message over a new connection')
  await syslog.close()
  t.equal(syslog.pending, 0)
})

t.test('a stop waits a little for the collector, and no longer; a certificate that is gone is a failure like others', async t => {
  const gone = await collector(t)
  gone.server.close()
  const failures: string[] = []
  const syslog = new AuditSyslog({ ...settings(t, gone.port), caFile: join(t.testdirName, 'absent') }, { host: 'h', processId: 1, retryMs: 60_000, onFailure: error => { failures.push(error.code) } })
  syslog.send(start)
  t.strictSame(failures, ['remote-unreachable'])
  await syslog.close(50)
  t.equal(syslog.pending, 1)
})

t.test('an audit message is well-formed and has what PS3.15 A.5 asks for, without a patient', async t => {
  const at = new Date('2026-01-02T03:04:05Z')
  const source = { host: 'pacs-host', processId: 7 }
  const events: Record<string, AuditEvent> = {
    start,
    import: { code: 110104, action: 'import', outcome: 0, user: 'orthanc', source: '10.0.0.1', studies: ['1.2.3', '1.2.4'], facts: { stored: 2 } },
    export: { code: 110104, action: 'export', outcome: 8, studies: ['1.2.3'], facts: { destination: 'pacs & co', sent: 1 } },
    query: { code: 110112, action: 'query', outcome: 0, source: '::1', facts: { keys: 'PatientName limit', route: '/x', status: 200 } },
    purge: { code: 110105, action: 'delete', outcome: 0, facts: { instances: 4 } },
    login: { code: 110114, action: 'login', outcome: 4, user: 'a<"\'\u0001>', source: 'host', facts: {} },
    order: { code: 110109, action: 'change-workitem', outcome: 0, source: '10.0.0.1', facts: { status: 202 } },
    alert: { code: 110113, action: 'refused', outcome: 4, source: '10.0.0.1', facts: {} },
  }
  const text = Object.fromEntries(Object.entries(events).map(([name, event]) => [name, auditMessage(event, at, source)]))
  t.match(text['start'], '<EventIdentification EventActionCode="E" EventDateTime="2026-01-02T03:04:05.000Z" EventOutcomeIndicator="0"><EventID csd-code="110100" codeSystemName="DCM" originalText="Application Activity"/><EventTypeCode csd-code="110120"')
  t.match(text['import'], '<ActiveParticipant UserID="orthanc" UserIsRequestor="true" NetworkAccessPointID="10.0.0.1" NetworkAccessPointTypeCode="2"><RoleIDCode csd-code="110153"')
  t.match(text['import'], '<ParticipantObjectIdentification ParticipantObjectID="1.2.4" ParticipantObjectTypeCode="2" ParticipantObjectTypeCodeRole="3"><ParticipantObjectIDTypeCode csd-code="110180" codeSystemName="DCM" originalText="Study Instance UID"/>')
  t.match(text['export'], 'UserID="pacs &#38; co" UserIsRequestor="false"')
  t.match(text['query'], `<ParticipantObjectQuery>${Buffer.from('PatientName limit').toString('base64')}</ParticipantObjectQuery>`)
  t.match(text['order'], 'EventActionCode="U" EventDateTime="2026-01-02T03:04:05.000Z" EventOutcomeIndicator="0"><EventID csd-code="110109" codeSystemName="DCM" originalText="Order Record"/>')
  t.match(text['login'], 'UserID="a&#60;&#34;&#39;?&#62;"')
  // another reader than ours
  for (const [name, xml] of Object.entries(text)) {
    const file = join(t.testdir({}), 'message.xml')
    writeFileSync(file, xml)
    const root = execFileSync('/usr/bin/python3', ['-c', 'import sys, xml.etree.ElementTree as e; r = e.parse(sys.argv[1]).getroot(); print(r.tag, *[c.tag for c in r])', file], { encoding: 'utf8' }).trim()
    t.match(root, /^AuditMessage EventIdentification( ActiveParticipant){1,2} AuditSourceIdentification( ParticipantObjectIdentification)*$/, name)
  }
})

t.test('the collector is configured by host and port, its certificates by files', async t => {
  const folder = t.testdir({ ca: ca.cert, cert: client.cert, key: client.key, wrong: 'canary' })
  const at = (name: string) => join(folder, name)
  t.equal(loadConfig({}).auditSyslog, undefined)
  t.strictSame(loadConfig({ TUBERLENS_AUDIT_SYSLOG: '[::1]:6514', TUBERLENS_AUDIT_SYSLOG_CA_FILE: at('ca'), TUBERLENS_AUDIT_SYSLOG_CERT_FILE: at('cert'), TUBERLENS_AUDIT_SYSLOG_KEY_FILE: at('key') }).auditSyslog,
    { host: '::1', port: 6514, caFile: at('ca'), certFile: at('cert'), keyFile: at('key') })
  for (const [environment, message] of [
    [{ TUBERLENS_AUDIT_SYSLOG: 'collector' }, 'TUBERLENS_AUDIT_SYSLOG must be host:port'],
    [{ TUBERLENS_AUDIT_SYSLOG: 'collector:70000' }, 'TUBERLENS_AUDIT_SYSLOG must be host:port'],
    [{ TUBERLENS_AUDIT_SYSLOG_CA_FILE: at('ca') }, 'TUBERLENS_AUDIT_SYSLOG is missing'],
    [{ TUBERLENS_AUDIT_SYSLOG: 'c:1', TUBERLENS_AUDIT_SYSLOG_CERT_FILE: at('cert') }, 'go together'],
    [{ TUBERLENS_AUDIT_SYSLOG: 'c:1', TUBERLENS_AUDIT_SYSLOG_CA_FILE: at('wrong') }, 'has files that cannot be read'],
  ] as const) t.throws(() => loadConfig(environment), { code: 'config-invalid', message: new RegExp(message) })
})
