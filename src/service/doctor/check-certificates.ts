import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Config } from '../../config.ts'
import { type Check, failure, ok, warning } from './check.ts'

/** Time enough for a new one to be asked for and issued. */
const soonDays = 30
const dayMs = 86_400_000

/** What the end of a certificate's validity means. */
export function checkValidity (area: string, name: string, certificate: Pick<X509Certificate, 'validFrom' | 'validTo'>, now: number): Check {
  const [from, to] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)]
  const day = (at: number): string => new Date(at).toISOString().slice(0, 10)
  if (to < now) return failure(area, `${name} expired on ${day(to)}`, 'have a new one issued')
  if (from > now) return failure(area, `${name} is not valid before ${day(from)}`, 'check the clock of this machine, or use a certificate that is valid')
  const days = Math.floor((to - now) / dayMs)
  const found = `${name} is valid until ${day(to)}`
  return days < soonDays ? warning(area, `${found}, ${days} days from now`, 'have a new one issued') : ok(area, found)
}

/** Every certificate that a file of the configuration holds: of the service, of issuers, and those shown to others. */
export function checkCertificates ({ access, auditSyslog, destinations }: Pick<Config, 'access' | 'auditSyslog' | 'destinations'>, now: number): Check[] {
  const files: readonly (readonly [string, string | undefined])[] = [
    ['TUBERLENS_TLS_CERT_FILE', access.tls?.certFile],
    ['TUBERLENS_TLS_CLIENT_CA_FILE', access.tls?.clientCaFile],
    ['TUBERLENS_AUDIT_SYSLOG_CA_FILE', auditSyslog?.caFile],
    ['TUBERLENS_AUDIT_SYSLOG_CERT_FILE', auditSyslog?.certFile],
    ...destinations.flatMap(({ id, tls }): [string, string | undefined][] => [
      [`tls.caFile of the destination ${id}`, tls.caFile],
      [`tls.certFile of the destination ${id}`, tls.certFile],
    ]),
  ]
  return files.flatMap(([name, path]) => {
    const found = path === undefined ? [] : certificatesOf(path)
    return found.map((one, i) => checkValidity('certificates', i === 0 ? name : `${name}, certificate ${i + 1},`, one, now))
  })
}

function certificatesOf (path: string): X509Certificate[] {
  return (readFileSync(path, 'utf8').match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map(pem => new X509Certificate(pem))
}
