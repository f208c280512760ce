import { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { z } from 'zod'
import { AppError } from '../errors.ts'
import { failureTexts } from './connection-failure.ts'
import { tryExchange } from './http-exchange.ts'

export interface ClientCredentials {
  readonly tokenUrl: string
  readonly clientId: string
  /** Read anew for each token, as it may be renewed. @throws AppError */
  readonly clientSecret: () => Promise<string>
  readonly scope?: string | undefined
  readonly dispatcher?: Dispatcher | undefined
  /** ms since 1970; the system's clock by default */
  readonly now?: () => number
}

interface Token { readonly value: string, readonly goodUntil: number }

/** RFC 6749 5.1; token_type is case-insensitive. */
const answerSchema = z.object({
  access_token: z.string().regex(/^[\x21-\x7e]+$/),
  token_type: z.string().regex(/^bearer$/i),
  expires_in: z.coerce.number().positive().optional(),
})
const timeoutMs = 10_000
/** RFC 6749 recommends expires_in and does not require it. */
const defaultLifeS = 300
/** A token is given up this long before it ends, or at nine tenths of its life. */
const marginMs = 30_000

/** Access tokens by the client credentials grant (RFC 6749 4.4), each kept until shortly before it ends. */
export class TokenSource {
  readonly #client: ClientCredentials
  readonly #now: () => number
  #token: Token | undefined
  #fetching: Promise<Token> | undefined

  constructor (client: ClientCredentials) {
    this.#client = client
    this.#now = client.now ?? Date.now
  }

  /** @throws AppError `remote-unreachable`, `remote-refused`; what `clientSecret` throws */
  async token (): Promise<string> {
    if (this.#token !== undefined && this.#now() < this.#token.goodUntil) return this.#token.value
    this.#fetching ??= this.#fetch().finally(() => { this.#fetching = undefined })
    this.#token = await this.#fetching
    return this.#token.value
  }

  /** The token was refused: the next one is fetched. */
  forget (): void { this.#token = undefined }

  async #fetch (): Promise<Token> {
    const { tokenUrl, clientId, clientSecret, scope, dispatcher } = this.#client
    const form = new URLSearchParams({ grant_type: 'client_credentials', ...(scope === undefined ? {} : { scope }) }).toString()
    // RFC 6749 2.3.1: both parts are form-encoded before they are put together
    const basic = Buffer.from(`${encodeForm(clientId)}:${encodeForm(await clientSecret())}`).toString('base64')
    const askedAt = this.#now()
    const exchanged = await tryExchange({ url: tokenUrl, answerTimeoutMs: timeoutMs, ...(dispatcher ? { dispatcher } : {}) }, {
      method: 'POST',
      url: tokenUrl,
      headers: {
        authorization: `Basic ${basic}`,
        accept: 'application/json',
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': String(Buffer.byteLength(form)),
      },
      body: () => Readable.from([form], { objectMode: false }),
    })
    if ('failure' in exchanged) throw new AppError('remote-unreachable', `The token server did not answer: ${failureTexts[exchanged.failure]}`)
    const { status, body } = exchanged.answer
    if (status >= 500 || status === 429 || status === 408) throw new AppError('remote-unreachable', `The token server answered with ${status}`, { status })
    if (status !== 200) throw new AppError('remote-refused', `The token server answered with ${status}`, { status })
    const parsed = answerSchema.safeParse(parseJson(body.toString('utf8')))
    if (!parsed.success) throw new AppError('remote-refused', 'The token server answered with something that holds no bearer token', { status })
    const lifeMs = (parsed.data.expires_in ?? defaultLifeS) * 1000
    return { value: parsed.data.access_token, goodUntil: askedAt + Math.max(lifeMs - marginMs, lifeMs * 0.9) }
  }
}

function encodeForm (text: string): string { return new URLSearchParams({ v: text }).toString().slice(2) }

function parseJson (text: string): unknown {
  try { return JSON.parse(text) } catch { return undefined }
}
