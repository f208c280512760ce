import { createHash } from 'node:crypto'
import { open, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { Writable } from 'node:stream'
import { AppError } from '../errors.ts'
import type { StagedFile, StagingFile, StagingOptions } from './archive.ts'
import { diskError } from './spool.ts'

/** PS3.10 7.1: 128 bytes of preamble, then `DICM`. */
const preambleLength = 128
const headLength = preambleLength + 4

/** Opens a new file for one part. @throws AppError `out-of-resources` */
export async function openStaging (path: string, { asIs = false }: StagingOptions = {}): Promise<StagingFile> {
  const handle = await open(path, 'wx', 0o600).catch((error: unknown) => { throw diskError(error) })
  const writer = new StagingWriter(handle, !asIs)
  const discard = async () => {
    writer.destroy()
    await writer.release()
    await rm(path, { force: true }).catch(() => undefined)
  }
  return {
    path,
    writable: writer,
    seal: async (): Promise<StagedFile> => {
      if (!writer.writableFinished) throw new AppError('internal', 'a part was sealed before its last byte')
      try {
        await handle.sync()
      } catch (error) { throw diskError(error) }
      await writer.release()
      return { path, bytes: writer.bytes, sha256: writer.sha256(), discard }
    },
    discard,
  }
}

/** Writes in order, counts and hashes; the preamble is zeroed, because it may hold a program for another reader (CVE-2019-11687). */
class StagingWriter extends Writable {
  bytes = 0
  readonly #handle: FileHandle
  readonly #hash = createHash('sha256')
  #digest: string | undefined
  #head: Buffer[] | undefined
  #headBytes = 0
  #released = false

  constructor (handle: FileHandle, zeroesPreamble: boolean) {
    // several parts of one request share the memory: small buffers
    super({ highWaterMark: 256 * 1024, decodeStrings: true })
    this.#handle = handle
    this.#head = zeroesPreamble ? [] : undefined
  }

  sha256 (): string {
    this.#digest ??= this.#hash.digest('hex')
    return this.#digest
  }

  async release (): Promise<void> {
    if (this.#released) return
    this.#released = true
    await this.#handle.close()
  }

  override _write (chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    if (this.#head === undefined) { this.#append(chunk).then(() => done(), done); return }
    this.#head.push(chunk)
    this.#headBytes += chunk.length
    if (this.#headBytes < headLength) { done(); return }
    this.#flushHead().then(() => done(), done)
  }

  override _final (done: (error?: Error) => void): void {
    this.#flushHead().then(() => done(), done)
  }

  async #flushHead (): Promise<void> {
    if (this.#head === undefined) return
    const head = Buffer.concat(this.#head)
    this.#head = undefined
    if (head.subarray(preambleLength, headLength).toString('latin1') === 'DICM') head.fill(0, 0, preambleLength)
    await this.#append(head)
  }

  async #append (chunk: Buffer): Promise<void> {
    this.#hash.update(chunk)
    let offset = 0
    try {
      while (offset < chunk.length) {
        const { bytesWritten } = await this.#handle.write(chunk, offset)
        offset += bytesWritten
      }
    } catch (error) { throw diskError(error) }
    this.bytes += chunk.length
  }
}
