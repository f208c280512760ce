import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose'
import type { OidcSettings } from '../../config/access.ts'
import type { Scope } from '../../config/scope.ts'
import { AppError } from '../../errors.ts'
import type { Principal } from './principal.ts'

/** Keys are asked for again after ten minutes, and for an unknown key at most every half minute. */
const keyAges = { cacheMaxAge: 600_000, cooldownDuration: 30_000, timeoutDuration: 5000 } as const
/** Longer than any token of use, shorter than what would be worth parsing. */
const maxLength = 16_384

/** Verifies JSON Web Tokens (RFC 7519) of one issuer: signature, issuer, audience, times, and what they allow. */
export class TokenIssuer {
  readonly #settings: OidcSettings
  readonly #keys: JWTVerifyGetKey
  readonly #now: () => Date

  /** @param keys those of the configured address by default */
  constructor (settings: OidcSettings, options: { readonly keys?: JWTVerifyGetKey, readonly now?: () => Date } = {}) {
    this.#settings = settings
    // jose follows no redirect: no other address is ever asked
    this.#keys = options.keys ?? createRemoteJWKSet(new URL(settings.jwksUrl), keyAges)
    this.#now = options.now ?? (() => new Date())
  }

  /** Whether the text could be such a token. */
  static reads (token: string): boolean { return token.length <= maxLength && /^[\w-]+\.[\w-]+\.[\w-]*$/.test(token) }

  /**
   * `undefined` when the token is not good, whatever the reason.
   * @throws AppError `out-of-resources` when the keys of the issuer cannot be had
   */
  async verify (token: string): Promise<Principal | undefined> {
    const { issuer, audience, algorithms, clockSkewS } = this.#settings
    try {
      const { payload } = await jwtVerify(token, this.#keys, {
        issuer, audience, algorithms: [...algorithms], clockTolerance: clockSkewS, requiredClaims: ['exp'], currentDate: this.#now(),
      })
      return { name: subjectOf(payload), method: 'oidc', scopes: this.#scopesOf(payload) }
    } catch (thrown) {
      if (isUnavailable(thrown)) {
        throw new AppError('out-of-resources', 'The keys of the token issuer cannot be had now', {}, { cause: thrown })
      }
      return undefined
    }
  }

  #scopesOf (payload: JWTPayload): ReadonlySet<Scope> {
    const claim = claimOf(payload, this.#settings.scopeClaim)
    const values = typeof claim === 'string' ? claim.split(' ') : Array.isArray(claim) ? claim : []
    return new Set(this.#settings.scopes.filter(({ value }) => values.includes(value)).map(({ scope }) => scope))
  }
}

/** No answer, another status than 200, or no key set: what the issuer does wrong, not the client. */
function isUnavailable (thrown: unknown): boolean {
  if (!(thrown instanceof errors.JOSEError)) return true
  return thrown instanceof errors.JWKSTimeout || thrown instanceof errors.JWKSInvalid || thrown.code === 'ERR_JOSE_GENERIC'
}

function claimOf (payload: JWTPayload, path: string): unknown {
  if (Object.hasOwn(payload, path)) return payload[path]
  return path.split('.').reduce<unknown>((at, key) =>
    typeof at === 'object' && at !== null && Object.hasOwn(at, key) ? (at as Readonly<Record<string, unknown>>)[key] : undefined, payload)
}

/** Whom the issuer calls so, as far as it is fit for a line of a trail. */
function subjectOf ({ sub = '' }: JWTPayload): string {
  return sub.replace(/[^\x21-\x7e]/g, '?').slice(0, 128) || 'unnamed'
}
