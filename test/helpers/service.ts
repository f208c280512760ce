import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const main = resolve(import.meta.dirname, '../../src/cli/main.ts')

/** `tuberlens serve` as a process of its own, its data folder kept between `kill` and `start`. */
export class Service {
  readonly port: number
  readonly folder: string
  /** All that it printed, stdout and stderr. */
  log = ''
  readonly #env: Readonly<Record<string, string>>
  #process: ChildProcess | undefined

  constructor (port: number, env: Readonly<Record<string, string>> = {}) {
    this.port = port
    this.folder = mkdtempSync(join(tmpdir(), 'tuberlens-'))
    this.#env = env
  }

  get url (): string { return `http://127.0.0.1:${this.port}` }
  get dicomWeb (): string { return `${this.url}/dicom-web` }

  async start (): Promise<void> {
    const child = spawn(process.execPath, [...process.execArgv, main, 'serve'], {
      env: {
        ...process.env,
        TUBERLENS_PORT: String(this.port),
        TUBERLENS_DATA_DIR: this.folder,
        TUBERLENS_SERIES_QUIET_S: '1',
        TUBERLENS_STUDY_QUIET_S: '1',
        ...this.#env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#process = child
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => { this.log += text })
    await until(async () => {
      if (child.exitCode !== null) throw new Error(`the service ended with ${child.exitCode}: ${this.log}`)
      return await fetch(`${this.url}/readyz`).then(r => r.ok, () => false)
    }, 60)
  }

  /** Ends it with a signal and waits; the exit code, or null after SIGKILL. */
  async end (signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#process
    this.#process = undefined
    if (child === undefined) return null
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal)
      await once(child, 'exit')
    }
    return child.exitCode
  }

  async remove (): Promise<void> {
    await this.end('SIGKILL')
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  }
}

/** Asks every 100 ms until the answer is yes. @throws Error after `seconds` */
export async function until (condition: () => Promise<boolean>, seconds: number, what = 'a condition'): Promise<void> {
  for (let i = 0; i < seconds * 10; i++) {
    if (await condition()) return
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  throw new Error(`${what} did not hold within ${seconds} s`)
}
