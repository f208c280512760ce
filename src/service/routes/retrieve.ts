import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify'
import type { StoredInstance } from '../../archive/archive.ts'
import { negotiate, parseAccept } from '../../dicomweb/accept.ts'
import { makeBoundary, multipartContentType, type OutgoingPart, writeParts } from '../../dicomweb/multipart-writer.ts'
import { explicitLittleEndianFile, sendingSyntax } from '../../dicomweb/transcode.ts'
import { AppError } from '../../errors.ts'
import type { ServiceContext } from '../context.ts'
import { acceptOf, baseUrlOf, instanceUrl } from '../dicomweb-url.ts'
import { findInstances } from '../find-instances.ts'

interface Opened { readonly body: AsyncIterable<Uint8Array>, readonly syntax: string }

/** Streams may take long; the watch over them is the socket's. */
export const streamTimeoutMs = 30 * 60_000

/** WADO-RS: instances of a study, a series, or one (PS3.18 10.4.1.1.1). */
export function retrieveRoutes (context: ServiceContext): FastifyPluginCallback {
  async function retrieve (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const instances = findInstances(context.archive, request)
    const { header, parameter } = acceptOf(request)
    const ranges = parseAccept(header, parameter)
    const inTransferSyntax = (requested: string | undefined): boolean =>
      instances.every(instance => sendingSyntax(instance.transferSyntaxUid, requested) !== undefined)
    const single = 'instance' in (request.params as object) ? [{ type: 'application/dicom', multipart: false, inTransferSyntax }] : []
    const chosen = negotiate(ranges, [{ type: 'application/dicom', multipart: true, inTransferSyntax }, ...single])
    if (chosen === undefined) throw new AppError('not-acceptable', 'Instances cannot be had in a media type or transfer syntax that the client accepts')
    const base = baseUrlOf(request, context.settings)
    if (!chosen.offer.multipart) {
      const [instance] = instances
      const { body, syntax } = await open(instance!, chosen.transferSyntax)
      return await reply.type(`application/dicom; transfer-syntax=${syntax}`)
        .header('content-disposition', 'attachment').send(Readable.from(body, { objectMode: false }))
    }
    async function * parts (): AsyncGenerator<OutgoingPart> {
      for (const instance of instances) {
        const { body, syntax } = await open(instance, chosen!.transferSyntax)
        const headers = { 'Content-Type': `application/dicom; transfer-syntax=${syntax}`, 'Content-Location': instanceUrl(base, instance) }
        yield { headers, body }
      }
    }
    const boundary = makeBoundary()
    return await reply.type(multipartContentType('application/dicom', boundary)).send(Readable.from(writeParts(parts(), boundary), { objectMode: false }))
  }

  async function open (instance: StoredInstance, requested: string | undefined): Promise<Opened> {
    const syntax = sendingSyntax(instance.transferSyntaxUid, requested) ?? instance.transferSyntaxUid
    const body = syntax === instance.transferSyntaxUid
      ? createReadStream(instance.path) as AsyncIterable<Uint8Array>
      : Readable.from(await explicitLittleEndianFile(instance.path, context.decoder))
    return { body, syntax }
  }

  return (app, _options, done) => {
    const options = { config: { scope: 'read' }, handlerTimeout: streamTimeoutMs } as const
    app.get('/studies/:study', options, retrieve)
    app.get('/studies/:study/series/:series', options, retrieve)
    app.get('/studies/:study/series/:series/instances/:instance', options, retrieve)
    done()
  }
}
