import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify'
import type { StoredInstance } from '../../archive/archive.ts'
import { negotiate, type Offer, parseAccept } from '../../dicomweb/accept.ts'
import { annotationWarning } from '../../dicomweb/render-parameters.ts'
import { sendingSyntax } from '../../dicomweb/transcode.ts'
import { parseWadoUri, renderParametersOf } from '../../dicomweb/wado-uri.ts'
import { AppError } from '../../errors.ts'
import type { ServiceContext } from '../context.ts'
import { baseUrlOf, queryParameters } from '../dicomweb-url.ts'
import { findByUids } from '../find-instances.ts'
import { instanceBody } from '../instance-body.ts'
import { sendStream } from '../multipart-answer.ts'
import { contentTypeOf, documentOf, framePainter, isDocumentType, renderedTypes } from '../rendered-form.ts'
import { streamTimeoutMs } from './retrieve.ts'

const dicom = 'application/dicom'

/** `GET …/wado`: one instance, as a DICOM file or rendered, by the URI service (PS3.18 9). */
export function wadoUriRoutes (context: ServiceContext): FastifyPluginCallback {
  async function wado (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const wanted = parseWadoUri(queryParameters(request))
    const [stored] = findByUids(context.archive, wanted)
    const { frame, transferSyntax, render: { annotations } } = wanted
    const chosen = negotiate(parseAccept(request.headers.accept, wanted.contentType), offersOf(stored!, frame, transferSyntax))
    if (chosen === undefined) throw new AppError('not-acceptable', 'The instance cannot be had in a media type or transfer syntax that the client accepts')
    const { type } = chosen.offer
    if (type === dicom) {
      const { body, syntax } = await instanceBody(stored!, transferSyntax ?? chosen.transferSyntax, context.decoder)
      void reply.type(`${dicom}; transfer-syntax=${syntax}`).header('content-disposition', 'attachment')
      return await sendStream(request, reply, body)
    }
    if (frame !== undefined && frame > stored!.frameCount) throw new AppError('request-malformed', 'The instance has no such frame')
    const warning = annotationWarning(baseUrlOf(request, context.settings), annotations)
    if (warning !== undefined) void reply.header('warning', warning)
    void reply.type(contentTypeOf(type))
    if (isDocumentType(type)) return await reply.send(Buffer.from(await documentOf(stored!, type)))
    const { rows = 0, columns = 0 } = stored!
    const paint = await framePainter(context, stored!, type)
    return await reply.send(Buffer.from(await paint(frame ?? 1, renderParametersOf(wanted, { rows, columns }))))
  }

  return (app, _options, done) => {
    app.get('/wado', { handlerTimeout: streamTimeoutMs }, wado)
    done()
  }
}

/** The default of the object first: what can be rendered as one thing is, an image of several frames is not. */
function offersOf (stored: StoredInstance, frame: number | undefined, transferSyntax: string | undefined) {
  const rendered = renderedTypes(stored).map(type => ({ type }))
  const inTransferSyntax = (requested: string | undefined): boolean =>
    sendingSyntax(stored.transferSyntaxUid, transferSyntax ?? requested) !== undefined
  const file = { type: dicom, inTransferSyntax } as const
  const single = stored.frameCount <= 1 || frame !== undefined
  return (single ? [...rendered, file] : [file, ...rendered]) satisfies readonly Offer[]
}
