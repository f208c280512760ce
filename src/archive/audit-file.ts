import { closeSync, fdatasync, fstatSync, ftruncateSync, openSync, statSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { flush } from './flush.ts'

const flushFile = promisify(fdatasync)

interface OpenFile { readonly path: string, readonly descriptor: number, readonly mark: string }

/**
 * The file that lines are added to. It stays open from line to line, and only the flush is left to another thread: to open it, and to
 * hear of a write from there, takes longer than to write a line.
 */
export class AuditFile {
  #open: OpenFile | undefined

  /** Adds to the end of the file, on the device when it resolves, or leaves it as it was. @throws Error of the system */
  async append (path: string, text: string): Promise<void> {
    const { descriptor } = this.#at(path)
    const { size } = fstatSync(descriptor)
    try {
      let left = Buffer.from(text)
      while (left.length > 0) left = left.subarray(writeSync(descriptor, left))
      await flushFile(descriptor)
      // the entry of a new file must reach the device, too
      if (size === 0) await flush(dirname(path))
    } catch (error) {
      cut(descriptor, size)
      throw error
    }
  }

  close (): void {
    if (this.#open !== undefined) closeSync(this.#open.descriptor)
    this.#open = undefined
  }

  /** A file that was taken away meanwhile, or put in another's place, is opened anew. */
  #at (path: string): OpenFile {
    const there = statSync(path, { throwIfNoEntry: false })
    if (this.#open?.path === path && there !== undefined && markOf(there) === this.#open.mark) return this.#open
    this.close()
    const descriptor = openSync(path, 'a', 0o600)
    this.#open = { path, descriptor, mark: markOf(fstatSync(descriptor)) }
    return this.#open
  }
}

function cut (descriptor: number, size: number): void {
  try { ftruncateSync(descriptor, size) } catch { /* the error that led here is thrown */ }
}

const markOf = ({ dev, ino }: { readonly dev: number, readonly ino: number }): string => `${dev} ${ino}`
