import type { EventListener, WorkflowEvent } from '../workflow/events.ts'
import type { Logger } from './logging.ts'

/** Events that a person should look at. */
const levels: Partial<Readonly<Record<WorkflowEvent['type'], 'warn' | 'error'>>> = {
  'series-held': 'warn',
  'source-failed': 'warn',
  'job-failed': 'warn',
  'delivery-alert': 'warn',
  'breaker-open': 'warn',
  'destination-missing': 'warn',
  'workitem-unusable': 'warn',
  'worklist-failed': 'warn',
  'worklist-refused': 'warn',
  'webhook-failed': 'warn',
  'webhook-dead': 'error',
  'disk-low': 'error',
  error: 'error',
}

/** One log line for each event of the workflow; they carry no patient data by contract. */
export function logEvents (logger: Logger): EventListener {
  return ({ type, ...fields }) => { logger[levels[type] ?? 'info'](fields, type) }
}
