import type { Archive, IgnoreReason } from '../archive/archive.ts'
import type { AuditLog } from '../archive/audit-log.ts'
import type { ServerTlsFiles } from '../config/server-tls.ts'
import type { Instance } from '../dicom/instance.ts'
import type { Decoder, JpegEncoder } from '../imaging/decoder-pool.ts'
import type { Authenticator } from './access/authenticator.ts'
import type { InstanceReader } from './instance-reader.ts'
import type { Metrics } from './metrics.ts'
import type { Operations } from './operations.ts'
import type { Workitems } from '../workflow/workitems.ts'
import type { ServiceSettings } from './settings.ts'
import type { BodyPace } from './slow-body-watchdog.ts'

/** One check of /readyz. */
export interface ReadinessCheck {
  readonly name: string
  /** @throws AppError when the service cannot do its work */
  readonly check: () => Promise<void>
}

/** The engine and the model, as /readyz names them. */
export interface AnalysisIdentity {
  /** `onnxruntime 1.30.0` or the like */
  readonly engine: string
  readonly model: string
  readonly version: string
  /** hex, of the manifest */
  readonly sha256: string
}

/** What the routes work with; everything that lasts longer than a request. */
export interface ServiceContext {
  readonly archive: Archive
  readonly settings: ServiceSettings
  /** How slowly a body may come; `defaultBodyPace` when absent. */
  readonly bodyPace?: BodyPace
  /** Reads received files beside the event loop. */
  readonly reader: Pick<InstanceReader, 'read' | 'alone'>
  /** Why a received instance is accepted and not kept; `undefined` when it is for us. */
  readonly ignoreReason: (instance: Instance) => IgnoreReason | undefined
  /** Decodes frames for clients that ask for them uncompressed, and writes pictures. */
  readonly decoder: Decoder & JpegEncoder
  readonly readiness: readonly ReadinessCheck[]
  /** Set while the service stops: nothing new is accepted. */
  readonly draining: { value: boolean }
  /** Called after a store request kept something, so that the workflow looks at once. */
  readonly onStored: () => void
  /** UPS-RS. */
  readonly workitems: Workitems
  /** What an administrator sees and does. */
  readonly operations: Operations
  /** Counts what clients send. */
  readonly metrics?: Metrics | undefined
  /** Finds out who a request comes from; without it, whoever reaches the service may do everything. */
  readonly access?: Authenticator | undefined
  /** With it the service speaks HTTPS alone. */
  readonly tls?: ServerTlsFiles | undefined
  /** Who may read /metrics here; see `metricsRoutes`. */
  readonly metricsToken?: (() => Promise<string>) | undefined
  /** Records what clients do. */
  readonly audit?: Pick<AuditLog, 'record'> | undefined
  /** What computes the probabilities; absent where nothing does. */
  readonly analysis?: AnalysisIdentity | undefined
}
