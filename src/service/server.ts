import { EventEmitter, once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import closeWithGrace from 'close-with-grace'
import { extraKinds, type ExtraKind } from '../analysis/deliverable.ts'
import { shippedModelDir, softwareIdentity } from '../analysis/software.ts'
import { AuditLog } from '../archive/audit-log.ts'
import { SqliteArchive } from '../archive/sqlite-archive.ts'
import { type Config, describeConfig } from '../config.ts'
import type { Uid } from '../dicom/uid.ts'
import { AppError, toAppError } from '../errors.ts'
import { createDecoder } from '../imaging/decoder-pool.ts'
import { manifestSchema } from '../model/manifest.ts'
import { AnalysisProcess } from '../workflow/analysis-process.ts'
import { connectDestination } from '../workflow/connect-destination.ts'
import { dicomWebDestination, dicomWebSource } from '../workflow/destination.ts'
import { receiveRule } from '../workflow/loop-guard.ts'
import type { Intake } from '../workflow/missing-instances.ts'
import { Workflow } from '../workflow/workflow.ts'
import type { WorkflowEvent } from '../workflow/events.ts'
import { Authenticator } from './access/authenticator.ts'
import { buildApp } from './app.ts'
import { AuditSyslog, copied } from './audit-syslog.ts'
import { countingDecoder } from './counting-decoder.ts'
import { watchFailedSlices } from './failed-slices.ts'
import { createInstanceReader } from './instance-reader.ts'
import type { AnalysisIdentity } from './context.ts'
import { Metrics } from './metrics.ts'
import { serveMetrics } from './metrics-server.ts'
import { growHeapFreely } from './heap-growth.ts'
import { Operations } from './operations.ts'
import { listen } from './listen.ts'
import { createLogger, type Logger } from './logging.ts'
import { Reception } from './reception.ts'
import { openSecrets } from './secret-files.ts'
import { soon } from './soon.ts'
import { CertificateReload } from './tls-server.ts'
import { recordedIntake } from './transfer-events.ts'
import { auditWorkflow } from './workflow-audit.ts'
import { logEvents } from './workflow-log.ts'

export interface RunningService {
  /** Where it listens, without a path. */
  readonly url: string
  /** Resolves when the service has stopped, for whatever reason. */
  readonly stopped: Promise<void>
  /** Takes nothing new, finishes what is under way within 25 s, and closes. May be called again. */
  close (): Promise<void>
}

export interface ServeOptions {
  /**
   * Whether signals and unexpected errors of the process are the service's: they stop it gracefully and end the process.
   * Default true; false for a service inside another program.
   */
  readonly ownsProcess?: boolean
  /** The analysis process, where it began before this module was loaded; the service closes it. */
  readonly analysis?: AnalysisProcess
}

/** Requests in flight may end within this time; the workflow gets the same. */
const graceMs = 25_000
/** The model's first loading, on a slow machine. */
const warmUpMs = 120_000

/**
 * Starts the service: data folder, model, workflow, HTTP. It accepts requests when this resolves.
 * @throws AppError `out-of-resources`, `conflict` when another process has the data folder, `model-not-found`,
 *   `model-invalid`, `engine-unavailable`, `config-invalid` when the address cannot be listened on or the GPU not be used, `conflict` when its port is taken
 */
export async function serve (config: Config, options: ServeOptions = {}): Promise<RunningService> {
  const logger = createLogger({ level: config.logLevel })
  const closers: (() => Promise<void>)[] = []
  const closeAll = async (): Promise<void> => {
    for (let close = closers.pop(); close !== undefined; close = closers.pop()) {
      await close().catch((thrown: unknown) => { logger.error({ err: toAppError(thrown) }, 'closing failed') })
    }
  }
  try {
    return await start(config, options, logger, closers, closeAll)
  } catch (thrown) {
    await closeAll()
    throw toAppError(thrown)
  }
}

async function start (
  config: Config, options: ServeOptions, logger: Logger, closers: (() => Promise<void>)[], closeAll: () => Promise<void>,
): Promise<RunningService> {
  logger.info({ config: describeConfig(config) }, 'starting')
  if (options.ownsProcess ?? true) growHeapFreely()
  const archive = await SqliteArchive.open({
    dataDir: config.dataDir, reserveBytes: config.reserveBytes, quotaBytes: config.quotaBytes, duplicates: config.duplicates,
  })
  closers.push(async () => await archive.close())

  // before whatever counts in it while the service starts; it is asked only when the service listens
  const metrics = new Metrics(async () => ({
    openSeries: archive.series.open(),
    jobs: archive.jobs.counts(),
    destinations: workflow.destinations(),
    spoolBytes: archive.spoolBytes(),
    freeBytes: (await archive.space()).freeBytes,
  }))
  const audit = await AuditLog.open({
    folder: join(config.dataDir, 'audit'),
    onFailure: error => { metrics.auditFailed(); logger.error({ err: error }, 'audit log not written') },
  })
  const onSyslogFailure = (error: AppError, lost: number): void => { logger.warn({ err: error, lost }, 'audit messages wait') }
  const sender = { host: hostname(), processId: process.pid, onFailure: onSyslogFailure }
  const syslog = config.auditSyslog && new AuditSyslog(config.auditSyslog, sender)
  const trail = copied(audit, syslog)
  closers.push(async () => {
    await trail.record({ code: 110100, action: 'stop', outcome: 0 })
    await Promise.all([audit.close(), syslog?.close()])
    logger.info({ lastHash: audit.lastHash }, 'audit log closed')
  })

  const { modelDir = shippedModelDir(), engine, device, threads, methods } = config.analysis
  const analysis = options.analysis ?? new AnalysisProcess({ jobs: { modelDir, engine, device, threads, methods } })
  analysis.onRestart = () => { metrics.workerRestarted(); logger.warn('analysis process restarted') }
  closers.push(async () => await analysis.close())
  const identity = await identityOf(modelDir, await analysis.warm(warmUpMs).catch(asConfigError))
  logger.info(identity, 'model loaded')

  const software = softwareIdentity(config.report.stationName)
  const { srSopClass, scModality, keyObjects, pdf, objects } = config.report
  const wanted: Readonly<Record<ExtraKind, boolean>> = { 'key-objects': keyObjects, pdf }
  const destinations = config.destinations.map(destination => {
    const connection = connectDestination(destination)
    closers.push(async () => await connection.close())
    return { settings: destination, connection }
  })
  const asked = destinations.find(({ settings }) => settings.source)?.connection
  const { worklist } = config
  const work = destinations.find(({ settings }) => settings.id === worklist?.destination)
  const ignoreReason = receiveRule(software)
  const reader = createInstanceReader()
  closers.push(async () => await reader.close())
  // what is fetched from the PACS comes in as if it had been sent
  const { maxInstanceBytes, issuerOfPatientId } = config.reception
  const intake = (study: Uid): Intake => recordedIntake(new Reception({
    archive, reader, ignoreReason, ineligible: 'ignore', maxInstanceBytes, issuerOfPatientId, study, baseUrl: config.publicBaseUrl ?? '',
  }), trail, asked === undefined ? '' : new URL(asked.url).hostname)
  const onDecodeFailure = (transferSyntaxUid: string, code: string): void => { metrics.decodeFailed(transferSyntaxUid, code) }
  const count = (event: WorkflowEvent): void => { metrics.event(event) }
  const listeners = [logEvents(logger), count, auditWorkflow(archive, trail), watchFailedSlices(archive, onDecodeFailure)]
  const workflow = new Workflow({
    archive,
    analysis,
    destinations: destinations.map(({ settings, connection }) => dicomWebDestination(settings, connection)),
    source: asked && dicomWebSource(asked, { archive, intake }),
    webhook: config.webhook,
    worklist: worklist && work && { ...worklist, worklist: { destination: work.connection, requester: worklist.requester } },
    report: { context: { software, srSopClass, scModality, objects }, methods, extras: extraKinds.filter(kind => wanted[kind]) },
    settings: config.workflow,
    onEvent: event => { for (const listener of listeners) listener(event) },
  })
  const decoder = countingDecoder(createDecoder({ workers: 1 }), onDecodeFailure)
  closers.push(async () => await decoder.close())

  const { access: accessConfig } = config
  const onClientsFailure = (error: AppError): void => { logger.error({ err: error }, 'the file of clients cannot be used: what it held before counts') }
  const access = accessConfig.methods.length === 0 ? undefined : new Authenticator(accessConfig, { onFailure: onClientsFailure })
  for (const name of openSecrets(config)) logger.warn({ name }, 'the file of a secret can be read by others, or changed by its group')
  const { host: metricsHost, port: metricsPort, tokenFile } = config.metrics
  const metricsToken = tokenFile === undefined ? undefined : async (): Promise<string> => (await readFile(tokenFile, 'utf8')).trim()
  const draining = { value: false }
  const app = await buildApp({
    archive,
    reader,
    settings: { ...config.reception, ...config.web, publicBaseUrl: config.publicBaseUrl },
    ignoreReason,
    readiness: [
      { name: 'storage', check: async () => await archive.checkWritable() },
      { name: 'workflow', check: async () => { await Promise.resolve(workflow.status()); analysis.checkStart() } },
    ],
    decoder,
    draining,
    onStored: soon(() => { void workflow.tick() }),
    workitems: workflow.workitems,
    operations: new Operations({ archive, workflow }),
    analysis: identity,
    access,
    tls: accessConfig.tls,
    metrics,
    metricsToken,
    audit: trail,
  }, logger)
  closers.push(async () => {
    const force = setTimeout(() => { app.server.closeAllConnections() }, graceMs)
    await Promise.all([app.close(), workflow.stop(graceMs - 5000)])
    clearTimeout(force)
  })
  await trail.record({ code: 110100, action: 'start', outcome: 0, facts: { version: software.version } })
  await workflow.start()
  if (metricsPort !== undefined) {
    const server = await serveMetrics(metrics, { host: metricsHost, port: metricsPort }, metricsToken)
    closers.push(async () => { server.closeAllConnections(); server.close(); await Promise.resolve() })
  }
  const { address, family, port } = await listen(app, config)
  const url = `${accessConfig.tls === undefined ? 'http' : 'https'}://${family === 'IPv6' ? `[${address}]` : address}:${port}`
  logger.info({ port }, 'listening')
  const certificate = accessConfig.tls && new CertificateReload(app.server, accessConfig.tls, logger)
  const renew = (): void => { certificate?.reload() }

  let closing: Promise<void> | undefined
  const done = new EventEmitter()
  const stopped = once(done, 'stopped').then(() => undefined)
  const close = async (): Promise<void> => {
    closing ??= (async () => {
      draining.value = true
      grace?.uninstall()
      process.off('SIGHUP', renew)
      certificate?.stop()
      await closeAll()
      logger.info('stopped')
      done.emit('stopped')
    })()
    await closing
  }
  const ownsProcess = options.ownsProcess ?? true
  // with certificates to renew, a hang-up is to do so, as of other servers; else it ends the process like the others
  if (ownsProcess && certificate !== undefined) process.on('SIGHUP', renew)
  const grace = ownsProcess ? closeOnSignal(close, logger, certificate === undefined ? [] : ['SIGHUP']) : undefined
  return { url, stopped, close }
}

/** A GPU that cannot be used is an error of the configuration, which asks for it. */
function asConfigError (thrown: unknown): never {
  const error = toAppError(thrown)
  const { code, message, facts } = error
  if (code !== 'engine-unavailable' || facts['device'] === undefined) throw error
  throw new AppError('config-invalid', `TUBERLENS_DEVICE: ${message}`, facts, { cause: error })
}

/** The engine that runs, and the model's name. */
async function identityOf (
  modelDir: string, warm: { readonly engine: string, readonly modelSha256: string },
): Promise<AnalysisIdentity> {
  const { name, version } = manifestSchema.parse(JSON.parse(await readFile(join(modelDir, 'manifest.json'), 'utf8')))
  return { engine: warm.engine, model: name, version, sha256: warm.modelSha256 }
}

/** Signals and unexpected errors of the process stop the service; the second one ends the process at once. */
function closeOnSignal (close: () => Promise<void>, logger: Logger, skip: 'SIGHUP'[]): { uninstall: () => void } {
  const late = { error: () => { logger.error('stopping took too long') } }
  return closeWithGrace({ delay: graceMs + 4000, logger: late, skip }, async ({ err, signal }) => {
    if (err !== undefined) logger.fatal({ err }, 'unexpected error')
    else logger.info({ signal }, 'stopping')
    await close()
  })
}
