import { Agent, type Dispatcher } from 'undici'

/** PEM texts; what is absent is as Node.js has it. */
export interface TlsIdentity {
  /** Certificates that are trusted, instead of those that come with Node.js. */
  readonly ca?: string | undefined
  /** The client's certificate and its key. */
  readonly cert?: string | undefined
  readonly key?: string | undefined
}

const connectTimeoutMs = 5000

/** Connections to one server, kept open between requests. Certificates are always checked. */
export function secureDispatcher ({ ca, cert, key }: TlsIdentity = {}): Dispatcher {
  const given = Object.fromEntries(Object.entries({ ca, cert, key }).filter(([, pem]) => pem !== undefined))
  return new Agent({ connect: { timeout: connectTimeoutMs, ...given } })
}
