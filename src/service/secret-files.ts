import { statSync } from 'node:fs'
import type { Config } from '../config.ts'

/** Group writes, others read or write. */
const tooOpen = 0o026

/**
 * Variables of secrets whose file others than its owner and their group may read, or others than its owner may change.
 * What cannot be looked at is told elsewhere.
 */
export function openSecrets ({ access, auditSyslog, metrics, webhook, destinations }: Pick<Config, 'access' | 'auditSyslog' | 'metrics' | 'webhook' | 'destinations'>): string[] {
  if (process.platform === 'win32') return []
  const named: readonly (readonly [string, string | undefined])[] = [
    ['TUBERLENS_CLIENTS_FILE', access.clientsFile],
    ['TUBERLENS_TLS_KEY_FILE', access.tls?.keyFile],
    ['TUBERLENS_AUDIT_SYSLOG_KEY_FILE', auditSyslog?.keyFile],
    ['TUBERLENS_METRICS_TOKEN_FILE', metrics.tokenFile],
    ['TUBERLENS_WEBHOOK_SECRET_FILE', webhook?.secretFile],
    ...destinations.flatMap(({ id, auth, tls }): [string, string | undefined][] => [
      [`the secret of the destination ${id}`, auth.kind === 'basic' ? auth.passwordFile : auth.kind === 'bearer' ? auth.tokenFile : auth.kind === 'oauth2' ? auth.clientSecretFile : undefined],
      [`the key of the destination ${id}`, tls.keyFile],
    ]),
  ]
  return named.flatMap(([name, path]) => {
    const found = path === undefined ? undefined : statSync(path, { throwIfNoEntry: false })
    return found !== undefined && (found.mode & tooOpen) !== 0 ? [name] : []
  })
}
