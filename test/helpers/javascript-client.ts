import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'

interface Skippable { skip: (name: string, test: () => undefined) => unknown, fail: (message: string) => unknown }

const version = '0.11.3'
const folder = resolve(import.meta.dirname, `../../.cache/dicomweb-client-${version}`)

type Call = (options: object) => Promise<unknown>

/** The methods of the JavaScript dicomweb-client that the tests call. */
export type JavascriptClient = Record<
  'storeInstances' | 'searchForStudies' | 'searchForSeries' | 'searchForInstances' | 'retrieveStudyMetadata' | 'retrieveSeriesMetadata' | 'retrieveInstanceMetadata' |
  'retrieveInstance' | 'retrieveSeries' | 'retrieveStudy' | 'retrieveInstanceFrames' | 'retrieveBulkData' | 'retrieveInstanceRendered' | 'retrieveInstanceFramesRendered' |
  'retrieveInstanceThumbnail', Call>

type Constructor = new (options: { readonly url: string, readonly verbose?: boolean, readonly singlepart?: string }) => JavascriptClient

/** As much of XMLHttpRequest (a browser's) as the client uses, made of fetch. */
class HttpRequest {
  responseType = ''
  readyState = 0
  status = 0
  response: unknown = null
  onreadystatechange: () => void = () => undefined
  readonly #headers: Record<string, string> = {}
  #answered = new Headers()
  #method = 'get'
  #url = ''

  open (method: string, url: string): void {
    this.#method = method
    this.#url = url
  }

  setRequestHeader (name: string, value: string): void { this.#headers[name] = value }
  getResponseHeader (name: string): string | null { return this.#answered.get(name) }
  getAllResponseHeaders (): string { return [...this.#answered].map(([name, value]) => `${name}: ${value}\r\n`).join('') }

  send (body?: ArrayBuffer): void { void this.#exchange(body) }

  async #exchange (body: ArrayBuffer | undefined): Promise<void> {
    const answer = await fetch(this.#url, { method: this.#method, headers: this.#headers, ...(body !== undefined && { body }) })
    this.#answered = answer.headers
    this.status = answer.status
    const bytes = await answer.arrayBuffer()
    const text = (): string => new TextDecoder().decode(bytes)
    this.response = this.responseType === 'arraybuffer' ? bytes : this.responseType === 'json' ? JSON.parse(text() || 'null') : text()
    this.readyState = 4
    this.onreadystatechange()
  }
}

/**
 * The JavaScript dicomweb-client, fetched once into `.cache`; where the registry is out of reach the test skips with a
 * word, or fails with TUBERLENS_REQUIRE_TOOLS=1.
 */
export function javascriptClient (t: Skippable): Constructor | undefined {
  const bundle = resolve(folder, 'package/build/dicomweb-client.js')
  if (!existsSync(bundle)) {
    mkdirSync(folder, { recursive: true })
    spawnSync('sh', ['-c', `npm pack --silent dicomweb-client@${version} && tar xzf dicomweb-client-${version}.tgz`], { cwd: folder })
  }
  if (!existsSync(bundle)) {
    const message = `dicomweb-client ${version} cannot be had from the npm registry`
    if (process.env['TUBERLENS_REQUIRE_TOOLS'] === '1') t.fail(message)
    else t.skip(message, () => undefined)
    return undefined
  }
  Object.assign(globalThis, { XMLHttpRequest: HttpRequest })
  const { api } = createRequire(import.meta.url)(bundle) as { api: { DICOMwebClient: Constructor } }
  return api.DICOMwebClient
}
