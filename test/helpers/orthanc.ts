import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A port that was free a moment ago. */
export async function freePort (): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

const plugins = '/usr/share/orthanc/plugins'
/** Where Debian puts Orthanc's Python plugin. */
export const pythonPlugin = `${plugins}/libOrthancPython.so`

/** A script that Orthanc runs when something changes; series are then stable after one second. */
export type Script = { readonly lua: string } | { readonly python: string }

/** Debian's Orthanc with its DICOMweb plugin on loopback, its storage kept between `stop` and `start`. */
export class Orthanc {
  readonly port: number
  readonly #folder: string
  #process: ChildProcess | undefined

  /**
   * @param tuberlens DICOMweb root that Orthanc knows as the server `tuberlens`
   */
  constructor (port: number, tuberlens: string, script?: Script) {
    this.port = port
    this.#folder = mkdtempSync(join(tmpdir(), 'orthanc-'))
    const python = script !== undefined && 'python' in script
    const path = join(this.#folder, python ? 'route.py' : 'route.lua')
    if (script !== undefined) writeFileSync(path, python ? script.python : script.lua)
    writeFileSync(join(this.#folder, 'orthanc.json'), JSON.stringify({
      Name: 'test',
      StorageDirectory: join(this.#folder, 'db'),
      IndexDirectory: join(this.#folder, 'db'),
      HttpPort: port,
      DicomServerEnabled: false,
      RemoteAccessAllowed: false,
      AuthenticationEnabled: false,
      DefaultEncoding: 'Utf8',
      ConcurrentJobs: 4,
      ...(script !== undefined && { StableAge: 1, ...(python ? { PythonScript: path } : { LuaScripts: [path] }) }),
      Plugins: [`${plugins}/libOrthancDicomWeb.so`, ...(python ? [pythonPlugin] : [])],
      DicomWeb: { Enable: true, Root: '/dicom-web/', Servers: { tuberlens: { Url: tuberlens } } },
    }))
  }

  get dicomWeb (): string { return `http://127.0.0.1:${this.port}/dicom-web` }

  async start (): Promise<void> {
    this.#process = spawn('Orthanc', [join(this.#folder, 'orthanc.json')], { stdio: 'ignore' })
    for (let i = 0; i < 200; i++) {
      try {
        if ((await fetch(`http://127.0.0.1:${this.port}/system`)).ok) return
      } catch { /* not up yet */ }
      await new Promise(resolve => setTimeout(resolve, 50))
    }
    throw new Error('Orthanc did not start within 10 s')
  }

  async stop (): Promise<void> {
    const running = this.#process
    this.#process = undefined
    if (running?.exitCode === null) {
      running.kill('SIGTERM')
      await once(running, 'exit')
    }
  }

  async remove (): Promise<void> {
    await this.stop()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async get<T> (path: string): Promise<T> {
    const response = await fetch(`http://127.0.0.1:${this.port}${path}`)
    if (!response.ok) throw new Error(`Orthanc answered ${response.status} to GET ${path}`)
    return await response.json() as T
  }

  async post<T> (path: string, body: Uint8Array | object): Promise<T> {
    const binary = body instanceof Uint8Array
    const response = await fetch(`http://127.0.0.1:${this.port}${path}`, {
      method: 'POST', body: binary ? Buffer.from(body) : JSON.stringify(body), ...(!binary && { headers: { 'content-type': 'application/json' } }),
    })
    if (!response.ok) throw new Error(`Orthanc answered ${response.status} to POST ${path}`)
    return await response.json() as T
  }

  /** Runs Orthanc's own STOW-RS job to tuberlens and waits for its end. @returns the job's final state */
  async stow (resources: readonly string[]): Promise<string> {
    return await this.#job('/dicom-web/servers/tuberlens/stow', resources)
  }

  /** Runs Orthanc's own WADO-RS job from tuberlens and waits for its end. @returns the job's final state */
  async retrieve (resources: readonly { readonly Study: string, readonly Series?: string, readonly Instance?: string }[]): Promise<string> {
    return await this.#job('/dicom-web/servers/tuberlens/retrieve', resources)
  }

  async #job (path: string, resources: readonly unknown[]): Promise<string> {
    const { ID } = await this.post<{ ID: string }>(path, { Resources: resources, Synchronous: false })
    for (;;) {
      const { State } = await this.get<{ State: string }>(`/jobs/${ID}`)
      if (State === 'Success' || State === 'Failure') return State
      await new Promise(resolve => setTimeout(resolve, 100))
    }
  }

  /** The file of an instance as Orthanc keeps it. @throws Error when it has none */
  async file (sopInstanceUid: string): Promise<Buffer> {
    const [id] = await this.post<string[]>('/tools/find', { Level: 'Instance', Query: { SOPInstanceUID: sopInstanceUid } })
    if (id === undefined) throw new Error('Orthanc has no such instance')
    return Buffer.from(await (await fetch(`http://127.0.0.1:${this.port}/instances/${id}/file`)).arrayBuffer())
  }

  /** Lets Orthanc pass a GET on to tuberlens. @returns what it passes back */
  async passOn (uri: string, options: { readonly Arguments?: Readonly<Record<string, string>>, readonly HttpHeaders?: Readonly<Record<string, string>> } = {}): Promise<Response> {
    return await fetch(`http://127.0.0.1:${this.port}/dicom-web/servers/tuberlens/get`, { method: 'POST', body: JSON.stringify({ Uri: uri, ...options }) })
  }
}
