import { readFileSync } from 'node:fs'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import { AppError } from '../errors.ts'

/** The files of a TLS server. */
export interface ServerTlsFiles {
  readonly certFile: string
  readonly keyFile: string
  /** Issuers of client certificates; without it none is asked for. */
  readonly clientCaFile: string | undefined
  readonly clientCertificate: 'optional' | 'required'
}

/** TLS 1.2 or newer (BCP 195). @throws AppError `config-invalid`, with the variable that is wrong and never what a file holds */
export function readServerTls ({ certFile, keyFile, clientCaFile }: ServerTlsFiles): SecureContextOptions {
  const cert = pem('TLS_CERT_FILE', certFile)
  const key = pem('TLS_KEY_FILE', keyFile)
  const ca = clientCaFile === undefined ? undefined : pem('TLS_CLIENT_CA_FILE', clientCaFile)
  if (ca?.includes('-----BEGIN CERTIFICATE-----') === false) throw new AppError('config-invalid', 'TLS_CLIENT_CA_FILE holds no certificate in PEM form')
  const options = { cert, key, minVersion: 'TLSv1.2', ...(ca !== undefined && { ca }) } as const
  try {
    createSecureContext(options)
  } catch (cause) {
    throw new AppError('config-invalid', 'TLS_CERT_FILE and TUBERLENS_TLS_KEY_FILE are not a certificate and its key in PEM form', {}, { cause })
  }
  return options
}

function pem (name: string, path: string): string {
  try { return readFileSync(path, 'utf8') } catch (cause) {
    throw new AppError('config-invalid', `${name} names a file that cannot be read`, {}, { cause })
  }
}
