import { z } from 'zod'
import type { OidcSettings } from '../../config/access.ts'
import { tryExchange } from '../../dicomweb/http-exchange.ts'
import { type Check, failure, ok } from './check.ts'
import { checkClock } from './check-clock.ts'
import { unreached } from './check-peer.ts'
import { peerOf } from './look-at-peer.ts'

const area = 'token issuer'
/** As the service has when it asks. */
const answerTimeoutMs = 5000

/** A JSON Web Key Set (RFC 7517 5), as far as it says what each key is for. */
const text = z.string().optional()
const keySchema = z.object({ kty: z.string(), alg: text, use: text, crv: text })
const keySet = z.object({ keys: z.array(keySchema) })
type Key = z.infer<typeof keySchema>

/** Whether the keys of the issuer can be had, whether any fits the algorithms that are accepted, and whether the clocks agree. */
export async function checkTokenIssuer (
  oidc: OidcSettings | undefined, options: { readonly now: () => number, readonly signal: AbortSignal },
): Promise<Check[]> {
  if (oidc === undefined) return []
  const { jwksUrl: url, algorithms } = oidc
  const exchanged = await tryExchange({ url, answerTimeoutMs }, { method: 'GET', url, headers: { accept: 'application/json' }, signal: options.signal })
  if ('failure' in exchanged) return [unreached(area, peerOf(url), exchanged.failure, 'TUBERLENS_OIDC_JWKS_URL')]
  const { status, body, headers } = exchanged.answer
  const clock = checkClock('the token issuer', headers['date'], options.now())
  if (status !== 200) return [failure(area, `${url} answers ${status}`, 'check TUBERLENS_OIDC_JWKS_URL; redirects are not followed'), clock]
  const keys = keysOf(body)
  if (keys === undefined) return [failure(area, `${url} gives no set of keys`, 'let TUBERLENS_OIDC_JWKS_URL be the jwks_uri of the issuer'), clock]
  const fitting = keys.filter(key => algorithms.some(algorithm => fits(key, algorithm)))
  const check = fitting.length > 0
    ? ok(area, `${url} gives ${fitting.length} ${fitting.length === 1 ? 'key' : 'keys'} for ${algorithms.join(', ')}`)
    : failure(area, `none of the keys of ${url} is for ${algorithms.join(', ')}`, 'list what the issuer signs with in TUBERLENS_OIDC_ALGORITHMS')
  return [check, clock]
}

function keysOf (body: Buffer): readonly Key[] | undefined {
  try { return keySet.parse(JSON.parse(body.toString('utf8'))).keys } catch { return undefined }
}

/** What a key of each algorithm is (RFC 7518 6.1, RFC 8037 2): its type, and its curve where that is part of it. */
const curves: Readonly<Record<string, string>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521', EdDSA: 'Ed25519', Ed25519: 'Ed25519' }

function fits ({ kty, alg, use, crv }: Key, algorithm: string): boolean {
  if ((alg !== undefined && alg !== algorithm) || (use !== undefined && use !== 'sig')) return false
  const curve = curves[algorithm]
  return curve === undefined ? kty === 'RSA' : kty === (algorithm.startsWith('Ed') ? 'OKP' : 'EC') && crv === curve
}
