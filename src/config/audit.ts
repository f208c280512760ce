import { readFileSync } from 'node:fs'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import { z } from 'zod'
import { file } from './schemas.ts'
import type { Variable } from './schemas.ts'

const collector = z.string().refine(text => {
  const port = Number(/^(?:[\w.-]+|\[[0-9A-Fa-f:]+\]):(\d{1,5})$/.exec(text)?.[1])
  return port >= 1 && port <= 65_535
}, 'must be host:port')

/** Variables of the copy of the audit trail, in the order of the README's table. */
export const auditVariables = {
  AUDIT_SYSLOG: { schema: collector.optional(), meaning: 'Host and port (mostly 6514) of a collector that gets each audit event as a DICOM audit message by syslog over TLS: see [Audit trail](docs/administration.md#audit-trail)', shownDefault: 'not sent' },
  AUDIT_SYSLOG_CA_FILE: { schema: file.optional(), meaning: 'Certificates, in PEM form, that are trusted there', shownDefault: 'those of Node.js' },
  AUDIT_SYSLOG_CERT_FILE: { schema: file.optional(), meaning: 'Certificate that the service shows there, in PEM form' },
  AUDIT_SYSLOG_KEY_FILE: { schema: file.optional(), meaning: 'Its private key' },
} as const satisfies Record<string, Variable>

type Values = z.infer<z.ZodObject<{ [K in keyof typeof auditVariables]: typeof auditVariables[K]['schema'] }>>

/** Where audit messages go, over TLS; files are read at the start. */
export interface SyslogSettings {
  readonly host: string
  readonly port: number
  readonly caFile: string | undefined
  readonly certFile: string | undefined
  readonly keyFile: string | undefined
}

/** Adds to the problems, never a value. */
export function syslogOf (values: Values, problems: string[]): SyslogSettings | undefined {
  const { AUDIT_SYSLOG: address, AUDIT_SYSLOG_CA_FILE: caFile } = values
  const { AUDIT_SYSLOG_CERT_FILE: certFile, AUDIT_SYSLOG_KEY_FILE: keyFile } = values
  const say = (text: string): void => { problems.push(`TUBERLENS_AUDIT_SYSLOG${text}`) }
  if ((certFile === undefined) !== (keyFile === undefined)) say('_CERT_FILE and TUBERLENS_AUDIT_SYSLOG_KEY_FILE go together')
  if (address === undefined) {
    if (caFile !== undefined || certFile !== undefined) say(' is missing: its certificates are given without it')
    return undefined
  }
  const colon = address.lastIndexOf(':')
  const host = address.slice(0, colon).replace(/^\[|\]$/g, '')
  const settings = { host, port: Number(address.slice(colon + 1)), caFile, certFile, keyFile }
  try { createSecureContext(syslogTls(settings)) } catch { say(' has files that cannot be read, or are no certificates and their key in PEM form') }
  return settings
}

/** PEM texts for Node's TLS. @throws Error when a file cannot be read, or the first holds no certificate */
export function syslogTls ({ caFile, certFile, keyFile }: SyslogSettings): Pick<SecureContextOptions, 'ca' | 'cert' | 'key'> {
  const read = (path: string): string => readFileSync(path, 'utf8')
  const ca = caFile === undefined ? undefined : read(caFile)
  if (ca?.includes('-----BEGIN CERTIFICATE-----') === false) throw new Error('no certificate')
  return {
    ...(ca !== undefined && { ca }),
    ...(certFile !== undefined && { cert: read(certFile) }),
    ...(keyFile !== undefined && { key: read(keyFile) }),
  }
}
