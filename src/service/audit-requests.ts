import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { AuditEvent, AuditLog, AuditOutcome } from '../archive/audit-log.ts'
import { queryParameters } from './dicomweb-url.ts'

/** Routes that search; all others below /dicom-web with a study give what they hold of it. */
const searches = /\/(?:studies|series|instances|workitems)$/
/** Names of attributes and of parameters; anything else may be a value in the wrong place. */
const keyName = /^(?:[0-9A-Fa-f]{8}|[A-Za-z]{1,64})$/

/**
 * Records what clients looked for, were given, and erased, and what was refused to them (PS3.15 A.5.3.3, .5, .9, .11, .12). What they
 * store is recorded where it is committed.
 */
export function auditRequests (app: FastifyInstance, audit: Pick<AuditLog, 'record'>): void {
  app.addHook('onResponse', async (request, reply) => {
    const event = eventOf(request, reply.statusCode)
    if (event !== undefined) await audit.record({ ...event, source: request.ip })
  })
}

type RequestEvent = Omit<AuditEvent, 'source'>

function eventOf (request: FastifyRequest, status: number): RequestEvent | undefined {
  const route = request.routeOptions.url ?? ''
  const facts = { status, route }
  if (status === 401) return { code: 110114, action: 'login', outcome: 4, facts }
  if (status === 403) return { code: 110113, action: 'refused', outcome: 4, facts }
  const { study } = request.params as { readonly study?: string }
  if (request.method === 'DELETE' && study !== undefined) {
    return { code: 110105, action: 'delete', outcome: outcomeOf(status), studies: [study], facts }
  }
  if (request.method !== 'GET' || !/\/(?:dicom-web|wado)\b/.test(route)) return undefined
  if (searches.test(route)) return { code: 110112, action: 'query', outcome: outcomeOf(status), facts: { ...facts, keys: keysOf(request) } }
  const named = study ?? queryParameters(request).get('studyUID') ?? undefined
  // not modified, or not there: nothing was given
  if (named === undefined || status >= 300) return undefined
  return { code: 110103, action: 'read', outcome: 0, studies: [named], facts }
}

function outcomeOf (status: number): AuditOutcome {
  return status < 400 ? 0 : status < 500 ? 4 : 8
}

/** What was searched by, without the values. */
function keysOf (request: FastifyRequest): string {
  return [...new Set([...queryParameters(request).keys()].filter(key => keyName.test(key)))].sort().join(' ')
}
