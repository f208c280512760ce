import { readFileSync } from 'node:fs'
import { type AppError, toAppError } from '../../errors.ts'
import { fileMark } from '../file-mark.ts'

/** Least time between two looks at a file, in ms. */
const pauseMs = 1000

/** What a file holds, read again when it changed. While it cannot be read or understood, what it held before stays. */
export class WatchedFile<T> {
  readonly #path: string
  readonly #parse: (text: string) => T
  readonly #onFailure: (error: AppError) => void
  readonly #now: () => number
  #mark: string
  #value: T
  #lookedAt: number

  /** @throws what `parse` throws; AppError `config-invalid` when the file cannot be read */
  constructor (
    path: string, parse: (text: string) => T, onFailure: (error: AppError) => void, now: () => number = () => performance.now(),
  ) {
    this.#path = path
    this.#parse = parse
    this.#onFailure = onFailure
    this.#now = now
    this.#lookedAt = now()
    try {
      this.#mark = fileMark(path)
      this.#value = parse(readFileSync(path, 'utf8'))
    } catch (thrown) { throw toAppError(thrown, 'config-invalid', 'a file that the configuration names cannot be read') }
  }

  /** By another object than before when the file changed. */
  get value (): T {
    if (this.#now() - this.#lookedAt < pauseMs) return this.#value
    this.#lookedAt = this.#now()
    try {
      const mark = fileMark(this.#path)
      if (mark !== this.#mark) {
        // once for each change, also of a file that is wrong
        this.#mark = mark
        this.#value = this.#parse(readFileSync(this.#path, 'utf8'))
      }
    } catch (thrown) { this.#onFailure(toAppError(thrown, 'config-invalid', 'a file that the configuration names cannot be read')) }
    return this.#value
  }
}
