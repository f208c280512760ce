import { AppError } from '../errors.ts'
import { isPasswordHash } from './password-hash.ts'
import { isScope, type Scope } from './scope.ts'

/** What proves a client: a password, a token, the SHA-256 of its certificate, or the certificate's subject. */
export type ClientSecret =
  | { readonly kind: 'password', readonly hash: string }
  /** SHA-256 in hexadecimal: a token is long and random, so nothing slower is needed. */
  | { readonly kind: 'token', readonly sha256: string }
  | { readonly kind: 'certificate', readonly sha256: string }
  /** Its parts in the form of RFC 4514, sorted. */
  | { readonly kind: 'subject', readonly parts: readonly string[] }

/** One line of the file of clients. */
export interface Client { readonly name: string, readonly scopes: readonly Scope[], readonly secret: ClientSecret }

/** Names go into the audit trail. A colon would end the user of basic authentication (RFC 7617). */
export const clientName = /^[\w.@-]{1,64}$/
const hex = /^[0-9a-f]{64}$/i

/**
 * The clients of a file: a line each, `name scopes kind:secret`, scopes separated by commas. Empty lines and those that begin
 * with # are none. A name may have several lines, while a secret is being replaced.
 * @throws AppError `config-invalid` that tells the line and nothing of what it holds
 */
export function parseClients (text: string): readonly Client[] {
  const clients = text.split(/\r?\n/).flatMap((line, i): Client[] => {
    if (/^\s*(#.*)?$/.test(line)) return []
    const [, name = '', list = '', kind = '', secret = ''] = /^\s*(\S+)\s+(\S+)\s+(\w+):(.*?)\s*$/.exec(line) ?? []
    const scopes = list.split(',')
    const proof = secretOf(kind, secret)
    const wrong = (what: string): never => { throw new AppError('config-invalid', `line ${i + 1} ${what}`, { line: i + 1 }) }
    if (name === '') wrong('is not a name, scopes and a secret')
    if (!clientName.test(name)) wrong('must begin with a name of 1 to 64 letters, digits, dots, hyphens, underscores and @')
    if (!scopes.every(isScope)) wrong('must name scopes among stow, read, admin')
    return [{ name, scopes: scopes.filter(isScope), secret: proof ?? wrong('holds no secret that tuberlens credential made, and no certificate') }]
  })
  if (clients.length === 0) throw new AppError('config-invalid', 'names no client')
  return clients
}

function secretOf (kind: string, secret: string): ClientSecret | undefined {
  if (kind === 'password' && isPasswordHash(secret)) return { kind, hash: secret }
  if (kind === 'token' && hex.test(secret)) return { kind, sha256: secret.toLowerCase() }
  const fingerprint = secret.replace(/:/g, '')
  if (kind === 'certificate' && hex.test(fingerprint)) return { kind, sha256: fingerprint.toLowerCase() }
  const parts = subjectParts(secret)
  if (kind === 'subject' && parts.length > 0 && parts.every(part => /^[A-Za-z][\w.]*=./.test(part))) return { kind, parts }
  return undefined
}

/** `CN=pacs,O=Hospital` in its parts, sorted; a comma behind a backslash parts nothing. */
export function subjectParts (subject: string): readonly string[] {
  return (subject.match(/(?:\\.|[^,\\])+/g) ?? []).map(part => part.trim()).filter(part => part !== '').sort()
}
