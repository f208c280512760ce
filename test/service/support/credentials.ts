import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLocalJWKSet, exportJWK, exportSPKI, generateKeyPair, SignJWT, UnsecuredJWT, type JWK, type JWTPayload } from 'jose'
import type { AuthMethod, OidcSettings } from '../../../src/config/access.ts'
import { hashPassword } from '../../../src/config/password-hash.ts'
import { Authenticator, type AuthenticatorOptions } from '../../../src/service/access/authenticator.ts'
import { TokenIssuer } from '../../../src/service/access/token-issuer.ts'

interface Owner { testdir: (content: Record<string, string>) => string }

export const scopes = ['read', 'stow', 'admin'] as const
type ScopeName = typeof scopes[number]

export const oidc: OidcSettings = {
  issuer: 'https://login.example', audience: 'tuberlens', jwksUrl: 'https://login.example/keys', algorithms: ['RS256'], clockSkewS: 30, scopeClaim: 'scope',
  scopes: [{ value: 'tubers:read', scope: 'read' }, { value: 'tubers:stow', scope: 'stow' }, { value: 'tubers:admin', scope: 'admin' }],
}

export const password = 'correct horse: ümlaut'
export const basic = (name: string, secret = password): string => `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`
export const tokenOf = (scope: string): string => `token-${scope}-${'x'.repeat(40)}`
export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** An issuer with one key, and the tokens that it, and others, make. */
export async function issuer (): Promise<{
  readonly jwk: JWK
  readonly token: (change?: JWTPayload, header?: { kid?: string }) => Promise<string>
  /** Tokens that must not be taken, by what is wrong with them. */
  readonly forged: Readonly<Record<string, () => Promise<string>>>
}> {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true })
  const other = await generateKeyPair('RS256')
  const jwk = { ...await exportJWK(publicKey), kid: 'one', alg: 'RS256', use: 'sig' }
  const now = Math.floor(Date.now() / 1000)
  const claims = { iss: oidc.issuer, aud: oidc.audience, sub: 'user-1', exp: now + 600, scope: scopes.map(scope => `tubers:${scope}`).join(' ') }
  const sign = async (payload: JWTPayload, key: Parameters<SignJWT['sign']>[0], header = {}) =>
    await new SignJWT({ ...claims, ...payload }).setProtectedHeader({ alg: 'RS256', kid: 'one', ...header }).sign(key)
  const token = async (change: JWTPayload = {}, header = {}) => await sign(change, privateKey, header)
  return {
    jwk,
    token,
    forged: {
      'expired token': async () => await token({ exp: now - 60 }),
      'token of tomorrow': async () => await token({ nbf: now + 600 }),
      'token without end': async () => await new SignJWT({ iss: oidc.issuer, aud: oidc.audience, scope: claims.scope }).setProtectedHeader({ alg: 'RS256', kid: 'one' }).sign(privateKey),
      'token for another audience': async () => await token({ aud: 'pacs' }),
      'token of another issuer': async () => await token({ iss: 'https://elsewhere.example' }),
      'token without signature (alg none)': async () => new UnsecuredJWT(claims).encode(),
      'token signed with the public key as secret (HS256)': async () => await sign({}, new TextEncoder().encode(await exportSPKI(publicKey)), { alg: 'HS256' }),
      'token signed by another key': async () => await sign({}, other.privateKey),
      'token with an unknown key (kid)': async () => await token({}, { kid: 'two' }),
      'token changed after it was signed': async () => {
        const [head, , signature] = (await token({ scope: 'tubers:read' })).split('.')
        return [head, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.')
      },
    },
  }
}

/** Lines of a file of clients: a user and a token for each scope, each named as its scope. */
export async function clientLines (): Promise<string> {
  const hash = await hashPassword(password)
  const lines = scopes.flatMap((scope: ScopeName) => [`${scope} ${scope} password:${hash}`, `${scope}-token ${scope} token:${sha256(tokenOf(scope))}`])
  return ['# clients', '', ...lines, `all read,stow,admin password:${hash}`].join('\n')
}

/** An authenticator over such a file, and how to change the file. */
export async function authenticatorOf (
  t: Owner, methods: readonly AuthMethod[], options: AuthenticatorOptions & { readonly lines?: string, readonly jwk?: JWK } = {},
): Promise<{ readonly access: Authenticator, readonly write: (text: string) => void }> {
  const folder = t.testdir({ clients: options.lines ?? await clientLines() })
  const clientsFile = join(folder, 'clients')
  const issuer = options.jwk && new TokenIssuer(oidc, { keys: createLocalJWKSet({ keys: [options.jwk] }) })
  const access = new Authenticator({ methods, clientsFile, oidc }, { ...options, ...(issuer && { issuer }) })
  return { access, write: text => { writeFileSync(clientsFile, text) } }
}
