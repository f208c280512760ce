import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { AuditEvent, AuditLog, AuditOutcome } from '../archive/audit-log.ts'
import { keywordOf, tagOf } from '../dicom/dictionary.ts'
import { AttemptLimit } from './access/attempt-limit.ts'
import { queryParameters } from './dicomweb-url.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Study whose findings a page or an answer told, where the path does not name it. */
    disclosedStudy: string | undefined
  }
}

/** Routes that search; all others with a study give what they hold of it. */
const searches = /^\/dicom-web\/(?:.*\/)?(?:studies|series|instances|workitems)$/
/** Requests about one workitem, which is an order to this service (UPS-RS); a search for them is a search. */
const orders: readonly (readonly [RegExp, string])[] = [
  [/^POST \/dicom-web\/workitems$/, 'create-workitem'],
  [/^GET \/dicom-web\/workitems\/:workitem$/, 'read-workitem'],
  [/^(?:PUT|POST) \/dicom-web\/workitems\/:workitem\/(?:state|cancelrequest)(?:\/:requester)?$/, 'change-workitem'],
]
/** Names of parameters that are no attributes. */
const parameters = new Set(['limit', 'offset', 'includefield', 'fuzzymatching', 'emptyvaluematching', 'multiplevaluematching', 'accept'])
/** Whether it is a name; anything else may be a value in the wrong place. */
function isName (key: string): boolean {
  const tag = tagOf(key)
  return parameters.has(key) || (tag !== undefined && keywordOf(tag) !== undefined)
}
/** Refusals of one address in a minute that are recorded one by one: who may do nothing must not be able to fill the disk. */
const maxRefusals = 20
/** A user at an address is said to have come once in this time. */
const loginMs = 3_600_000

/**
 * Records who came, what clients looked for, were given, ordered and erased, what administrators did, and what was refused (PS3.15 A.5.3).
 * What they store is recorded where it is committed.
 */
export function auditRequests (app: FastifyInstance, audit: Pick<AuditLog, 'record'>): void {
  const logins = new AttemptLimit(1, loginMs)
  const refusals = new AttemptLimit(maxRefusals, 60_000)
  app.addHook('onResponse', async (request, reply) => {
    const { principal, ip: source } = request
    const who = { ...(principal && { user: principal.name }), source }
    if (principal !== undefined && logins.count(`${principal.method} ${principal.name} ${source}`) === 1) {
      await audit.record({ code: 110114, action: 'login', outcome: 0, ...who, facts: { method: principal.method } })
    }
    const event = eventOf(request, reply.statusCode)
    if (event === undefined) return
    if (event.refusal === true) {
      const count = refusals.count(source)
      if (count > maxRefusals) return
      if (count === maxRefusals) event.event = { code: 110113, action: 'refusals', outcome: 8, facts: { ...event.event.facts, unrecorded: 'within a minute' } }
    }
    await audit.record({ ...event.event, ...who })
  })
}

type RequestEvent = Omit<AuditEvent, 'source' | 'user'>
interface Found { event: RequestEvent, readonly refusal?: true }

function eventOf (request: FastifyRequest, status: number): Found | undefined {
  const route = request.routeOptions.url ?? ''
  const facts = { status, route }
  if (status === 401) return { event: { code: 110114, action: 'login', outcome: 4, facts }, refusal: true }
  if (status === 403 || status === 421) return { event: { code: 110113, action: 'refused', outcome: 4, facts }, refusal: true }
  const guessing = status === 429 && request.principal === undefined && request.headers.authorization !== undefined
  if (guessing) return { event: { code: 110113, action: 'too-many-attempts', outcome: 8, facts }, refusal: true }
  const { study } = request.params as { readonly study?: string }
  if (request.method === 'DELETE' && study !== undefined) {
    return { event: { code: 110105, action: 'delete', outcome: outcomeOf(status), studies: [study], facts } }
  }
  const order = orders.find(([pattern]) => pattern.test(`${request.method} ${route}`))
  if (order !== undefined) return { event: { code: 110109, action: order[1], outcome: outcomeOf(status), facts } }
  if (request.method !== 'GET') {
    const restricted = request.routeOptions.config.scope === 'admin'
    return restricted ? { event: { code: 110113, action: 'restricted-function', outcome: outcomeOf(status), facts } } : undefined
  }
  if (searches.test(route)) {
    return { event: { code: 110112, action: 'query', outcome: outcomeOf(status), facts: { ...facts, keys: keysOf(request) } } }
  }
  const named = study ?? request.disclosedStudy ?? (/\/wado$/.test(route) ? queryParameters(request).get('studyUID') ?? undefined : undefined)
  // not modified, or not there: nothing was given
  if (named === undefined || status >= 300) return undefined
  return { event: { code: 110103, action: 'read', outcome: 0, studies: [named], facts } }
}

function outcomeOf (status: number): AuditOutcome {
  return status < 400 ? 0 : status < 500 ? 4 : 8
}

/** What was searched by, without the values. */
function keysOf (request: FastifyRequest): string {
  return [...new Set([...queryParameters(request).keys()].filter(isName))].sort().join(' ')
}
