import { readFileSync } from 'node:fs'
import { BlockList, isIP } from 'node:net'
import { z } from 'zod'
import { toAppError } from '../errors.ts'
import { parseClients } from './clients-file.ts'
import { choice, file, flag, integer, list, url } from './schemas.ts'
import type { Variable } from './schemas.ts'
import { isScope, type Scope } from './scope.ts'
import { readServerTls, type ServerTlsFiles } from './server-tls.ts'

/** How a client shows who it is. */
export const authMethods = ['basic', 'bearer', 'oidc', 'mtls'] as const
export type AuthMethod = typeof authMethods[number]

/** Signatures with a public key (RFC 7518 3.1, RFC 8037, RFC 9864): a shared secret, or none, is no proof of an issuer. */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'] as const

const hasNoRepetition = (values: readonly string[]): boolean => new Set(values).size === values.length

const methodList = list.refine(methods => methods.length > 0 && hasNoRepetition(methods) &&
  (methods.join() === 'none' || methods.every(method => (authMethods as readonly string[]).includes(method))),
`must be none, or list some of ${authMethods.join(', ')}`)
const isAlgorithm = (name: string): boolean => (algorithms as readonly string[]).includes(name)
const algorithmList = list.refine(names => names.length > 0 && hasNoRepetition(names) && names.every(isAlgorithm),
  `must list some of ${algorithms.join(', ')}`)
const scopeList = list.refine(entries => entries.length > 0 && entries.every(entry => {
  const [value, scope, ...more] = entry.split('=')
  return value !== '' && scope !== undefined && isScope(scope) && more.length === 0
}), 'must list value=scope with scope one of stow, read, admin')
const hostList = list.refine(names => names.every(name => name === '*' || /^[\w.-]{1,253}$/.test(name)), 'must list host names without scheme and port, or be *')

/** Variables of who may do what, and how the connection is kept safe, in the order of the README's table. */
export const accessVariables = {
  AUTH: { schema: methodList, default: 'none', meaning: 'How clients show who they are: `none`, or some of `basic`, `bearer`, `oidc`, `mtls`, separated by commas: see [Security](docs/administration.md#security)' },
  ALLOW_UNAUTHENTICATED: { schema: flag, default: 'false', meaning: 'Lets a service whose `TUBERLENS_AUTH` is `none` listen beyond this machine: whoever reaches it may do everything' },
  CLIENTS_FILE: { schema: file.optional(), meaning: 'File with the clients of `basic`, `bearer` and `mtls` and their scopes, made by `tuberlens credential`; read again when it changes' },
  OIDC_ISSUER: { schema: url.optional(), meaning: 'Issuer of the tokens of `oidc`, as it stands in them' },
  OIDC_AUDIENCE: { schema: z.string().min(1, 'must be an audience').optional(), meaning: 'Audience that they must name' },
  OIDC_JWKS_URL: { schema: url.optional(), meaning: 'Where the public keys of the issuer are' },
  OIDC_ALGORITHMS: { schema: algorithmList, default: 'RS256,PS256,ES256,EdDSA', meaning: 'Signature algorithms that are accepted' },
  OIDC_CLOCK_SKEW_S: { schema: integer(0, 600), default: '30', meaning: 'Seconds by which the clocks of issuer and service may differ' },
  OIDC_SCOPE_CLAIM: { schema: z.string().min(1, 'must name a claim'), default: 'scope', meaning: 'Claim with the rights, a list or separated by blanks; dots lead into objects (`realm_access.roles`)' },
  OIDC_SCOPES: { schema: scopeList, default: 'stow=stow,read=read,admin=admin', meaning: 'Which value of that claim gives which scope' },
  TLS_CERT_FILE: { schema: file.optional(), meaning: 'Certificate of the service and its chain, in PEM form; with it the service speaks HTTPS alone. Read again when it changes, and at SIGHUP', shownDefault: 'none: HTTP' },
  TLS_KEY_FILE: { schema: file.optional(), meaning: 'Its private key, in PEM form' },
  TLS_CLIENT_CA_FILE: { schema: file.optional(), meaning: 'Certificates, in PEM form, that issue those of clients (`mtls`)' },
  TLS_CLIENT_CERTIFICATE: { schema: choice('optional', 'required'), default: 'optional', meaning: 'Whether a connection without a client certificate is refused' },
  TRUST_PROXY: { schema: list.refine(areAddresses, 'must list addresses, networks such as 10.0.0.0/8, or loopback, linklocal, uniquelocal'), default: '', meaning: 'Addresses or networks of proxies whose `X-Forwarded-…` headers are believed, separated by commas' },
  ALLOWED_HOSTS: { schema: hostList, default: '', meaning: 'Host names by which clients may address the service, besides addresses, names without a dot and the host of `TUBERLENS_PUBLIC_BASE_URL`; `*` is any, as is an empty list where `TUBERLENS_AUTH` is not `none`' },
  CONNECTIONS_PER_ADDRESS: { schema: integer(0, 100_000), default: '256', meaning: 'Connections that one address, other than a trusted proxy, may have open; 0 is no limit' },
} as const satisfies Record<string, Variable>

type Values = z.infer<z.ZodObject<{ [K in keyof typeof accessVariables]: typeof accessVariables[K]['schema'] }>>

/** The issuer of tokens (OpenID Connect, RFC 9068) and what its claims mean here. */
export interface OidcSettings {
  readonly issuer: string
  readonly audience: string
  readonly jwksUrl: string
  readonly algorithms: readonly string[]
  readonly clockSkewS: number
  readonly scopeClaim: string
  readonly scopes: readonly { readonly value: string, readonly scope: Scope }[]
}

export interface AccessConfig {
  /** None: whoever reaches the service may do everything. */
  readonly methods: readonly AuthMethod[]
  readonly clientsFile: string | undefined
  readonly oidc: OidcSettings | undefined
  readonly tls: ServerTlsFiles | undefined
}

/** Who may do what. Adds to the problems, never a value. */
export function accessOf (values: Values & { readonly HOST: string }, problems: string[]): AccessConfig {
  const say = (text: string): void => { problems.push(`TUBERLENS_${text}`) }
  const methods = values.AUTH.filter((method): method is AuthMethod => method !== 'none')
  if (methods.length === 0 && !values.ALLOW_UNAUTHENTICATED && !isLoopback(values.HOST)) {
    say('AUTH must not be none where TUBERLENS_HOST is not a loopback address: choose how clients show who they are, or set TUBERLENS_ALLOW_UNAUTHENTICATED=true')
  }
  const clientsFile = clientsOf(values, methods, say)
  return { methods, clientsFile, oidc: oidcOf(values, methods, say), tls: tlsOf(values, methods, say) }
}

type Say = (text: string) => void

function clientsOf ({ CLIENTS_FILE: path }: Values, methods: readonly AuthMethod[], say: Say): string | undefined {
  const needed = methods.filter(method => method !== 'oidc')
  if (path === undefined) {
    if (needed.length > 0) say(`CLIENTS_FILE is missing: TUBERLENS_AUTH lists ${needed.join(', ')}`)
    return undefined
  }
  if (needed.length === 0) say('CLIENTS_FILE has no meaning without basic, bearer or mtls in TUBERLENS_AUTH')
  let text: string
  try { text = readFileSync(path, 'utf8') } catch {
    say('CLIENTS_FILE names a file that cannot be read')
    return undefined
  }
  try { parseClients(text) } catch (thrown) { say(`CLIENTS_FILE ${toAppError(thrown).message}`) }
  return path
}

function oidcOf (values: Values, methods: readonly AuthMethod[], say: Say): OidcSettings | undefined {
  const { OIDC_ISSUER: issuer, OIDC_AUDIENCE: audience, OIDC_JWKS_URL: jwksUrl } = values
  const given = { OIDC_ISSUER: issuer, OIDC_AUDIENCE: audience, OIDC_JWKS_URL: jwksUrl }
  if (!methods.includes('oidc')) {
    for (const [name, value] of Object.entries(given)) if (value !== undefined) say(`${name} has no meaning without oidc in TUBERLENS_AUTH`)
    return undefined
  }
  for (const [name, value] of Object.entries(given)) if (value === undefined) say(`${name} is missing: TUBERLENS_AUTH lists oidc`)
  // keys that come over an open line are nobody's
  if (jwksUrl?.startsWith('http:') === true && !isLoopback(new URL(jwksUrl).hostname)) say('OIDC_JWKS_URL must be an https URL')
  if (issuer === undefined || audience === undefined || jwksUrl === undefined) return undefined
  const scopes = values.OIDC_SCOPES.map(entry => {
    const [value = '', scope] = entry.split('=')
    return { value, scope: scope as Scope }
  })
  const { OIDC_ALGORITHMS: allowed, OIDC_CLOCK_SKEW_S: clockSkewS, OIDC_SCOPE_CLAIM: scopeClaim } = values
  return { issuer, audience, jwksUrl, algorithms: allowed, clockSkewS, scopeClaim, scopes }
}

function tlsOf (values: Values, methods: readonly AuthMethod[], say: Say): ServerTlsFiles | undefined {
  const { TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile, TLS_CLIENT_CA_FILE: clientCaFile } = values
  if ((certFile === undefined) !== (keyFile === undefined)) say('TLS_CERT_FILE and TUBERLENS_TLS_KEY_FILE go together')
  if (methods.includes('mtls') && (certFile === undefined || clientCaFile === undefined)) {
    say('TLS_CERT_FILE, TUBERLENS_TLS_KEY_FILE and TUBERLENS_TLS_CLIENT_CA_FILE are needed: TUBERLENS_AUTH lists mtls')
  }
  const clientCertificate = values.TLS_CLIENT_CERTIFICATE
  if (clientCertificate === 'required' && clientCaFile === undefined) say('TLS_CLIENT_CERTIFICATE is required without TUBERLENS_TLS_CLIENT_CA_FILE')
  if (certFile === undefined || keyFile === undefined) {
    if (clientCaFile !== undefined) say('TLS_CLIENT_CA_FILE has no meaning without TUBERLENS_TLS_CERT_FILE')
    return undefined
  }
  const files = { certFile, keyFile, clientCaFile, clientCertificate }
  try { readServerTls(files) } catch (thrown) { say(toAppError(thrown).message) }
  return files
}

/** Whether nobody but this machine reaches the address. */
export function isLoopback (host: string): boolean {
  const address = host.replace(/^\[|\]$/g, '')
  return address === 'localhost' || (isIP(address) === 4 && address.startsWith('127.')) || address === '::1'
}

function areAddresses (entries: readonly string[]): boolean {
  try {
    addressList(entries)
    return true
  } catch { return false }
}

const networks: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
}

/** Addresses and networks as a list that can be asked. @throws Error when one is none */
export function addressList (entries: readonly string[]): BlockList {
  const addresses = new BlockList()
  for (const entry of entries.flatMap(name => networks[name] ?? [name])) {
    const [address = '', length, ...more] = entry.split('/')
    const family = isIP(address)
    if (family === 0 || more.length > 0 || (length !== undefined && !/^\d{1,3}$/.test(length))) throw new Error('no address')
    const type = family === 4 ? 'ipv4' : 'ipv6'
    if (length === undefined) addresses.addAddress(address, type)
    else addresses.addSubnet(address, Number(length), type)
  }
  return addresses
}
