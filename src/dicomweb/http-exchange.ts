import { Readable } from 'node:stream'
import { type Dispatcher, request } from 'undici'
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
  readonly method: 'GET' | 'POST' | 'OPTIONS'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Makes the body anew for each attempt. */
  readonly body?: () => Readable
  readonly signal?: AbortSignal
}

const maxAnswerBytes = 32 * 1024 * 1024

/**
 * One request, its whole answer in memory (at most 32 MiB, beyond which the body counts as empty). Redirects are not
 * followed. After a 401 the destination may refresh its credentials, once.
 * @returns `undefined` when no complete answer came: DNS, TCP, TLS, timeout or a broken connection
 * @throws the signal's reason when aborted
 */
export async function exchange (destination: Destination, what: Exchange): Promise<Answer | undefined> {
  const first = await attempt(destination, what)
  if (first?.status !== 401 || destination.refresh === undefined) return first
  await destination.refresh()
  return attempt(destination, what)
}

async function attempt (destination: Destination, what: Exchange): Promise<Answer | undefined> {
  const timeout = destination.answerTimeoutMs ?? 120_000
  try {
    const answer = await request(what.url, {
      method: what.method,
      headers: { 'user-agent': 'tuberlens', ...await destinationHeaders(destination), ...what.headers },
      headersTimeout: timeout,
      bodyTimeout: timeout,
      ...(what.body ? { body: what.body() } : {}),
      ...(what.signal ? { signal: what.signal } : {}),
      ...(destination.dispatcher ? { dispatcher: destination.dispatcher } : {}),
    })
    const headers = Object.fromEntries(Object.entries(answer.headers).map(([name, value]) => [name, String(value)]))
    return { status: answer.statusCode, headers, body: await readAll(answer), retryAfterS: retryAfter(headers['retry-after']) }
  } catch {
    what.signal?.throwIfAborted()
    return undefined
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
