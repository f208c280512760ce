import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import { extname, join, normalize, resolve, sep } from 'node:path'
import { pipeline } from 'node:stream'

interface Skippable { skip: (name: string, test: () => undefined) => unknown, fail: (message: string) => unknown }

/** The release whose internals `ohif-in-page.js` knows. */
export const ohifVersion = '3.13.2'
const folder = resolve(import.meta.dirname, `../../.cache/ohif-${ohifVersion}`)
const settings = resolve(import.meta.dirname, 'ohif-settings.js')

/**
 * The built viewer, 50 MB, fetched once into `.cache`; where the registry is out of reach the test skips with a word, or
 * fails with TUBERLENS_REQUIRE_TOOLS=1.
 */
export function ohifFiles (t: Skippable): string | undefined {
  const dist = join(folder, 'package/dist')
  const page = join(dist, 'index.html')
  if (!existsSync(page)) {
    mkdirSync(folder, { recursive: true })
    const archive = `ohif-app-${ohifVersion}.tgz`
    // the first page is unpacked last: a fetch that was cut off begins anew
    spawnSync('sh', ['-ec', `npm pack --silent @ohif/app@${ohifVersion}
      tar xzf ${archive} --exclude='*.map' --exclude=index.html
      tar xzf ${archive} package/dist/index.html
      rm ${archive}`], { cwd: folder, timeout: 180_000 })
  }
  if (existsSync(page)) return dist
  const message = `OHIF ${ohifVersion} (@ohif/app) cannot be had from the npm registry`
  if (process.env['TUBERLENS_REQUIRE_TOOLS'] === '1') t.fail(message)
  else t.skip(message, () => undefined)
  return undefined
}

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.mjs': 'text/javascript',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
}

/** OHIF's files on loopback, and under the same origin, as its settings want it, the DICOMweb root of a PACS. */
export class OhifServer {
  readonly #server: Server
  readonly #dist: string
  readonly #pacs: URL

  private constructor (dist: string, pacs: string) {
    this.#dist = dist
    this.#pacs = new URL(pacs)
    this.#server = createServer((request, response) => {
      const path = normalize(decodeURIComponent(new URL(request.url ?? '/', 'http://viewer').pathname))
      if (path.startsWith('/dicom-web/')) this.#passOn(request, response)
      else this.#answer(path, response)
    })
  }

  /** @param pacs origin of a server whose DICOMweb root is /dicom-web/ */
  static async open (t: { teardown: (body: () => void) => unknown }, dist: string, pacs: string): Promise<OhifServer> {
    const server = new OhifServer(dist, pacs)
    server.#server.listen(0, '127.0.0.1')
    await once(server.#server, 'listening')
    t.teardown(() => {
      server.#server.close()
      server.#server.closeAllConnections()
    })
    return server
  }

  get url (): string {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('the server has no port')
    return `http://127.0.0.1:${address.port}`
  }

  /** Host is kept: the PACS makes its BulkDataURIs from it. */
  #passOn (message: IncomingMessage, response: ServerResponse): void {
    const { method, url, headers } = message
    const { hostname, port } = this.#pacs
    const onward = request({ hostname, port, method, path: url, headers }, answer => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      pipeline(answer, response, () => undefined)
    })
    onward.on('error', () => {
      if (!response.headersSent) response.writeHead(502)
      response.end()
    })
    pipeline(message, onward, () => undefined)
  }

  #answer (path: string, response: ServerResponse): void {
    if (path === '/app-config.js') {
      response.writeHead(200, { 'content-type': 'text/javascript' }).end(readFileSync(settings))
      return
    }
    const file = join(this.#dist, path)
    const found = file.startsWith(this.#dist + sep) && existsSync(file) && statSync(file).isFile()
    // a path of the viewer's own is its first page, but a file that lacks must not look like one
    if (!found && extname(path) !== '') {
      response.writeHead(404).end()
      return
    }
    const name = found ? file : join(this.#dist, 'index.html')
    response.writeHead(200, {
      'content-type': types[extname(name)] ?? 'application/octet-stream',
      'cache-control': found ? 'max-age=3600' : 'no-store',
    })
    pipeline(createReadStream(name), response, () => undefined)
  }
}
