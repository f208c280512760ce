import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import type { ConnectionFailure } from './connection-failure.ts'
import { fromXml } from './dicom-xml.ts'
import { type Destination, destinationUrl } from './destination.ts'
import { type Answer, type Exchanged, tryExchange } from './http-exchange.ts'
import { isJsonDataset, jsonItems, type JsonDataset, jsonNumber, jsonString } from './json-model.ts'
import { ruleOfReason, ruleOfStatus, type StoreOutcome } from './store-outcome.ts'

/** A part 10 file on disk that is to be sent. */
export interface StoreFile {
  readonly path: string
  readonly sopClassUid: string
  readonly sopInstanceUid: string
  /** Size of the file; used to form requests of bounded size. */
  readonly bytes: number
}

/** PS3.18 sets no limit to a request; PACS and proxies do. */
export interface RequestLimits { readonly instances: number, readonly bytes: number }

export const defaultRequestLimits: RequestLimits = { instances: 20, bytes: 50 * 2 ** 20 }

/**
 * Sends files by STOW-RS (PS3.18 10.5), in their order, at most 20 or 50 MB per request or as told, streamed from disk with
 * Content-Length. One outcome per file, in the same order; nothing is thrown for what the network or the server does.
 * When a request finds no server at all the following ones are not tried: their files are `retry` too.
 * @throws the signal's reason when aborted
 */
export async function storeInstances (
  destination: Destination, files: readonly StoreFile[],
  options: { readonly signal?: AbortSignal, readonly limits?: RequestLimits } = {},
): Promise<StoreOutcome[]> {
  const outcomes = new Map<StoreFile, StoreOutcome>()
  const queue = batches(files, options.limits)
  for (let batch = queue.shift(); batch !== undefined; batch = queue.shift()) {
    const answered = await storeBatch(destination, batch, options.signal)
    const tooLarge = batch.length > 1 && answered.every(outcome => outcome.cause === 'too-large')
    if (tooLarge) queue.unshift(...batch.map(file => [file]))
    else batch.forEach((file, i) => outcomes.set(file, answered[i]!))
    const unanswered = answered.find(({ cause }) => cause === 'unreachable' || cause === 'untrusted')
    if (unanswered !== undefined) {
      for (const file of queue.flat()) outcomes.set(file, { ...unanswered, sopInstanceUid: file.sopInstanceUid })
      queue.length = 0
    }
  }
  return files.map(file => outcomes.get(file)!)
}

/** No answer: a secret that cannot be had and a certificate need a person; the rest may pass by itself. */
function unanswered (failure: ConnectionFailure): Omit<StoreOutcome, 'sopInstanceUid'> {
  if (failure === 'credentials') return { verdict: 'retry', cause: 'unauthorized', alert: true }
  if (failure === 'certificate' || failure === 'tls') return { verdict: 'retry', cause: 'untrusted', alert: true }
  return { verdict: 'retry', cause: 'unreachable', alert: false }
}

/** Groups files for one request each; a single larger file stands alone. */
export function batches (files: readonly StoreFile[], limits: RequestLimits = defaultRequestLimits): StoreFile[][] {
  const groups: StoreFile[][] = []
  let bytes = 0
  for (const file of files) {
    const last = groups.at(-1)
    if (last === undefined || last.length >= limits.instances || bytes + file.bytes > limits.bytes) {
      groups.push([file])
      bytes = file.bytes
    } else {
      last.push(file)
      bytes += file.bytes
    }
  }
  return groups
}

async function storeBatch (destination: Destination, files: readonly StoreFile[], signal?: AbortSignal): Promise<StoreOutcome[]> {
  const sizes = await Promise.all(files.map(file => stat(file.path).then(s => s.size, () => undefined)))
  const readable = files.filter((_, i) => sizes[i] !== undefined)
  const known = sizes.filter(size => size !== undefined)
  const exchanged = readable.length === 0 ? undefined : await send(destination, readable, known, signal)
  return files.map((file, i) => {
    const { sopInstanceUid } = file
    if (sizes[i] === undefined || exchanged === undefined) {
      return { sopInstanceUid, verdict: 'dead', cause: 'unreadable-file', alert: true }
    }
    if ('failure' in exchanged) return { ...unanswered(exchanged.failure), sopInstanceUid }
    return outcomeOf(sopInstanceUid, exchanged.answer, readable.length)
  })
}

async function send (
  destination: Destination, files: readonly StoreFile[], sizes: readonly number[], signal?: AbortSignal,
): Promise<Exchanged> {
  const boundary = randomBytes(20).toString('hex')
  const heads = files.map(() => Buffer.from(`--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`))
  const crlf = Buffer.from('\r\n')
  const tail = Buffer.from(`--${boundary}--\r\n`)
  const length = tail.length + sizes.reduce((sum, size, i) => sum + size + heads[i]!.length + crlf.length, 0)
  async function * body (): AsyncGenerator<Buffer> {
    for (const [i, file] of files.entries()) {
      yield heads[i]!
      yield * createReadStream(file.path, { end: Math.max(0, sizes[i]! - 1) }) as AsyncIterable<Buffer>
      yield crlf
    }
    yield tail
  }
  return await tryExchange(destination, {
    method: 'POST',
    url: destinationUrl(destination, 'studies'),
    headers: {
      'content-type': `multipart/related; type="application/dicom"; boundary=${boundary}`,
      accept: 'application/dicom+json, application/dicom+xml;q=0.5',
      ...(destination.chunked === true ? {} : { 'content-length': String(length) }),
    },
    body: () => Readable.from(body(), { objectMode: false }),
    ...(signal ? { signal } : {}),
  })
}

/** What one answer says about one instance; never assumes success. */
function outcomeOf (sopInstanceUid: string, answer: Answer, sent: number): StoreOutcome {
  const { status } = answer
  const about = { sopInstanceUid, http: status, ...(answer.retryAfterS === undefined ? {} : { retryAfterS: answer.retryAfterS }) }
  const dataset = parseAnswer(answer)
  const byUid = (item: JsonDataset): boolean => jsonString(item, '00081155')?.trim() === sopInstanceUid
  const stored = dataset && jsonItems(dataset, '00081199').find(byUid)
  const failures = dataset ? jsonItems(dataset, '00081198') : []
  const others = dataset ? jsonItems(dataset, '0008119A') : []
  // an item without a UID can only be about the one that was sent
  const single = sent === 1 && failures.length + others.length === 1 ? [...failures, ...others][0] : undefined
  const failed = failures.find(byUid) ?? single
  const contradicted = stored !== undefined && failures.some(byUid)
  if (contradicted) return { ...about, ...ruleOfStatus(200) }
  if (stored && status >= 200 && status < 300) {
    const warningReason = jsonNumber(stored, '00081196')
    return { ...about, verdict: 'sent', cause: warningReason === undefined ? 'stored' : 'coerced', alert: false, ...(warningReason === undefined ? {} : { warningReason }) }
  }
  const failureReason = failed && jsonNumber(failed, '00081197')
  if (failureReason !== undefined) return { ...about, ...ruleOfReason(failureReason), failureReason }
  return { ...about, ...ruleOfStatus(status) }
}

function parseAnswer (answer: Answer): JsonDataset | undefined {
  const text = answer.body.toString('utf8').trim()
  if (text === '') return undefined
  if (text.startsWith('<')) return fromXml(text)
  try {
    const parsed: unknown = JSON.parse(text)
    const dataset: unknown = Array.isArray(parsed) ? parsed[0] : parsed
    return isJsonDataset(dataset) ? dataset : undefined
  } catch {
    return undefined
  }
}
