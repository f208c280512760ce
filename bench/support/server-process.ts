/** A server that a benchmark starts, measures from outside and stops. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'

/** Linux counts CPU time of processes in hundredths of a second (`getconf CLK_TCK`). */
const ticksPerSecond = 100

export interface Command {
  readonly program: string
  readonly parameters: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Answered with success once the server can work. */
  readonly readyUrl: string
}

export class ServerProcess {
  readonly #child: ChildProcess
  #log = ''

  private constructor (child: ChildProcess) {
    this.#child = child
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text: string) => { this.#log = (this.#log + text).slice(-4000) })
  }

  /** @throws Error when it ends, or is not ready within a minute */
  static async start ({ program, parameters, env = {}, readyUrl }: Command): Promise<ServerProcess> {
    const child = spawn(program, parameters, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    await once(child, 'spawn')
    // what ends the benchmark ends its servers
    process.once('exit', () => { child.kill('SIGKILL') })
    const server = new ServerProcess(child)
    for (let i = 0; i < 1200; i++) {
      if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}: ${server.#log}`)
      if (await fetch(readyUrl).then(response => response.ok, () => false)) return server
      await new Promise(resolve => setTimeout(resolve, 50))
    }
    await server.stop()
    throw new Error(`${program} was not ready within a minute: ${server.#log}`)
  }

  async stop (): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    const kill = setTimeout(() => { this.#child.kill('SIGKILL') }, 40_000)
    await ended
    clearTimeout(kill)
  }

  /** Seconds of CPU time, user and system, of all its threads; `undefined` where the system does not tell. */
  async cpuSeconds (): Promise<number | undefined> {
    const stat = await readFile(`/proc/${this.#child.pid ?? 0}/stat`, 'utf8').catch(() => undefined)
    // the name of the program, which may hold blanks, is in parentheses; utime and stime are fields 14 and 15 (proc(5))
    const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields && (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
  }

  /** The most memory that it has had, MB; `undefined` where the system does not tell. */
  async peakMegabytes (): Promise<number | undefined> {
    const status = await readFile(`/proc/${this.#child.pid ?? 0}/status`, 'utf8').catch(() => '')
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024 / 1e6
  }
}
