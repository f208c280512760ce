import type { CliIo } from './io.ts'

const width = 30

/** A progress bar on a terminal, one line per stage elsewhere (a log file wants no carriage returns). */
export class Progress {
  readonly #io: CliIo
  #label = ''
  #open = false

  constructor (io: CliIo) {
    this.#io = io
  }

  /** @param done 0..total */
  update (label: string, done: number, total: number): void {
    if (this.#io.stderr.isTTY === true) {
      const filled = total === 0 ? width : Math.round(width * done / total)
      this.#io.stderr.write(`\r\u001b[K${label} ${'█'.repeat(filled)}${'░'.repeat(width - filled)} ${done}/${total}`)
      this.#open = true
    } else if (label !== this.#label) {
      this.#io.stderr.write(`${label} (${total})\n`)
    }
    this.#label = label
  }

  /** Clears the bar, so that what is printed next starts on a clean line. */
  end (): void {
    if (this.#open) this.#io.stderr.write('\r\u001b[K')
    this.#open = false
    this.#label = ''
  }
}
