import type { SyslogSettings } from '../../config/audit.ts'
import { type Check, ok } from './check.ts'
import { checkPeerCertificate, unreached } from './check-peer.ts'
import { lookAtPeer } from './look-at-peer.ts'

/** Whether the collector of audit messages takes a connection with the certificates that are configured. No message is sent. */
export async function checkCollector (settings: SyslogSettings | undefined, now: number): Promise<Check[]> {
  if (settings === undefined) return []
  const area = 'audit collector'
  const { host, port, ...tls } = settings
  const peer = { host, port, secure: true, tls }
  const { failure, certificate } = await lookAtPeer(peer)
  const shown = certificate === undefined ? [] : checkPeerCertificate(area, peer, certificate, 'TUBERLENS_AUDIT_SYSLOG_CA_FILE, or in NODE_EXTRA_CA_CERTS', now)
  if (failure === undefined) return [...shown.some(({ state }) => state === 'failure') ? [] : [ok(area, 'it takes a connection; no message was sent')], ...shown]
  const check = unreached(area, peer, failure, 'TUBERLENS_AUDIT_SYSLOG')
  const todo = 'give the certificate that it asks for, by TUBERLENS_AUDIT_SYSLOG_CERT_FILE and _KEY_FILE; it must speak TLS 1.2 or newer'
  return [failure === 'tls' ? { ...check, todo } : check, ...shown]
}
