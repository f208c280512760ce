import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify'
import { negotiate, parseAccept } from '../../dicomweb/accept.ts'
import type { OutgoingPart } from '../../dicomweb/multipart-writer.ts'
import { refuseMixture } from '../../dicomweb/rendered.ts'
import { sendingSyntax } from '../../dicomweb/transcode.ts'
import { AppError } from '../../errors.ts'
import type { ServiceContext } from '../context.ts'
import { acceptOf, baseUrlOf, instanceUrl } from '../dicomweb-url.ts'
import { findInstances } from '../find-instances.ts'
import { instanceBody } from '../instance-body.ts'
import { sendParts, sendStream } from '../multipart-answer.ts'

/** Streams may take long; the watch over them is the socket's. */
export const streamTimeoutMs = 30 * 60_000

/** WADO-RS: instances of a study, a series, or one (PS3.18 10.4.1.1.1). */
export function retrieveRoutes (context: ServiceContext): FastifyPluginCallback {
  async function retrieve (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const instances = findInstances(context.archive, request)
    const { header, parameter } = acceptOf(request)
    const ranges = parseAccept(header, parameter)
    refuseMixture(ranges)
    const inTransferSyntax = (requested: string | undefined): boolean =>
      instances.every(instance => sendingSyntax(instance.transferSyntaxUid, requested) !== undefined)
    const single = 'instance' in (request.params as object) ? [{ type: 'application/dicom', multipart: false, inTransferSyntax }] : []
    const chosen = negotiate(ranges, [{ type: 'application/dicom', multipart: true, inTransferSyntax }, ...single])
    if (chosen === undefined) throw new AppError('not-acceptable', 'Instances cannot be had in a media type or transfer syntax that the client accepts')
    const { offer, transferSyntax } = chosen
    const base = baseUrlOf(request, context.settings)
    if (!offer.multipart) {
      const { body, syntax } = await instanceBody(instances[0]!, transferSyntax, context.decoder)
      void reply.type(`application/dicom; transfer-syntax=${syntax}`).header('content-disposition', 'attachment')
      return await sendStream(request, reply, body)
    }
    async function * parts (): AsyncGenerator<OutgoingPart> {
      for (const instance of instances) {
        const { body, syntax } = await instanceBody(instance, transferSyntax, context.decoder)
        const headers = { 'Content-Type': `application/dicom; transfer-syntax=${syntax}`, 'Content-Location': instanceUrl(base, instance) }
        yield { headers, body }
      }
    }
    return await sendParts(request, reply, 'application/dicom', parts())
  }

  return (app, _options, done) => {
    const options = { handlerTimeout: streamTimeoutMs } as const
    app.get('/studies/:study', options, retrieve)
    app.get('/studies/:study/series/:series', options, retrieve)
    app.get('/studies/:study/series/:series/instances/:instance', options, retrieve)
    done()
  }
}
