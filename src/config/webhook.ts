import { readFileSync } from 'node:fs'
import { toAppError } from '../errors.ts'
import { parseWebhookSecrets } from '../workflow/webhook-signature.ts'
import type { WebhookSettings } from '../workflow/webhook.ts'

/** The variables of the webhook, without their prefix, each checked by itself. */
export interface WebhookVariables {
  readonly WEBHOOK_URL?: string | undefined
  readonly WEBHOOK_SECRET_FILE?: string | undefined
}

/** Adds to the problems, never a value. */
export function webhookOf (values: WebhookVariables, problems: string[]): WebhookSettings | undefined {
  const { WEBHOOK_URL: url, WEBHOOK_SECRET_FILE: secretFile } = values
  if ((url === undefined) !== (secretFile === undefined)) problems.push('TUBERLENS_WEBHOOK_URL and TUBERLENS_WEBHOOK_SECRET_FILE go together')
  if (url === undefined || secretFile === undefined) return undefined
  let text: string
  try { text = readFileSync(secretFile, 'utf8') } catch {
    problems.push('TUBERLENS_WEBHOOK_SECRET_FILE names a file that cannot be read')
    return undefined
  }
  try { parseWebhookSecrets(text) } catch (thrown) { problems.push(`TUBERLENS_WEBHOOK_SECRET_FILE ${toAppError(thrown).message}`) }
  return { url, secretFile }
}
