import type { DestinationStream, Logger } from 'pino'
import { pino } from 'pino'

export type { Logger } from 'pino'

/**
 * The log of the service: JSON lines. A request is its id, method and route pattern; neither URL nor query nor header,
 * as they hold UIDs, patient data and credentials; the parser of forms would log all headers. Errors are code, facts and stack.
 */
export function createLogger (options: { readonly level: string, readonly destination?: DestinationStream }): Logger {
  const settings = {
    level: options.level,
    base: null,
    formatters: { level: (label: string) => ({ level: label }) },
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { req: requestFields, res: responseFields, err: errorFields, busboyOptions: () => '(hidden)' },
  }
  return options.destination === undefined ? pino(settings) : pino(settings, options.destination)
}

interface LoggedRequest {
  readonly id?: unknown
  readonly method?: unknown
  readonly routeOptions?: { readonly url?: string | undefined }
}

function requestFields (request: LoggedRequest): Record<string, unknown> {
  return { id: request.id, method: request.method, route: request.routeOptions?.url ?? 'unknown' }
}

function responseFields (reply: { readonly statusCode?: unknown }): Record<string, unknown> {
  return { status: reply.statusCode }
}

/** Messages of foreign errors may repeat input (a path, a value), so only those of our own class are logged. */
function errorFields (error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error }
  const own = error.name === 'AppError'
  const code: unknown = 'code' in error ? error.code : undefined
  const facts: unknown = 'facts' in error ? error.facts : undefined
  return {
    type: error.name,
    ...(own ? { message: error.message, facts } : {}),
    ...(typeof code === 'string' ? { code } : {}),
    stack: (error.stack ?? '').split('\n').filter(line => /^\s+at /.test(line)).join('\n'),
    ...(error.cause === undefined ? {} : { cause: errorFields(error.cause) }),
  }
}
