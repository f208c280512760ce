import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { AccessConfig, AuthMethod } from '../../config/access.ts'
import { type Client, parseClients } from '../../config/clients-file.ts'
import type { Scope } from '../../config/scope.ts'
import { AppError } from '../../errors.ts'
import { AttemptLimit } from './attempt-limit.ts'
import { clientOfCertificate, showsCertificate } from './client-certificate.ts'
import { PasswordCheck } from './password-check.ts'
import type { Principal } from './principal.ts'
import { TokenIssuer } from './token-issuer.ts'
import { WatchedFile } from './watched-file.ts'

/** Failed attempts of one address within a minute, after which passwords are not looked at any more. */
const maxFailures = 10
const windowMs = 60_000

export interface AuthenticatorOptions {
  /** Called when the file of clients changed and cannot be used. */
  readonly onFailure?: (error: AppError) => void
  /** Milliseconds, never going back. */
  readonly now?: () => number
  readonly issuer?: TokenIssuer
}

/** Finds out who a request comes from, by whichever of the configured ways it uses. */
export class Authenticator {
  readonly methods: readonly AuthMethod[]
  readonly #clients: () => readonly Client[]
  readonly #passwords: PasswordCheck
  readonly #issuer: TokenIssuer | undefined
  readonly #failures: AttemptLimit

  /** @throws AppError `config-invalid` when the file of clients cannot be used */
  constructor ({ methods, clientsFile, oidc }: Omit<AccessConfig, 'tls'>, options: AuthenticatorOptions = {}) {
    this.methods = methods
    const { onFailure = () => undefined, now } = options
    const file = clientsFile === undefined ? undefined : new WatchedFile(clientsFile, parseClients, onFailure, now)
    this.#clients = () => file?.value ?? []
    this.#passwords = new PasswordCheck(this.#clients, now)
    this.#issuer = options.issuer ?? (oidc && new TokenIssuer(oidc))
    this.#failures = new AttemptLimit(maxFailures, windowMs, now)
  }

  /**
   * `undefined` when the request shows nothing, or nothing that is right.
   * @throws AppError `too-many-requests` after too many failures; `out-of-resources` when the issuer of tokens cannot be asked
   */
  async identify (request: FastifyRequest): Promise<Principal | undefined> {
    const principal = await this.#find(request)
    if (principal !== undefined || !showsCredentials(request)) return principal
    this.failed(request)
    return undefined
  }

  /** Counts a failure. @throws AppError `too-many-requests` when it was one too many */
  failed ({ ip }: Pick<FastifyRequest, 'ip'>): void {
    if (this.#failures.count(ip) > maxFailures) throw this.#refusal(ip)
  }

  async #find (request: FastifyRequest): Promise<Principal | undefined> {
    const { authorization } = request.headers
    // what is said by name counts before what the connection shows
    if (authorization === undefined) return this.#byCertificate(request)
    const [, scheme = '', value = ''] = /^([\w-]+) +(\S+) *$/.exec(authorization) ?? []
    if (/^basic$/i.test(scheme) && this.methods.includes('basic')) return await this.#byPassword(value, request.ip)
    if (!/^bearer$/i.test(scheme)) return undefined
    const client = this.methods.includes('bearer') ? this.#byToken(value) : undefined
    if (client !== undefined || !this.methods.includes('oidc') || !TokenIssuer.reads(value)) return client
    return await this.#issuer?.verify(value)
  }

  async #byPassword (encoded: string, ip: string): Promise<Principal | undefined> {
    const text = Buffer.from(encoded, 'base64').toString('utf8')
    const colon = text.indexOf(':')
    if (colon < 0) return undefined
    const [name, password] = [text.slice(0, colon), text.slice(colon + 1)]
    const known = this.#passwords.known(name, password)
    if (known === undefined && this.#failures.waitS(ip) > 0) throw this.#refusal(ip)
    return principalOf(known ?? await this.#passwords.verify(name, password), 'basic')
  }

  #byToken (token: string): Principal | undefined {
    const given = createHash('sha256').update(token).digest()
    const client = this.#clients().find(({ secret }) => secret.kind === 'token' && timingSafeEqual(given, Buffer.from(secret.sha256, 'hex')))
    return principalOf(client, 'bearer')
  }

  #byCertificate (request: FastifyRequest): Principal | undefined {
    if (!this.methods.includes('mtls')) return undefined
    return principalOf(clientOfCertificate(request.raw.socket, this.#clients()), 'mtls')
  }

  #refusal (ip: string): AppError {
    return new AppError('too-many-requests', 'Too many wrong credentials came from this address', { retryAfterS: this.#failures.waitS(ip) })
  }
}

function principalOf (client: Client | undefined, method: AuthMethod): Principal | undefined {
  return client && { name: client.name, method, scopes: new Set<Scope>(client.scopes) }
}

function showsCredentials ({ headers, raw }: FastifyRequest): boolean {
  return headers.authorization !== undefined || showsCertificate(raw.socket)
}
