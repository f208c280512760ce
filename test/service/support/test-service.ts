import { mkdtempSync, readdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify'
import type { AuditLog } from '../../../src/archive/audit-log.ts'
import type { IgnoreReason } from '../../../src/archive/archive.ts'
import { type ArchiveOptions, SqliteArchive } from '../../../src/archive/sqlite-archive.ts'
import type { Instance } from '../../../src/dicom/instance.ts'
import { createDecoder } from '../../../src/imaging/decoder-pool.ts'
import type { ServerTlsFiles } from '../../../src/config/server-tls.ts'
import type { Authenticator } from '../../../src/service/access/authenticator.ts'
import { buildApp } from '../../../src/service/app.ts'
import type { AnalysisIdentity, ReadinessCheck } from '../../../src/service/context.ts'
import type { InstanceReader } from '../../../src/service/instance-reader.ts'
import { readReceived } from '../../../src/service/instance-reading.ts'
import type { Metrics } from '../../../src/service/metrics.ts'
import { Operations, type WorkflowControl } from '../../../src/service/operations.ts'
import { createLogger } from '../../../src/service/logging.ts'
import { loadConfig } from '../../../src/config.ts'
import type { ServiceSettings } from '../../../src/service/settings.ts'
import type { BodyPace } from '../../../src/service/slow-body-watchdog.ts'
import { Workitems } from '../../../src/workflow/workitems.ts'
import { noteAnswer, noteAnswersOf } from './answer-log.ts'
import { multipartType } from './dicom-file.ts'
import { disagreement } from './openapi.ts'

interface Teardown { teardown: (action: () => Promise<void>) => unknown }

export interface TestService {
  readonly app: FastifyInstance
  readonly archive: SqliteArchive
  readonly folder: string
  readonly draining: { value: boolean }
  /** Lines of the log at level trace. */
  readonly log: () => string
  /** How often something new was kept. */
  readonly stored: () => number
  /** Files under tmp/ */
  readonly temporaryFiles: () => string[]
  /** Files under spool/, relative */
  readonly spoolFiles: () => string[]
  /** A request; an answer that openapi.yaml does not allow is an error. */
  readonly inject: (options: InjectOptions & { readonly url: string }) => Promise<LightMyRequestResponse>
  /** POST /dicom-web/studies of a body. */
  readonly store: (body: Buffer, options?: { readonly url?: string, readonly headers?: Readonly<Record<string, string>> }) =>
  Promise<LightMyRequestResponse>
}

/** What a workflow does when it is told to, without one that runs. */
function idleWorkflow ({ jobs, deliveries, series }: SqliteArchive): WorkflowControl {
  const now = () => Date.now()
  return {
    retry: job => deliveries.revive(job, now()) > 0 || jobs.retry(job, now()),
    cancel: job => jobs.cancel(job, now()),
    process: uid => {
      const row = series.get(uid)
      return row !== undefined && series.close(row, { state: 'COMPLETE', why: 'on demand', now: now() })
    },
    destinations: () => [],
    testDestination: async () => undefined,
  }
}

/** The service over a real archive in a folder of its own, without a workflow. MR is for us, the rest is ignored. */
export async function testService (
  t: Teardown,
  options: {
    readonly settings?: Partial<ServiceSettings>
    readonly readiness?: readonly ReadinessCheck[]
    /** Replaces what a workflow would do; there is none here. */
    readonly workflow?: Partial<WorkflowControl>
    readonly analysis?: AnalysisIdentity
    /** Nobody is asked who they are by default. */
    readonly access?: Authenticator
    readonly tls?: ServerTlsFiles
    readonly metrics?: Metrics
    readonly metricsToken?: () => Promise<string>
    readonly audit?: Pick<AuditLog, 'record'>
    readonly bodyPace?: BodyPace
    /** Files are read in this thread unless told otherwise: starting one for each of so many services would take long. */
    readonly reader?: Pick<InstanceReader, 'read' | 'alone'>
    readonly archive?: Omit<ArchiveOptions, 'dataDir'>
  } = {},
): Promise<TestService> {
  const folder = mkdtempSync(join(tmpdir(), 'tuberlens-service-'))
  const archive = await SqliteArchive.open({ reserveBytes: 1, ...options.archive, dataDir: folder })
  const { reception, web, publicBaseUrl } = loadConfig({})
  const lines: string[] = []
  const destination = new Writable({ write (chunk: Buffer, _encoding, done) { lines.push(chunk.toString()); done() } })
  const draining = { value: false }
  const decoder = createDecoder({ workers: 1 })
  let stored = 0
  const app = await buildApp({
    archive,
    reader: options.reader ?? { read: readReceived, alone: async body => await body() },
    settings: { ...reception, ...web, publicBaseUrl, ...options.settings },
    ...(options.bodyPace === undefined ? {} : { bodyPace: options.bodyPace }),
    ignoreReason: (instance: Instance): IgnoreReason | undefined => instance.attributes.string('Modality') === 'MR' ? undefined : 'not-mr',
    readiness: options.readiness ?? [{ name: 'storage', check: () => archive.checkWritable() }],
    decoder,
    draining,
    onStored: () => { stored++ },
    workitems: new Workitems({ archive, cancelJob: id => archive.jobs.cancel(id, Date.now()), now: () => Date.now() }),
    operations: new Operations({ archive, workflow: { ...idleWorkflow(archive), ...options.workflow } }),
    analysis: options.analysis,
    access: options.access,
    tls: options.tls,
    metrics: options.metrics,
    metricsToken: options.metricsToken,
    audit: options.audit,
  }, createLogger({ level: 'trace', destination }))
  t.teardown(async () => {
    await app.close()
    await decoder.close()
    await archive.close()
    await rm(folder, { recursive: true, force: true })
  })
  noteAnswersOf(app)
  const inject: TestService['inject'] = async options => {
    const response = await app.inject(options)
    noteAnswer(options.method ?? 'GET', options.url, response.statusCode)
    const wrong = disagreement(options.method ?? 'GET', options.url, response)
    if (wrong !== undefined) throw new Error(wrong)
    return response
  }
  return {
    app,
    inject,
    archive,
    folder,
    draining,
    log: () => lines.join(''),
    stored: () => stored,
    temporaryFiles: () => readdirSync(join(folder, 'tmp')),
    spoolFiles: () => readdirSync(join(folder, 'spool'), { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.dcm')),
    store: (body, { url = '/dicom-web/studies', headers = {} } = {}) => inject({
      method: 'POST', url, headers: { 'content-type': multipartType, accept: 'application/dicom+json', ...headers }, payload: body,
    }),
  }
}
