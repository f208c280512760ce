import { Readable } from 'node:stream'
import { type Dispatcher, request } from 'undici'
import { type ConnectionFailure, connectionFailure } from './connection-failure.ts'
import { type Destination, destinationHeaders } from './destination.ts'

/** A complete answer of a DICOMweb server. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** Retry-After in seconds, a date counted from now. */
  readonly retryAfterS: number | undefined
}

export interface Exchange {
  readonly method: 'GET' | 'POST' | 'PUT' | 'OPTIONS'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Makes the body anew for each attempt. */
  readonly body?: () => Readable
  readonly signal?: AbortSignal
}

const maxAnswerBytes = 32 * 1024 * 1024

/** What came of a request: a complete answer, or why there is none. */
export type Exchanged = { readonly answer: Answer } | { readonly failure: ConnectionFailure }

/** The whole of a request, however steadily bytes trickle in either direction: this many times the wait for an answer. */
const totalFactor = 10

/**
 * One request, its whole answer in memory (at most 32 MiB, beyond which the body counts as empty). Redirects are not
 * followed. After a 401 or 403 the destination may refresh its credentials, once.
 * @throws the signal's reason when aborted
 */
export async function tryExchange (destination: Destination, what: Exchange): Promise<Exchanged> {
  const first = await attempt(destination, what)
  if (!('answer' in first) || ![401, 403].includes(first.answer.status) || destination.refresh === undefined) return first
  await destination.refresh()
  return await attempt(destination, what)
}

/**
 * The same for who does not ask why.
 * @returns `undefined` when no complete answer came: DNS, TCP, TLS, timeout or a broken connection
 * @throws the signal's reason when aborted
 */
export async function exchange (destination: Destination, what: Exchange): Promise<Answer | undefined> {
  const exchanged = await tryExchange(destination, what)
  return 'answer' in exchanged ? exchanged.answer : undefined
}

async function attempt (destination: Destination, what: Exchange): Promise<Exchanged> {
  const timeout = destination.answerTimeoutMs ?? 120_000
  const deadline = AbortSignal.timeout(timeout * totalFactor)
  try {
    const answer = await request(what.url, {
      method: what.method,
      headers: { 'user-agent': 'tuberlens', ...await destinationHeaders(destination), ...what.headers },
      headersTimeout: timeout,
      bodyTimeout: timeout,
      ...(what.body ? { body: what.body() } : {}),
      signal: what.signal === undefined ? deadline : AbortSignal.any([what.signal, deadline]),
      ...(destination.dispatcher ? { dispatcher: destination.dispatcher } : {}),
    })
    const headers = Object.fromEntries(Object.entries(answer.headers).map(([name, value]) => [name, String(value)]))
    return { answer: { status: answer.statusCode, headers, body: await readAll(answer), retryAfterS: retryAfter(headers['retry-after']) } }
  } catch (thrown) {
    what.signal?.throwIfAborted()
    return { failure: connectionFailure(thrown) }
  }
}

async function readAll ({ body }: Dispatcher.ResponseData): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes <= maxAnswerBytes) chunks.push(chunk)
  }
  return bytes <= maxAnswerBytes ? Buffer.concat(chunks) : Buffer.alloc(0)
}

/** RFC 9110 10.2.3: seconds, or a date. */
function retryAfter (value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  if (/^\s*\d+\s*$/.test(value)) return Number(value)
  const at = Date.parse(value)
  return Number.isNaN(at) ? undefined : Math.max(0, Math.ceil((at - Date.now()) / 1000))
}
