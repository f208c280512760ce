/** What the routes need to know of the configuration. */
export interface ServiceSettings {
  /** Origin and path before `/dicom-web` in the URLs that are given out; `undefined`: as the client addressed us. */
  readonly publicBaseUrl: string | undefined
  /** Bytes of one store request. */
  readonly maxRequestBytes: number
  /** Bytes of one instance. */
  readonly maxInstanceBytes: number
  /** Parts of one store request. */
  readonly maxParts: number
  /** Store requests at the same time. */
  readonly maxConcurrentStores: number
  /** Switches the leniencies of service.md §2 off. */
  readonly strict: boolean
  /** Whether objects that are not for us are accepted and dropped, or refused with reason 0122. */
  readonly ineligible: 'ignore' | 'reject'
  /** Addresses whose Forwarded headers are believed. */
  readonly trustProxy: readonly string[]
}

export const defaultSettings: ServiceSettings = {
  publicBaseUrl: undefined,
  maxRequestBytes: 4 * 2 ** 30,
  maxInstanceBytes: 512 * 2 ** 20,
  maxParts: 10_000,
  maxConcurrentStores: 8,
  strict: false,
  ineligible: 'ignore',
  trustProxy: [],
}
