import { readFileSync } from 'node:fs'
import { connect, isIP, type Socket } from 'node:net'
import { connect as connectSecure, type TLSSocket } from 'node:tls'
import { type ConnectionFailure, connectionFailure } from '../../dicomweb/connection-failure.ts'

interface PeerFiles {
  readonly caFile?: string | undefined
  readonly certFile?: string | undefined
  readonly keyFile?: string | undefined
}

/** A server, and what is shown to it and trusted of it; files as PEM. */
export interface Peer {
  readonly host: string
  readonly port: number
  readonly secure: boolean
  readonly tls?: PeerFiles
}

/** What a server showed: until when it is valid, and why it is not trusted, as OpenSSL or Node.js names it. */
export interface PeerCertificate { readonly validFrom: string, readonly validTo: string, readonly distrust: string | undefined }

/** What came of it; a server may show its certificate and then refuse. */
export interface Sight { readonly failure?: ConnectionFailure, readonly certificate?: PeerCertificate }

const patienceMs = 5000
/** A server that misses a client certificate says so after the handshake (RFC 8446 4.4.2.4). */
const lingerMs = 500

/** The server of an http or https URL. */
export function peerOf (url: string, tls: PeerFiles = {}): Peer {
  const { protocol, hostname, port } = new URL(url)
  const secure = protocol === 'https:'
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port === '' ? (secure ? 443 : 80) : port), secure, tls }
}

/** Connects to a server, and over TLS looks at its certificate; sends nothing. */
export async function lookAtPeer (peer: Peer): Promise<Sight> {
  return await new Promise(resolve => {
    const socket = peer.secure ? secureSocket(peer) : connect({ host: peer.host, port: peer.port })
    const end = (sight: Sight): void => {
      clearTimeout(patience)
      socket.destroy()
      resolve(sight)
    }
    const patience = setTimeout(() => { end({ failure: socket.connecting ? 'no-connection' : 'timeout' }) }, patienceMs)
    let certificate: PeerCertificate | undefined
    const refused = (failure: ConnectionFailure): void => { end(certificate === undefined ? { failure } : { failure: 'tls', certificate }) }
    socket.once('error', (error: Error) => { refused(connectionFailure(error)) })
    socket.once('close', () => { refused('broken') })
    socket.once(peer.secure ? 'secureConnect' : 'connect', () => {
      if (!isSecure(socket)) { end({}); return }
      certificate = certificateOf(socket)
      setTimeout(end, lingerMs, { certificate })
    })
    // without a reader the end of the connection is not told of
    socket.resume()
  })
}

function secureSocket ({ host, port, tls = {} }: Peer): TLSSocket {
  const read = (path: string | undefined) => path === undefined ? undefined : readFileSync(path, 'utf8')
  const pems = { ca: read(tls.caFile), cert: read(tls.certFile), key: read(tls.keyFile) }
  return connectSecure({
    host,
    port,
    ...(isIP(host) === 0 && { servername: host }),
    // one that is not trusted is looked at too, to say why; nothing is sent over this connection
    rejectUnauthorized: false,
    ...Object.fromEntries(Object.entries(pems).filter(([, pem]) => pem !== undefined)),
  })
}

function isSecure (socket: Socket): socket is TLSSocket { return 'getPeerCertificate' in socket }

function certificateOf (socket: TLSSocket): PeerCertificate {
  const { valid_from: validFrom, valid_to: validTo } = socket.getPeerCertificate()
  // an Error, although its type does not say so
  const reason = socket.authorizationError as Error & { readonly code?: string } | string | null
  const distrust = socket.authorized ? undefined : typeof reason === 'string' ? reason : reason?.code ?? 'not trusted'
  return { validFrom, validTo, distrust }
}
