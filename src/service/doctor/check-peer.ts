import { type ConnectionFailure, failureTexts } from '../../dicomweb/connection-failure.ts'
import { type Check, failure } from './check.ts'
import { checkValidity } from './check-certificates.ts'
import type { Peer, PeerCertificate } from './look-at-peer.ts'

/**
 * What to say of the certificate that a server showed.
 * @param trusted where its issuer is to be named: `tls.caFile`
 */
export function checkPeerCertificate (
  area: string, { host }: Peer, found: PeerCertificate, trusted: string, now: number,
): Check[] {
  const validity = checkValidity(area, 'its certificate', found, now)
  if (found.distrust === undefined || (found.distrust === 'CERT_HAS_EXPIRED' && validity.state === 'failure')) return [validity]
  const wrongHost = found.distrust === 'ERR_TLS_CERT_ALTNAME_INVALID'
  return [failure(area, wrongHost ? `its certificate is not for ${host}` : `its certificate is not trusted (${found.distrust})`,
    wrongHost ? 'use the name that the certificate is for' : `name its issuer in ${trusted}`), validity]
}

/** What to do about a server that cannot be talked to, by the variable that names it. */
export function unreached (area: string, { host, port }: Peer, why: ConnectionFailure, variable: string): Check {
  const todo = why === 'unknown-host'
    ? `check the name in ${variable}, and the name server of this machine`
    : why === 'tls'
      ? 'see which certificates and versions of TLS it wants'
      : why === 'certificate' ? 'have its certificate mended, or name its issuer in NODE_EXTRA_CA_CERTS' : `check ${variable}, the firewall, and that it runs`
  return failure(area, `${host}:${port}: ${failureTexts[why]}`, todo)
}
