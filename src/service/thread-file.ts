import { createHash } from 'node:crypto'
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import type { ByteRange } from '../dicom/element.ts'
import type { OpenFile } from '../dicom/part10-file.ts'
import { AppError } from '../errors.ts'

/** Memory to be used for one file after the other: fresh memory for each costs more than reading it. */
export function fileRoom (): Buffer { return Buffer.allocUnsafeSlow(2 ** 20) }

/**
 * A file for a thread that has nothing else to do meanwhile: it reads by itself and leaves the few threads that the process has for
 * files to those who write and flush. The caller closes it.
 * @param room where a small file lies once it was read whole, until the room is used for the next one
 * @throws Error of the system
 */
export class ThreadFile implements OpenFile {
  readonly size: number
  readonly #descriptor: number
  readonly #room: Buffer

  constructor (path: string, room = fileRoom()) {
    this.#room = room
    this.#descriptor = openSync(path, 'r')
    this.size = fstatSync(this.#descriptor).size
  }

  async read ({ offset, length }: ByteRange): Promise<Uint8Array> {
    const fits = offset === 0 && length === this.size && length <= this.#room.length
    const buffer = fits ? this.#room.subarray(0, length) : Buffer.allocUnsafeSlow(length)
    this.#fill(buffer, offset)
    return await Promise.resolve(buffer)
  }

  async digestFrom (offset: number): Promise<string> {
    const hash = createHash('sha256')
    for (let at = offset; at < this.size; at += this.#room.length) {
      const piece = this.#room.subarray(0, this.size - at)
      this.#fill(piece, at)
      hash.update(piece)
    }
    return await Promise.resolve(hash.digest('hex'))
  }

  close (): void { closeSync(this.#descriptor) }

  #fill (buffer: Buffer, offset: number): void {
    for (let filled = 0; filled < buffer.length;) {
      const read = readSync(this.#descriptor, buffer, filled, buffer.length - filled, offset + filled)
      if (read === 0) throw new AppError('internal', 'A received file has become shorter')
      filled += read
    }
  }
}
