import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { Client } from '../../config/clients-file.ts'

/** The clients that a connection's certificate is of: by its SHA-256, or by its subject where a trusted issuer signed it. */
export function clientOfCertificate (socket: Socket, clients: readonly Client[]): Client | undefined {
  // not asked for, not sent, expired, or of another issuer
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return undefined
  const fingerprint = certificate.fingerprint256.replace(/:/g, '').toLowerCase()
  const subject = certificate.subject.split('\n').sort().join('\n')
  return clients.find(({ secret }) => secret.kind === 'certificate' && secret.sha256 === fingerprint) ??
    clients.find(({ secret }) => secret.kind === 'subject' && secret.parts.join('\n') === subject)
}

/** Whether a connection shows a certificate that this service trusts. */
export function showsCertificate (socket: Socket): boolean { return socket instanceof TLSSocket && socket.authorized }
