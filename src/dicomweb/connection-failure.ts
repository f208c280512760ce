import { AppError } from '../errors.ts'

/** Why a request got no complete answer: what a person would look at first. */
export type ConnectionFailure =
  | 'unknown-host' // the name cannot be resolved
  | 'no-connection' // nobody listens, or the network is down
  | 'certificate' // expired, not trusted, or made for another host
  | 'tls' // the handshake failed otherwise, for example without the client certificate that is asked for
  | 'timeout' // connected, and no answer in time
  | 'broken' // the connection ended within the exchange
  | 'credentials' // the secret cannot be read, or no token is issued

/** Codes of Node's resolver, sockets and OpenSSL (x509 verify errors), and of undici; first that matches. */
const rules: readonly (readonly [RegExp, ConnectionFailure])[] = [
  [/^(ENOTFOUND|EAI_\w+)$/, 'unknown-host'],
  [/^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN|EADDRNOTAVAIL|ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT)$/, 'no-connection'],
  [/^(CERT_\w+|ERR_TLS_CERT_\w+|\w*SELF_SIGNED_CERT\w*|UNABLE_TO_\w+|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED|HOSTNAME_MISMATCH)$/, 'certificate'],
  [/^(ERR_SSL_\w+|ERR_TLS_\w+|EPROTO)$/, 'tls'],
  [/^(UND_ERR_HEADERS_TIMEOUT|UND_ERR_BODY_TIMEOUT)$/, 'timeout'],
]

/** What an error of a request means. */
export function connectionFailure (thrown: unknown): ConnectionFailure {
  if (thrown instanceof AppError) return thrown.code === 'remote-unreachable' ? 'no-connection' : 'credentials'
  if (!(thrown instanceof Error)) return 'broken'
  if (thrown.name === 'TimeoutError') return 'timeout'
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : ''
  return rules.find(([pattern]) => pattern.test(code))?.[1] ?? 'broken'
}

/** The same in words, to go behind a colon. */
export const failureTexts: Readonly<Record<ConnectionFailure, string>> = {
  'unknown-host': 'the name of the server cannot be resolved',
  'no-connection': 'no connection to the server',
  certificate: 'the certificate of the server has expired, is not trusted, or is for another host',
  tls: 'the server and this one could not agree on a secure connection, perhaps for want of a client certificate',
  timeout: 'the server did not answer in time',
  broken: 'the server broke the connection off',
  credentials: 'the secret cannot be read, or no token was issued for it',
}
