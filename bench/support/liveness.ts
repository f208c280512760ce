/** How long a server takes to say that it lives, asked all the time while it works. */
import { Agent, get } from 'node:http'

const pauseMs = 10

export interface Answer { readonly at: number, readonly ms: number }

/** Asks `/livez` on a connection of its own, one question after the other with a pause between, until it is stopped. */
export class LivenessProbe {
  readonly answers: Answer[] = []
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })
  readonly #asking: Promise<void>
  #stopped = false

  constructor (url: string) {
    this.#asking = this.#ask(`${url}/livez`)
  }

  async stop (): Promise<readonly Answer[]> {
    this.#stopped = true
    await this.#asking
    this.#agent.destroy()
    return this.answers
  }

  async #ask (url: string): Promise<void> {
    while (!this.#stopped) {
      const at = performance.now()
      await new Promise<void>((resolve, reject) => {
        get(url, { agent: this.#agent }, response => {
          response.resume().on('end', () => { resolve() }).on('error', reject)
        }).on('error', reject)
      })
      this.answers.push({ at, ms: performance.now() - at })
      await new Promise(resolve => setTimeout(resolve, pauseMs))
    }
  }
}

/** The value that the share of them does not pass. */
export function quantile (values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
  if (value === undefined) throw new RangeError('quantile of nothing')
  return value
}
