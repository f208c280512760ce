import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { Dicer } from '@fastify/busboy'
import { AppError } from '../errors.ts'

/** One body part. The next part arrives only after `body` was read to its end or the loop went on. */
export interface Part {
  /** 0-based position among all parts */
  readonly index: number
  /** Header names in lower case; the first of a repeated header, outer blanks removed. */
  readonly headers: ReadonlyMap<string, string>
  /**
   * The content. @throws AppError `request-malformed` with the fact `unterminated` when the message ends without a
   * delimiter after this part, `payload-too-large`, `interrupted` when the sender went away
   */
  readonly body: AsyncIterable<Uint8Array>
}

export interface MultipartLimits {
  /** Bytes of the whole message. */
  readonly requestBytes: number
  readonly parts: number
  /** Bytes of the header block of one part. */
  readonly headerBytes: number
  /** Header fields of one part. */
  readonly headerPairs: number
}

export const defaultMultipartLimits: MultipartLimits = {
  requestBytes: 4 * 2 ** 30,
  parts: 10_000,
  headerBytes: 16_384,
  headerPairs: 32,
}

/** RFC 2046 5.1.1. */
const longestBoundary = 70
/** Orthanc's DICOMweb plugin 1.7 sends 73 characters, two UUIDs. */
const longestTolerated = 256

/**
 * RFC 2046 5.1.1: 1 to 70 characters of bchars, no blank at the end; up to 256 unless `strict`.
 * @throws AppError `request-malformed`
 */
export function checkBoundary (boundary: string | undefined, strict = false): string {
  if (boundary === undefined || boundary === '') throw new AppError('request-malformed', 'The multipart Content-Type has no boundary')
  const longest = strict ? longestBoundary : longestTolerated
  if (boundary.length > longest || !/^[\w'()+,\-./:=? ]*[\w'()+,\-./:=?]$/.test(boundary)) {
    throw new AppError('request-malformed', 'The boundary of the multipart Content-Type breaks RFC 2046', { length: boundary.length })
  }
  return boundary
}

/**
 * Reads a multipart/related message (RFC 2387) part by part with back-pressure: what the consumer does not read is not
 * taken from the source. Preamble, epilogue and line breaks before the first delimiter are accepted. The source is
 * never destroyed here, so that an answer can still be sent.
 * @throws AppError `payload-too-large` (fact `limit`), `interrupted`
 */
export async function * readParts (
  source: Readable, boundary: string, limits: MultipartLimits = defaultMultipartLimits,
): AsyncGenerator<Part, void> {
  const reader = new PartReader(boundary, limits)
  void reader.pump(source)
  try {
    for (let stream = await reader.next(); stream !== undefined; stream = await reader.next()) {
      yield stream.part
      if (!stream.body.readableEnded && !stream.body.destroyed) {
        stream.body.resume()
        // an error of a part that nobody reads comes again from next(), or is the missing delimiter
        await once(stream.body, 'end').catch(() => undefined)
      }
    }
  } finally {
    reader.stop()
  }
}

interface OpenPart { readonly part: Part, readonly body: Readable }

/** Holds the state between the events of Dicer and the loop of the consumer. */
class PartReader {
  readonly #limits: MultipartLimits
  readonly #dicer: Dicer
  readonly #queue: OpenPart[] = []
  readonly #unread = new Set<Readable>()
  readonly #cut = new WeakSet<Readable>()
  readonly #stopped = new AbortController()
  #wake: () => void = () => undefined
  #failure: AppError | undefined
  #ended = false
  #parts = 0
  /** A part was opened and its header block is not complete. */
  #inHeader = false
  #headerBytes = 0

  constructor (boundary: string, limits: MultipartLimits) {
    this.#limits = limits
    // one more than the limit, so that reaching it can be told from passing it
    const config = { boundary, maxHeaderPairs: limits.headerPairs + 1, maxHeaderSize: limits.headerBytes + 1 }
    this.#dicer = new Dicer(config)
    this.#dicer.on('error', () => undefined)
    this.#dicer.on('part', (body: Readable) => this.#open(body))
  }

  async pump (source: Readable): Promise<void> {
    const { signal } = this.#stopped
    let bytes = 0
    try {
      for await (const chunk of source.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        if (signal.aborted) return
        bytes += chunk.length
        if (bytes > this.#limits.requestBytes) { this.#fail(tooLarge('request')); return }
        if (!this.#dicer.write(chunk)) await once(this.#dicer, 'drain', { signal })
        if (this.#inHeader) {
          this.#headerBytes += chunk.length
          if (this.#headerBytes > this.#limits.headerBytes + 65_536) { this.#fail(tooLarge('part-header')); return }
        }
      }
      // Dicer reports a missing close delimiter one tick after the end
      await new Promise<void>(resolve => { this.#dicer.end(() => setImmediate(resolve)) })
    } catch (cause) {
      this.#fail(new AppError('interrupted', 'The sender closed the connection before the message was complete', {}, { cause }))
    }
    this.#ended = true
    this.#wake()
  }

  /** The next part, `undefined` after the last. */
  async next (): Promise<OpenPart | undefined> {
    while (this.#queue.length === 0 && this.#failure === undefined && !this.#ended) {
      await new Promise<void>(resolve => { this.#wake = resolve })
    }
    if (this.#failure !== undefined) throw this.#failure
    return this.#queue.shift()
  }

  stop (): void {
    this.#stopped.abort()
  }

  #open (body: Readable): void {
    this.#inHeader = true
    this.#headerBytes = 0
    // the error may come before anybody reads the part: its iterator would then end as if the part were whole
    body.on('error', () => this.#cut.add(body))
    if (++this.#parts > this.#limits.parts) { this.#fail(tooLarge('parts')); return }
    // Dicer waits for a read that never comes when a part ends right at the edge of a full buffer
    body.once('end', () => body._read(0))
    body.once('header', (header: Readonly<Record<string, readonly string[]>>) => {
      this.#inHeader = false
      this.#unread.add(body)
      body.once('close', () => this.#unread.delete(body))
      if (this.#passesHeaderLimits(header)) { this.#fail(tooLarge('part-header')); return }
      const headers = new Map(Object.entries(header).map(([name, values]) => [name, (values[0] ?? '').trim()]))
      this.#queue.push({ part: { index: this.#parts - 1, headers, body: this.#read(body) }, body })
      this.#wake()
    })
  }

  #passesHeaderLimits (header: Readonly<Record<string, readonly string[]>>): boolean {
    const pairs = Object.entries(header).flatMap(([name, values]) => values.map(value => name.length + value.length + 4))
    return pairs.length > this.#limits.headerPairs || pairs.reduce((a, b) => a + b, 0) > this.#limits.headerBytes
  }

  async * #read (body: Readable): AsyncGenerator<Uint8Array> {
    let cause: unknown
    try {
      yield * body.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>
    } catch (error) {
      cause = error
    }
    if (cause === undefined && !this.#cut.has(body)) return
    throw this.#failure ?? new AppError('request-malformed', 'The last part ends without a closing delimiter', { unterminated: true }, { cause })
  }

  #fail (error: AppError): void {
    this.#failure ??= error
    this.#stopped.abort()
    for (const body of this.#unread) body.destroy(error)
    this.#wake()
  }
}

function tooLarge (limit: 'request' | 'parts' | 'part-header'): AppError {
  return new AppError('payload-too-large', `The message passes the limit of its ${limit}`, { limit })
}
