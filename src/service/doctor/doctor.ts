import type { Config } from '../../config.ts'
import { isLoopback } from '../../config/access.ts'
import { openSecrets } from '../secret-files.ts'
import { type Check, ok, warning } from './check.ts'
import { checkCertificates } from './check-certificates.ts'
import { checkCollector } from './check-collector.ts'
import { checkDataFolder } from './check-data-folder.ts'
import { checkDestination } from './check-destination.ts'
import { checkModel } from './check-model.ts'
import { checkTokenIssuer } from './check-token-issuer.ts'
import { checkWebhook } from './check-webhook.ts'
import { checkWorklist } from './check-worklist.ts'

export type { Check } from './check.ts'

export interface DoctorOptions {
  readonly signal: AbortSignal
  /** ms since 1970; the system's clock by default */
  readonly now?: () => number
}

/**
 * Looks at all that a start and the work after it need, one after another, and changes nothing; the service may run meanwhile.
 * @throws the signal's reason when aborted
 */
export async function * examine (config: Config, { signal, now = Date.now }: DoctorOptions): AsyncGenerator<Check> {
  yield * checkAccess(config)
  yield * await checkDataFolder(config)
  signal.throwIfAborted()
  yield * await checkModel(config.analysis)
  for (const destination of config.destinations) yield * await checkDestination(destination, { now, signal })
  if (config.destinations.length === 0) yield ok('destinations', 'there is none: results stay here, to be fetched by WADO-RS')
  yield * await checkWorklist(config, signal)
  yield * await checkTokenIssuer(config.access.oidc, { now, signal })
  yield * await checkWebhook(config.webhook, now())
  yield * await checkCollector(config.auditSyslog, now())
  yield * checkCertificates(config, now())
  yield * checkSecrets(config)
}

function checkAccess ({ access, host, metrics }: Config): Check[] {
  return [checkClients({ access, host }), ...checkMetrics(metrics)]
}

function checkMetrics ({ host, port, tokenFile }: Config['metrics']): Check[] {
  if (port === undefined || tokenFile !== undefined || isLoopback(host)) return []
  return [warning('access', 'whoever reaches the port of the metrics may read them', 'set TUBERLENS_METRICS_TOKEN_FILE, or let only Prometheus reach it')]
}

function checkClients ({ access, host }: Pick<Config, 'access' | 'host'>): Check {
  const area = 'access'
  if (access.methods.length > 0) return ok(area, `clients show who they are: ${access.methods.join(', ')}${access.tls === undefined ? '; over HTTP' : '; over TLS'}`)
  return isLoopback(host)
    ? ok(area, 'this machine alone reaches the service')
    : warning(area, 'whoever reaches the service may do everything', 'set TUBERLENS_AUTH, or see to it that a proxy authenticates')
}

function checkSecrets (config: Config): Check[] {
  const open = openSecrets(config)
  if (open.length === 0) return [ok('secrets', 'no file of a secret is open to others')]
  return open.map(name => warning('secrets', `the file of ${name} can be read by others, or changed by its group`, 'chmod 600, and let it belong to the user of the service'))
}
