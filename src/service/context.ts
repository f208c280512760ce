import type { Archive, IgnoreReason } from '../archive/archive.ts'
import type { Job, JobState } from '../archive/job-table.ts'
import type { Instance } from '../dicom/instance.ts'
import type { Decoder, JpegEncoder } from '../imaging/decoder-pool.ts'
import type { ServiceSettings } from './settings.ts'
import type { BodyPace } from './slow-body-watchdog.ts'

/** One check of /readyz. */
export interface ReadinessCheck {
  readonly name: string
  /** @throws AppError when the service cannot do its work */
  readonly check: () => Promise<void>
}

/** What the routes work with; everything that lasts longer than a request. */
export interface ServiceContext {
  readonly archive: Archive
  readonly settings: ServiceSettings
  /** How slowly a body may come; `defaultBodyPace` when absent. */
  readonly bodyPace?: BodyPace
  /** Why a received instance is accepted and not kept; `undefined` when it is for us. */
  readonly ignoreReason: (instance: Instance) => IgnoreReason | undefined
  /** Decodes frames for clients that ask for them uncompressed, and writes pictures. */
  readonly decoder: Decoder & JpegEncoder
  readonly readiness: readonly ReadinessCheck[]
  /** Set while the service stops: nothing new is accepted. */
  readonly draining: { value: boolean }
  /** Called after a store request kept something, so that the workflow looks at once. */
  readonly onStored: () => void
  /** Jobs, newest first. */
  readonly jobs: (filter: { readonly state?: JobState | undefined, readonly limit: number }) => Job[]
}
