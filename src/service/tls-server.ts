import { X509Certificate } from 'node:crypto'
import type { Server } from 'node:http'
import { Server as TlsServer, type TlsOptions } from 'node:tls'
import { readServerTls, type ServerTlsFiles } from '../config/server-tls.ts'
import { toAppError } from '../errors.ts'
import { fileMark } from './file-mark.ts'
import type { Logger } from './logging.ts'

/** A handshake has this long. */
const handshakeTimeout = 10_000
const lookMs = 10_000
/** When the end of a certificate is told of. */
const warnMs = 14 * 86_400_000

/** What Node's HTTPS server is started with. @throws AppError `config-invalid` */
export function tlsOptions (files: ServerTlsFiles): TlsOptions {
  const asks = files.clientCaFile !== undefined
  return { ...readServerTls(files), handshakeTimeout, requestCert: asks, rejectUnauthorized: asks && files.clientCertificate === 'required' }
}

/** Takes up new certificates for the connections that come then; those that are open stay. */
export class CertificateReload {
  readonly #server: TlsServer
  readonly #files: ServerTlsFiles
  readonly #logger: Logger
  readonly #timer: NodeJS.Timeout
  #mark: string

  /** Looks at the files every ten seconds, or as told. */
  constructor (server: Server, files: ServerTlsFiles, logger: Logger, everyMs = lookMs) {
    if (!(server instanceof TlsServer)) throw new TypeError('not a TLS server')
    this.#server = server
    this.#files = files
    this.#logger = logger
    this.#mark = this.#look()
    this.#warnOfEnd()
    this.#timer = setInterval(() => { if (this.#look() !== this.#mark) this.reload() }, everyMs)
    this.#timer.unref()
  }

  /** Files that cannot be used change nothing and are told of in the log, once for each change. */
  reload (): void {
    this.#mark = this.#look()
    try {
      this.#server.setSecureContext(readServerTls(this.#files))
      this.#logger.info('certificate taken up')
      this.#warnOfEnd()
    } catch (thrown) {
      this.#logger.error({ err: toAppError(thrown) }, 'certificate not taken up: the one before stays')
    }
  }

  stop (): void { clearInterval(this.#timer) }

  #warnOfEnd (): void {
    const leaf = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.exec(String(readServerTls(this.#files).cert))
    const end = Date.parse(new X509Certificate(leaf?.[0] ?? '').validTo)
    if (end - Date.now() < warnMs) this.#logger.warn({ days: Math.floor((end - Date.now()) / 86_400_000) }, 'the certificate of the service ends soon, or has ended')
  }

  #look (): string {
    const { certFile, keyFile, clientCaFile } = this.#files
    return [certFile, keyFile, clientCaFile].map(path => path === undefined ? '' : fileMark(path)).join()
  }
}
