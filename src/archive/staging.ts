import { close, fsync, open, writev } from 'node:fs'
import { rm } from 'node:fs/promises'
import { Writable } from 'node:stream'
import { promisify } from 'node:util'
import { AppError } from '../errors.ts'
import type { StagedFile, StagingFile, StagingOptions } from './archive.ts'
import { diskError } from './spool.ts'

// by descriptor: FileHandle costs several times as much, and every slice of a series comes this way
const openFile = promisify(open)
const closeFile = promisify(close)
const flushFile = promisify(fsync)
const writeChunks = promisify(writev)

/** PS3.10 7.1: 128 bytes of preamble, then `DICM`. */
const preambleLength = 128
const headLength = preambleLength + 4
/** Written at a time: a slice goes to the disk in one piece. */
const gatheredBytes = 2 ** 20

/** Opens a new file for one part. @throws AppError `out-of-resources` */
export async function openStaging (path: string, { asIs = false }: StagingOptions = {}): Promise<StagingFile> {
  const descriptor = await openFile(path, 'wx', 0o600).catch((error: unknown) => { throw diskError(error) })
  const writer = new StagingWriter(descriptor, !asIs)
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
        await flushFile(descriptor)
      } catch (error) { throw diskError(error) }
      await writer.release()
      return { path, bytes: writer.bytes, discard }
    },
    discard,
  }
}

/** Writes in order and counts; the preamble is zeroed, because it may hold a program for another reader (CVE-2019-11687). */
class StagingWriter extends Writable {
  bytes = 0
  readonly #descriptor: number
  #gathered: Buffer[] = []
  #gatheredBytes = 0
  #zeroesPreamble: boolean
  #released = false

  constructor (descriptor: number, zeroesPreamble: boolean) {
    super({ highWaterMark: 256 * 1024, decodeStrings: true })
    this.#descriptor = descriptor
    this.#zeroesPreamble = zeroesPreamble
  }

  async release (): Promise<void> {
    if (this.#released) return
    this.#released = true
    await closeFile(this.#descriptor)
  }

  override _write (chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    this.#gathered.push(chunk)
    this.#gatheredBytes += chunk.length
    if (this.#gatheredBytes < gatheredBytes) done()
    else this.#append().then(() => done(), done)
  }

  override _final (done: (error?: Error) => void): void {
    this.#append().then(() => done(), done)
  }

  /** Writes what was gathered. */
  async #append (): Promise<void> {
    let left = this.#zeroesPreamble ? withoutPreamble(this.#gathered) : this.#gathered
    this.#zeroesPreamble = false
    this.#gathered = []
    this.#gatheredBytes = 0
    try {
      while (left.length > 0) {
        const { bytesWritten } = await writeChunks(this.#descriptor, left)
        this.bytes += bytesWritten
        left = after(left, bytesWritten)
      }
    } catch (error) { throw diskError(error) }
  }
}

/** The beginning of a file, its preamble zeros. */
function withoutPreamble (chunks: readonly Buffer[]): readonly Buffer[] {
  const [first = Buffer.alloc(0)] = chunks
  const [head, rest] = first.length >= headLength ? [first, chunks.slice(1)] : [Buffer.concat(chunks), []]
  if (head.toString('latin1', preambleLength, headLength) !== 'DICM') return chunks
  // the sender's bytes are not ours to change
  return [Buffer.alloc(preambleLength), head.subarray(preambleLength), ...rest]
}

/** What is left of the chunks after so many bytes. */
function after (chunks: readonly Buffer[], bytes: number): readonly Buffer[] {
  let skip = bytes
  return chunks.flatMap(chunk => {
    const skipped = Math.min(skip, chunk.length)
    skip -= skipped
    return skipped === chunk.length ? [] : [chunk.subarray(skipped)]
  })
}
