import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { fromXml } from './dicom-xml.ts'
import { type Destination, destinationUrl } from './destination.ts'
import { type Answer, exchange } from './http-exchange.ts'
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

const maxFilesPerRequest = 20
const maxBytesPerRequest = 50 * 1024 * 1024

/**
 * Sends files by STOW-RS (PS3.18 10.5), in their order, at most 20 or 50 MB per request, streamed from disk with
 * Content-Length. One outcome per file, in the same order; nothing is thrown for what the network or the server does.
 * When a request finds no server at all the following ones are not tried: their files are `retry` too.
 * @throws the signal's reason when aborted
 */
export async function storeInstances (
  destination: Destination, files: readonly StoreFile[], options: { readonly signal?: AbortSignal } = {},
): Promise<StoreOutcome[]> {
  const outcomes = new Map<StoreFile, StoreOutcome>()
  const queue = batches(files)
  for (let batch = queue.shift(); batch !== undefined; batch = queue.shift()) {
    const answered = await storeBatch(destination, batch, options.signal)
    const tooLarge = batch.length > 1 && answered.every(outcome => outcome.cause === 'too-large')
    if (tooLarge) queue.unshift(...batch.map(file => [file]))
    else batch.forEach((file, i) => outcomes.set(file, answered[i]!))
    if (answered.some(outcome => outcome.cause === 'unreachable')) {
      for (const file of queue.flat()) outcomes.set(file, { ...unreachable, sopInstanceUid: file.sopInstanceUid })
      queue.length = 0
    }
  }
  return files.map(file => outcomes.get(file)!)
}

const unreachable = { verdict: 'retry', cause: 'unreachable', alert: false } as const

/** Groups files for one request each; a single larger file stands alone. */
export function batches (files: readonly StoreFile[]): StoreFile[][] {
  const groups: StoreFile[][] = []
  let bytes = 0
  for (const file of files) {
    const last = groups.at(-1)
    if (last === undefined || last.length >= maxFilesPerRequest || bytes + file.bytes > maxBytesPerRequest) {
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
  const answer = readable.length === 0 ? undefined : await send(destination, readable, sizes.filter(s => s !== undefined), signal)
  return files.map((file, i) => {
    const { sopInstanceUid } = file
    if (sizes[i] === undefined) return { sopInstanceUid, verdict: 'dead', cause: 'unreadable-file', alert: true }
    if (answer === undefined) return { ...unreachable, sopInstanceUid }
    return outcomeOf(sopInstanceUid, answer, readable.length)
  })
}

async function send (
  destination: Destination, files: readonly StoreFile[], sizes: readonly number[], signal?: AbortSignal,
): Promise<Answer | undefined> {
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
  return exchange(destination, {
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
  if (stored && status >= 200 && status < 300) {
    const warningReason = jsonNumber(stored, '00081196')
    return { ...about, verdict: 'sent', cause: warningReason === undefined ? 'stored' : 'coerced', alert: false, ...(warningReason === undefined ? {} : { warningReason }) }
  }
  const failures = dataset ? jsonItems(dataset, '00081198') : []
  const failed = failures.find(byUid) ?? (sent === 1 && failures.length === 1 ? failures[0] : undefined)
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
