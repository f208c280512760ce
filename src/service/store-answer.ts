import type { FastifyReply, FastifyRequest } from 'fastify'
import { negotiate, parseAccept } from '../dicomweb/accept.ts'
import { toXml } from '../dicomweb/dicom-xml.ts'
import { type PartOutcome, storeResponse, storeStatus, storeWarning } from '../dicomweb/store-response.ts'
import { acceptOf } from './dicomweb-url.ts'

const offers = [{ type: 'application/dicom+json' }, { type: 'application/json' }, { type: 'application/dicom+xml' }] as const

/** The media type that a store request is answered in; `undefined` is 406. */
export function storeAnswerType (header: string | undefined, parameter: string | undefined): typeof offers[number]['type'] | undefined {
  return negotiate(parseAccept(header, parameter), offers)?.offer.type
}

/** Answers a store request by what became of its parts (PS3.18 10.5.3). */
export async function sendStoreAnswer (
  request: FastifyRequest, reply: FastifyReply, outcomes: readonly PartOutcome[], baseUrl: string,
): Promise<FastifyReply> {
  const { header, parameter } = acceptOf(request)
  const type = storeAnswerType(header, parameter) ?? 'application/dicom+json'
  const studies = new Set(outcomes.flatMap(o => o.kind === 'stored' && o.retrieveUrl !== undefined ? [o.studyInstanceUid] : []))
  const studyUrl = studies.size === 1 ? `${baseUrl}/studies/${[...studies].join('')}` : undefined
  const warning = storeWarning(outcomes, baseUrl)
  if (warning !== undefined) void reply.header('warning', warning)
  if (studyUrl !== undefined) void reply.header('location', studyUrl).header('content-location', studyUrl)
  const status = storeStatus(outcomes)
  if (status === 503) void reply.header('retry-after', '30')
  const dataset = storeResponse(outcomes, studyUrl)
  // as bytes: to a text fastify adds `charset`, which JSON does not have (RFC 8259 11) and the Python dicomweb-client does not read
  return await reply.code(status).type(type).send(Buffer.from(type === 'application/dicom+xml' ? toXml(dataset) : JSON.stringify(dataset)))
}
