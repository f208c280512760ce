import type { Dispatcher } from 'undici'

/** A DICOMweb origin server that tuberlens talks to as a client. */
export interface Destination {
  /** The DICOMweb root, with or without a closing slash, for example `https://pacs.example/dicom-web`. */
  readonly url: string
  /** Request headers such as Authorization; asked anew for each request. */
  readonly headers?: (() => Promise<Readonly<Record<string, string>>>) | Readonly<Record<string, string>>
  /** Called once after a 401 or 403; the request is then sent again with what `headers` gives. */
  readonly refresh?: () => Promise<void>
  /** TLS and connection settings; the default of undici otherwise. */
  readonly dispatcher?: Dispatcher
  /** Sends without Content-Length. Off by default: some proxies lose chunked bodies and still answer 200. */
  readonly chunked?: boolean
  /** How long to wait for the answer, in ms. Default 120,000. */
  readonly answerTimeoutMs?: number
}

/** `<root>/<path>`: path segments are joined as they are; UIDs need no escaping. */
export function destinationUrl (destination: Pick<Destination, 'url'>, path: string): string {
  return `${destination.url.replace(/\/+$/, '')}/${path}`
}

/** The headers of a destination, whichever way they are given. */
export async function destinationHeaders (destination: Destination): Promise<Record<string, string>> {
  const { headers } = destination
  return { ...(typeof headers === 'function' ? await headers() : headers) }
}
