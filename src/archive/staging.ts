import { closeSync, fsync, open, writev } from 'node:fs'
import { rm } from 'node:fs/promises'
import { Writable } from 'node:stream'
import { promisify } from 'node:util'
import { AppError } from '../errors.ts'
import type { StagedFile, StagingFile, StagingOptions } from './archive.ts'
import { diskError } from './spool.ts'

// by descriptor: FileHandle costs several times as much, and every slice of a series comes this way
const openFile = promisify(open)
const flushFile = promisify(fsync)
const writeChunks = promisify(writev)

/** PS3.10 7.1: 128 bytes of preamble, then `DICM`. */
const preambleLength = 128
const headLength = preambleLength + 4
/** Written at a time: a slice goes to the disk in one piece. */
const gatheredBytes = 2 ** 20

/** A new file for one part. It is opened while the first bytes come; a file that cannot be made is an error of `writable`. */
export function openStaging (path: string, { asIs = false }: StagingOptions = {}): StagingFile {
  const writer = new StagingWriter(path, !asIs)
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
        await flushFile(await writer.opened)
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
  /** The descriptor. */
  readonly opened: Promise<number>
  #gathered: Buffer[] = []
  #gatheredBytes = 0
  #zeroesPreamble: boolean
  #released = false
  /** Never rejects. */
  #writing: Promise<unknown> = Promise.resolve()

  constructor (path: string, zeroesPreamble: boolean) {
    super({ highWaterMark: 256 * 1024, decodeStrings: true })
    this.opened = openFile(path, 'wx', 0o600)
    this.opened.catch(() => undefined) // told to who writes
    this.#zeroesPreamble = zeroesPreamble
  }

  /** Closes the file, once: after a write that is under way, which would else go into whatever is opened next. */
  async release (): Promise<void> {
    await this.#writing
    if (this.#released) return
    this.#released = true
    // closing takes microseconds, to hear of it from another thread many times that
    await this.opened.then(closeSync, () => undefined)
  }

  override _write (chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    this.#gathered.push(chunk)
    this.#gatheredBytes += chunk.length
    if (this.#gatheredBytes < gatheredBytes) done()
    else this.#appendThen(done)
  }

  override _final (done: (error?: Error) => void): void { this.#appendThen(done) }

  #appendThen (done: (error?: Error) => void): void {
    this.#writing = this.#append().then(() => done(), done)
  }

  /** Writes what was gathered. */
  async #append (): Promise<void> {
    let left = this.#zeroesPreamble ? withoutPreamble(this.#gathered) : this.#gathered
    this.#zeroesPreamble = false
    this.#gathered = []
    this.#gatheredBytes = 0
    try {
      const descriptor = await this.opened
      while (left.length > 0) {
        const { bytesWritten } = await writeChunks(descriptor, left)
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
