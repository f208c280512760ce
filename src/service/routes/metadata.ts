import { createHash } from 'node:crypto'
import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify'
import type { StoredInstance } from '../../archive/archive.ts'
import { toDicomJson } from '../../dicom/dicom-json.ts'
import { negotiate, parseAccept } from '../../dicomweb/accept.ts'
import { toXml } from '../../dicomweb/dicom-xml.ts'
import type { JsonDataset } from '../../dicomweb/json-model.ts'
import type { OutgoingPart } from '../../dicomweb/multipart-writer.ts'
import { AppError } from '../../errors.ts'
import type { ServiceContext } from '../context.ts'
import { acceptOf, baseUrlOf, instanceUrl } from '../dicomweb-url.ts'
import { findInstances } from '../find-instances.ts'
import { sendParts, sendStream } from '../multipart-answer.ts'
import { readStored } from '../stored-file.ts'
import { streamTimeoutMs } from './retrieve.ts'

const offers = [
  { type: 'application/dicom+json' },
  { type: 'application/json' },
  { type: 'application/dicom+xml', multipart: true },
] as const

/** WADO-RS: metadata of a study, a series or an instance (PS3.18 10.4.1.1.2), one instance after the other. */
export function metadataRoutes (context: ServiceContext): FastifyPluginCallback {
  async function metadata (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const instances = findInstances(context.archive, request)
    const { header, parameter } = acceptOf(request)
    const chosen = negotiate(parseAccept(header, parameter), offers)
    if (chosen === undefined) throw new AppError('not-acceptable', 'Metadata is given as application/dicom+json or application/dicom+xml')
    const base = baseUrlOf(request, context.settings)
    const { type } = chosen.offer
    const etag = etagOf(instances, `${base} ${type}`)
    void reply.header('etag', etag).header('vary', 'accept')
    if (matches(request.headers['if-none-match'], etag)) return await reply.code(304).send()
    if (type === 'application/dicom+xml') return await sendParts(request, reply, type, xmlParts(instances, base))
    return await sendStream(request, reply.type(type), jsonArray(instances, base))
  }

  return (app, _options, done) => {
    const options = { handlerTimeout: streamTimeoutMs } as const
    app.get('/studies/:study/metadata', options, metadata)
    app.get('/studies/:study/series/:series/metadata', options, metadata)
    app.get('/studies/:study/series/:series/instances/:instance/metadata', options, metadata)
    done()
  }
}

async function datasetOf (instance: StoredInstance, base: string): Promise<JsonDataset> {
  const { attributes } = await readStored(instance)
  const url = instanceUrl(base, instance)
  return toDicomJson(attributes, { bulkDataUri: path => `${url}/bulkdata/${path}` })
}

async function * jsonArray (instances: readonly StoredInstance[], base: string): AsyncGenerator<string> {
  let separator = '['
  for (const instance of instances) {
    yield separator + JSON.stringify(await datasetOf(instance, base))
    separator = ','
  }
  yield ']'
}

async function * xmlParts (instances: readonly StoredInstance[], base: string): AsyncGenerator<OutgoingPart> {
  for (const instance of instances) {
    yield { headers: { 'Content-Type': 'application/dicom+xml' }, body: Buffer.from(toXml(await datasetOf(instance, base))) }
  }
}

/** Changes when an instance comes, goes or is replaced, and with the form it is given in. */
function etagOf (instances: readonly StoredInstance[], form: string): string {
  const hash = createHash('sha256').update(form)
  for (const { sopInstanceUid, digest } of instances) hash.update(sopInstanceUid).update(digest)
  return `"${hash.digest('hex').slice(0, 32)}"`
}

/** RFC 9110 13.1.2, weak comparison. */
function matches (ifNoneMatch: string | undefined, etag: string): boolean {
  return ifNoneMatch?.split(',').some(tag => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag) === true
}
