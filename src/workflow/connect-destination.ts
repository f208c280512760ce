import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import type { Dispatcher } from 'undici'
import type { Destination } from '../dicomweb/destination.ts'
import { TokenSource } from '../dicomweb/oauth2-token.ts'
import { secureDispatcher } from '../dicomweb/secure-dispatcher.ts'
import type { TlsIdentity } from '../dicomweb/secure-dispatcher.ts'
import { AppError, toAppError } from '../errors.ts'
import type { DestinationAuth, DestinationSettings } from './destination-settings.ts'

/** A destination that can be talked to, with its own connections. */
export interface ConnectedDestination extends Destination { close (): Promise<void> }

/**
 * Opens the way to a destination. Certificates are read now; passwords, tokens and client secrets are read again for each use,
 * as their files may be renewed. @throws AppError `config-invalid`
 */
export function connectDestination (settings: DestinationSettings): ConnectedDestination {
  const dispatcher = secureDispatcher(readIdentity(settings.tls))
  return {
    url: settings.url,
    chunked: settings.chunked,
    dispatcher,
    ...credentials(settings.auth, dispatcher),
    close: async () => { await dispatcher.destroy() },
  }
}

/** What is wrong with the files that the settings name, each as `auth.passwordFile cannot be read`; never what is in them. */
export function checkDestinationFiles ({ auth, tls }: DestinationSettings): string[] {
  const problems: string[] = []
  const names = { 'tls.caFile': tls.caFile, 'tls.certFile': tls.certFile, 'tls.keyFile': tls.keyFile, ...secretFiles(auth) }
  for (const [name, path] of Object.entries(names)) {
    if (path === undefined) continue
    try {
      if (readFileSync(path, 'utf8').trim() === '') problems.push(`${name} names an empty file`)
    } catch { problems.push(`${name} names a file that cannot be read`) }
  }
  if (problems.length > 0) return problems
  try {
    readIdentity(tls)
  } catch (thrown) { problems.push(toAppError(thrown).message) }
  return problems
}

function secretFiles (auth: DestinationAuth): Record<string, string> {
  if (auth.kind === 'basic') return { 'auth.passwordFile': auth.passwordFile }
  if (auth.kind === 'bearer') return { 'auth.tokenFile': auth.tokenFile }
  return auth.kind === 'oauth2' ? { 'auth.clientSecretFile': auth.clientSecretFile } : {}
}

function readIdentity ({ caFile, certFile, keyFile }: DestinationSettings['tls']): TlsIdentity {
  const read = (path: string | undefined) => path === undefined ? undefined : readFileSync(path, 'utf8')
  try {
    const identity = { ca: read(caFile), cert: read(certFile), key: read(keyFile) }
    if (identity.ca !== undefined && !identity.ca.includes('-----BEGIN CERTIFICATE-----')) throw new Error('no certificate')
    createSecureContext(identity)
    return identity
  } catch (cause) {
    throw new AppError('config-invalid', 'tls names files that are not certificates and their key in PEM form', {}, { cause })
  }
}

function credentials (auth: DestinationAuth, dispatcher: Dispatcher): Pick<Destination, 'headers' | 'refresh'> {
  if (auth.kind === 'none') return {}
  if (auth.kind === 'basic') {
    const { username, passwordFile } = auth
    const encoded = async () => Buffer.from(`${username}:${await secret(passwordFile)}`).toString('base64')
    return { headers: async () => ({ authorization: `Basic ${await encoded()}` }) }
  }
  if (auth.kind === 'bearer') return { headers: async () => ({ authorization: `Bearer ${await secret(auth.tokenFile)}` }) }
  const { tokenUrl, clientId, clientSecretFile, scope } = auth
  const clientSecret = async () => await secret(clientSecretFile)
  const tokens = new TokenSource({ tokenUrl, clientId, clientSecret, scope, dispatcher })
  return {
    headers: async () => ({ authorization: `Bearer ${await tokens.token()}` }),
    refresh: () => {
      tokens.forget()
      return Promise.resolve()
    },
  }
}

async function secret (path: string): Promise<string> {
  try {
    const text = (await readFile(path, 'utf8')).trim()
    if (text !== '') return text
  } catch { /* told below, like an empty file */ }
  throw new AppError('input-unreadable', 'the file of a secret is empty or cannot be read')
}
