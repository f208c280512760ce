/**
 * Work that goes on beside the caller's, such as writes while the next picture is drawn: never more than so much at a time, so that
 * what is done slowly does not pile up in memory.
 */
export class Background {
  readonly #most: number
  readonly #running = new Set<Promise<void>>()
  #failure: { readonly thrown: unknown } | undefined

  constructor (most: number) { this.#most = most }

  /** Starts it as soon as there is room. @throws what earlier work threw */
  async add (work: () => Promise<void>): Promise<void> {
    while (this.#running.size >= this.#most) await Promise.race(this.#running)
    this.#check()
    const running = work()
      .catch((thrown: unknown) => { this.#failure ??= { thrown } })
      .finally(() => { this.#running.delete(running) })
    this.#running.add(running)
  }

  /** Waits for all of it, whatever becomes of it. @throws the first that was thrown */
  async end (): Promise<void> {
    await Promise.all(this.#running)
    this.#check()
  }

  #check (): void { if (this.#failure !== undefined) throw this.#failure.thrown }
}
