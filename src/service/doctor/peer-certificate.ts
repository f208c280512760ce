import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { connect } from 'node:tls'
import type { DestinationSettings } from '../../workflow/destination-settings.ts'

/** What a server showed: until when it is valid, and why it is not trusted, as OpenSSL or Node.js names it. */
export interface PeerCertificate { readonly validFrom: string, readonly validTo: string, readonly distrust: string | undefined }

const patienceMs = 5000

/** Looks at a server's certificate without sending anything; `undefined` where none was shown. */
export async function peerCertificate ({ url, tls }: Pick<DestinationSettings, 'url' | 'tls'>): Promise<PeerCertificate | undefined> {
  const { hostname, port } = new URL(url)
  const host = hostname.replace(/^\[|\]$/g, '')
  const read = (path: string | undefined) => path === undefined ? undefined : readFileSync(path, 'utf8')
  const pems = { ca: read(tls.caFile), cert: read(tls.certFile), key: read(tls.keyFile) }
  const files = Object.entries(pems).filter(([, pem]) => pem !== undefined)
  return await new Promise(resolve => {
    const socket = connect({
      host,
      port: Number(port === '' ? 443 : port),
      ...(isIP(host) === 0 && { servername: host }),
      // one that is not trusted is looked at too, to say why; nothing is sent over this connection
      rejectUnauthorized: false,
      ...Object.fromEntries(files),
    })
    const end = (found: PeerCertificate | undefined): void => {
      socket.destroy()
      resolve(found)
    }
    socket.setTimeout(patienceMs, () => { end(undefined) })
    socket.once('error', () => { end(undefined) })
    socket.once('secureConnect', () => {
      const { valid_from: validFrom, valid_to: validTo } = socket.getPeerCertificate()
      // an Error, although its type does not say so
      const reason = socket.authorizationError as Error & { readonly code?: string } | string | null
      const distrust = socket.authorized ? undefined : typeof reason === 'string' ? reason : reason?.code ?? 'not trusted'
      end({ validFrom, validTo, distrust })
    })
  })
}
