import type { Destination } from '../dicomweb/destination.ts'
import { listByMetadata } from '../dicomweb/metadata-client.ts'
import { countInstances, listInstances, listSeries } from '../dicomweb/qido-client.ts'
import type { StoreOutcome } from '../dicomweb/store-outcome.ts'
import { storeInstances } from '../dicomweb/stow-client.ts'
import type { RequestLimits, StoreFile } from '../dicomweb/stow-client.ts'
import type { DestinationSettings } from './destination-settings.ts'
import { testDestination } from './destination-test.ts'
import type { DestinationTest } from './destination-test.ts'
import { Refusals, retrieveMissing } from './missing-instances.ts'
import type { MissingOptions } from './missing-instances.ts'
import type { Wishes } from './routing.ts'
import type { SeriesSource } from './series-lifecycle.ts'

/** Where results go, as the delivery needs it. */
export interface ResultDestination extends Wishes {
  readonly id: string
  /** DICOMweb root; holds no secret. */
  readonly url?: string
  /** Most instances and bytes of one request. */
  readonly limits?: RequestLimits
  /** Whether it is asked that it has what was sent. */
  readonly verify: boolean
  /** One outcome per file, in order; throws only when aborted. */
  store (files: readonly StoreFile[], signal: AbortSignal): Promise<readonly StoreOutcome[]>
  /** SOP Instance UIDs that it holds of a series. @throws AppError `remote-unreachable`, `remote-refused` */
  held (study: string, series: string, signal: AbortSignal): Promise<ReadonlySet<string>>
  /** Asks it what it can do. @throws the signal's reason when aborted */
  test?(signal: AbortSignal): Promise<DestinationTest>
}

/** A DICOMweb server as destination: STOW-RS in, QIDO-RS or WADO-RS to look. */
export function dicomWebDestination (settings: DestinationSettings, destination: Destination): ResultDestination {
  const { id, filter, objects, verify, maxInstancesPerRequest: instances, maxBytesPerRequest: bytes } = settings
  const limits = { instances, bytes }
  const list = verify === 'wado' ? listByMetadata : listInstances
  return {
    id,
    url: destination.url,
    filter,
    objects,
    verify: verify !== 'none',
    limits,
    store: async (files, signal) => await storeInstances(destination, files, { signal, limits }),
    held: async (study, series, signal) => new Set(await list(destination, study, series, { signal })),
    test: async signal => await testDestination(destination, { signal }),
  }
}

/** The server that is asked for counts, and for what is missing here. */
export function dicomWebSource (destination: Destination, options: MissingOptions): SeriesSource {
  const asked = { ...destination, answerTimeoutMs: 10_000 }
  const remembering = { ...options, refused: new Refusals() }
  return {
    count: async (study, series, signal) => await countInstances(asked, study, series, { signal }),
    retrieveMissing: async (study, series, signal) => await retrieveMissing(destination, study, series, remembering, signal),
    series: async (study, signal) => await listSeries(asked, study, { signal }),
  }
}
