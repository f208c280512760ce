import { createHmac } from 'node:crypto'
import { AppError } from '../errors.ts'

const prefix = 'whsec_'
/** Standard Webhooks: 24 to 64 bytes. */
const leastBytes = 24
const mostBytes = 64

/**
 * The secrets of a file, one a line, each `whsec_` and Base64 of 24 to 64 bytes; several while a secret is being replaced.
 * @throws AppError `config-invalid`
 */
export function parseWebhookSecrets (text: string): Buffer[] {
  const lines = text.split(/\s+/).filter(line => line !== '')
  const secrets = lines.map(line => /^whsec_[A-Za-z0-9+/]+={0,2}$/.test(line) ? Buffer.from(line.slice(prefix.length), 'base64') : Buffer.alloc(0))
  if (secrets.length === 0 || secrets.some(({ length }) => length < leastBytes || length > mostBytes)) {
    throw new AppError('config-invalid', `must hold ${prefix} and ${leastBytes} to ${mostBytes} bytes in Base64`)
  }
  return secrets
}

export interface SignedMessage { readonly id: string, readonly timestampS: number, readonly body: string }

/** The headers of a message (Standard Webhooks 1.0): HMAC-SHA256 over id, time and body, one signature for each secret. */
export function webhookHeaders ({ id, timestampS, body }: SignedMessage, secrets: readonly Buffer[]): Record<string, string> {
  const signatures = secrets.map(secret => `v1,${createHmac('sha256', secret).update(`${id}.${timestampS}.${body}`).digest('base64')}`)
  return { 'webhook-id': id, 'webhook-timestamp': String(timestampS), 'webhook-signature': signatures.join(' ') }
}
