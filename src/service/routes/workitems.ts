import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify'
import { isUid, type Uid } from '../../dicom/uid.ts'
import { negotiate, parseAccept } from '../../dicomweb/accept.ts'
import { toXml } from '../../dicomweb/dicom-xml.ts'
import { parseMediaType } from '../../dicomweb/media-type.ts'
import { parseJson } from '../../dicomweb/parse-json.ts'
import { parseQuery, queryWarnings } from '../../dicomweb/query.ts'
import { parseNewWorkitem, parseStateChange, workitemDataset } from '../../dicomweb/workitem.ts'
import { workitemAttributes } from '../../dicomweb/workitem-search.ts'
import { AppError, toAppError } from '../../errors.ts'
import type { ChangeOutcome } from '../../workflow/workitems.ts'
import type { ServiceContext } from '../context.ts'
import { acceptOf, baseUrlOf, queryParameters } from '../dicomweb-url.ts'

const json = 'application/dicom+json'
const offers = [{ type: json }, { type: 'application/json' }, { type: 'application/dicom+xml' }] as const
const searchOffers = [{ type: json }, { type: 'application/json' }] as const

/** What the Warning of PS3.18 11.7.3.2 and 11.8.3.2 says of each outcome. */
const warnings: Partial<Readonly<Record<ChangeOutcome, string>>> = {
  'already-completed': 'The UPS is already in the requested state of COMPLETED.',
  'already-canceled': 'The UPS is already in the requested state of CANCELED.',
  'no-such-state': 'The submitted request is inconsistent with the state of the UPS Instance.',
  'transaction-missing': 'The Transaction UID is missing.',
  'transaction-incorrect': 'The Transaction UID is incorrect.',
  inconsistent: 'The submitted request is inconsistent with the state of the UPS Instance.',
}

/** UPS-RS (PS3.18 11): workitems that clients create, and the jobs as workitems. */
export function workitemRoutes (context: ServiceContext): FastifyPluginCallback {
  const { workitems, settings } = context

  async function create (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const step = parseNewWorkitem(request.body)
    const named = namedUid(request)
    if (named !== undefined && step.uid !== undefined && named !== step.uid) {
      throw new AppError('request-malformed', 'The UID of the query is not the SOPInstanceUID of the workitem', { attribute: 'SOPInstanceUID' })
    }
    const uid = workitems.create({ ...step, uid: named ?? step.uid })
    context.onStored()
    return await reply.code(201).header('location', `${baseUrlOf(request, settings)}/workitems/${uid}`).send()
  }

  async function retrieve (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const item = workitems.get(pathUid(request))
    if (item === undefined) throw notFound()
    const { header, parameter } = acceptOf(request)
    const type = negotiate(parseAccept(header, parameter), offers)?.offer.type
    if (type === undefined) throw new AppError('not-acceptable', 'A workitem is given as application/dicom+json or application/dicom+xml')
    const dataset = workitemDataset(item)
    return await reply.type(type).send(type === 'application/dicom+xml' ? toXml(dataset) : JSON.stringify([dataset]))
  }

  async function search (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { header, parameter } = acceptOf(request)
    const type = negotiate(parseAccept(header, parameter), searchOffers)?.offer.type
    if (type === undefined) throw new AppError('not-acceptable', 'A search of workitems is answered with application/dicom+json')
    const query = parseQuery(queryParameters(request), workitemAttributes)
    const { items, more } = workitems.search(query.matches, query.limit, query.offset)
    const texts = queryWarnings(baseUrlOf(request, settings), query, { total: 0, rows: 0 })
    if (texts.length > 0) void reply.header('warning', texts)
    if (items.length === 0) return await reply.code(204).send()
    return await reply.code(more ? 206 : 200).type(type).send(JSON.stringify(items.map(workitemDataset)))
  }

  async function answer (
    request: FastifyRequest, reply: FastifyReply, outcome: ChangeOutcome, success: 200 | 202,
  ): Promise<FastifyReply> {
    const text = warnings[outcome]
    if (text !== undefined) void reply.header('warning', `299 ${baseUrlOf(request, settings)}: ${text}`)
    switch (outcome) {
      case 'changed':
      case 'already-completed':
      case 'already-canceled':
        return await reply.code(success).send()
      case 'not-found': throw notFound()
      case 'gone': throw new AppError('gone', 'The workitem was here and has been removed')
      case 'no-such-state': throw new AppError('request-malformed', 'ProcedureStepState is none of IN PROGRESS, COMPLETED and CANCELED')
      case 'transaction-missing': throw new AppError('request-malformed', 'TransactionUID is missing')
      case 'transaction-incorrect': throw new AppError('request-malformed', 'TransactionUID is not that of the performer')
      case 'inconsistent': throw new AppError('conflict', 'The request does not fit the state of the workitem')
    }
  }

  async function changeState (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    return await answer(request, reply, workitems.changeState(pathUid(request), parseStateChange(request.body)), 200)
  }

  async function requestCancel (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    return await answer(request, reply, workitems.requestCancel(pathUid(request)), 202)
  }

  return (app, _options, done) => {
    for (const type of [json, 'application/json']) {
      if (app.hasContentTypeParser(type)) app.removeContentTypeParser(type)
      app.addContentTypeParser(type, { parseAs: 'string' }, (_request, body, parsed) => {
        try {
          parsed(null, body === '' ? undefined : parseJson(String(body)))
        } catch (thrown) {
          parsed(toAppError(thrown))
        }
      })
    }
    app.addHook('onRequest', (request, _reply, next) => {
      const given = request.headers['content-type']
      const type = parseMediaType(given)?.type
      const wrong = given !== undefined && type !== json && type !== 'application/json'
      next(wrong ? new AppError('media-type-unsupported', 'A workitem is sent as application/dicom+json') : undefined)
    })
    app.get('/workitems', search)
    app.post('/workitems', create)
    app.get('/workitems/:workitem', retrieve)
    app.put('/workitems/:workitem/state', changeState)
    app.post('/workitems/:workitem/cancelrequest', requestCancel)
    // dcm4chee's clients end these paths with their AE title
    app.put('/workitems/:workitem/state/:requester', changeState)
    app.post('/workitems/:workitem/cancelrequest/:requester', requestCancel)
    app.post('/workitems/:workitem', notSupported('Workitems cannot be updated'))
    app.post('/workitems/:workitem/subscribers/:subscriber', notSupported('There are no subscriptions: ask for the workitem again'))
    app.delete('/workitems/:workitem/subscribers/:subscriber', notSupported('There are no subscriptions'))
    done()
  }
}

function notSupported (message: string): () => never {
  return () => { throw new AppError('not-implemented', message) }
}

function pathUid (request: FastifyRequest): Uid {
  const { workitem = '' } = request.params as Readonly<Record<string, string>>
  if (!isUid(workitem)) throw new AppError('uid-invalid', 'The workitem of the path is not a valid UID', { length: workitem.length })
  return workitem
}

/** The UID of a new workitem in the query: alone as PS3.18 11.4.1.2 has it, or named as clients do. */
function namedUid (request: FastifyRequest): Uid | undefined {
  for (const [name, value] of queryParameters(request)) {
    if (value === '' && isUid(name)) return name
    if (name !== 'workitem' && name !== 'AffectedSOPInstanceUID') continue
    if (!isUid(value)) throw new AppError('uid-invalid', 'The workitem of the query is not a valid UID', { length: value.length })
    return value
  }
  return undefined
}

function notFound (): AppError { return new AppError('not-found', 'There is no workitem with this UID') }
