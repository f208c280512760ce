import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify'
import type { StoredInstance } from '../../archive/archive.ts'
import { negotiate, parseAccept } from '../../dicomweb/accept.ts'
import { parseFrameList } from '../../dicomweb/frame-media-type.ts'
import type { OutgoingPart } from '../../dicomweb/multipart-writer.ts'
import { annotationWarning, parseRenderParameters, parseThumbnailParameters, type RenderParameters } from '../../dicomweb/render-parameters.ts'
import { negotiateRendered, placementOf, refuseMixture } from '../../dicomweb/rendered.ts'
import { AppError } from '../../errors.ts'
import type { ServiceContext } from '../context.ts'
import { acceptOf, baseUrlOf, instanceUrl, queryParameters } from '../dicomweb-url.ts'
import { findInstances } from '../find-instances.ts'
import { sendParts } from '../multipart-answer.ts'
import { contentTypeOf, documentOf, framePainter, isDocumentType, pictureTypes, renderedForm, renderedTypes } from '../rendered-form.ts'
import { representative } from '../representative.ts'
import { readStored } from '../stored-file.ts'
import { streamTimeoutMs } from './retrieve.ts'

/** WADO-RS: pictures and readable reports (PS3.18 10.4.1.1.3), and thumbnails (10.4.1.1.4). */
export function renderedRoutes (context: ServiceContext): FastifyPluginCallback {
  function parametersOf (request: FastifyRequest, reply: FastifyReply): RenderParameters {
    const parameters = parseRenderParameters(queryParameters(request))
    const warning = annotationWarning(baseUrlOf(request, context.settings), parameters.annotations)
    if (warning !== undefined) void reply.header('warning', warning)
    return parameters
  }

  async function instance (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const [stored] = findInstances(context.archive, request)
    const numbers = frameNumbers(request, stored!)
    const parameters = parametersOf(request, reply)
    const { header, parameter } = acceptOf(request)
    const documentTypes = renderedTypes(stored!).filter(isDocumentType)
    if (numbers === undefined && documentTypes.length > 0) {
      const { type } = negotiateRendered(header, parameter, documentTypes.map(type => ({ type }))).offer
      return await reply.type(contentTypeOf(type)).send(Buffer.from(await documentOf(stored!, type)))
    }
    if (stored!.frameCount === 0) {
      throw new AppError('not-acceptable', 'The instance is neither an image nor a report and has no rendered form')
    }
    const frames = numbers ?? [1]
    const forms = frames.length === 1 ? [false, true] : [true]
    const offers = forms.flatMap(multipart => pictureTypes.map(type => ({ type, multipart })))
    const { type, multipart } = negotiateRendered(header, parameter, offers).offer
    const paint = await framePainter(context, stored!, type)
    // drawn before the answer begins, so that its failure has a status
    const first = await paint(frames[0]!, parameters)
    if (!multipart) return await reply.type(type).send(Buffer.from(first))
    async function * parts (): AsyncGenerator<OutgoingPart> {
      for (const [i, frame] of frames.entries()) {
        yield { headers: { 'Content-Type': type }, body: i === 0 ? first : await paint(frame, parameters) }
      }
    }
    return await sendParts(request, reply, type, parts())
  }

  /** A part for each instance that has a form the client accepts; one picture alone would be another resource (10.4.4). */
  async function group (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const instances = findInstances(context.archive, request)
    const parameters = parametersOf(request, reply)
    const { header, parameter } = acceptOf(request)
    const ranges = parseAccept(header, parameter)
    refuseMixture(ranges)
    const forms = instances.flatMap(stored => {
      const chosen = negotiate(ranges, renderedTypes(stored).map(type => ({ type, multipart: true })))
      return chosen === undefined ? [] : [{ stored, type: chosen.offer.type }]
    })
    const [first] = forms
    if (first === undefined) throw new AppError('not-acceptable', 'Nothing here can be had as a part in a form that the client accepts')
    for (const { stored: { rows, columns }, type } of forms) {
      if (type.startsWith('image/') && rows !== undefined && columns !== undefined) {
        placementOf(parameters, { rows, columns }, context.settings.renderMaxPixels)
      }
    }
    const drawn = await renderedForm(context, first.stored, first.type, parameters)
    const base = baseUrlOf(request, context.settings)
    async function * parts (): AsyncGenerator<OutgoingPart> {
      for (const { stored, type } of forms) {
        const headers = { 'Content-Type': contentTypeOf(type), 'Content-Location': `${instanceUrl(base, stored)}/rendered` }
        yield { headers, body: stored === first!.stored ? drawn : await renderedForm(context, stored, type, parameters) }
      }
    }
    return await sendParts(request, reply, first.type, parts())
  }

  async function thumbnail (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const instances = findInstances(context.archive, request)
    const parameters = parseThumbnailParameters(queryParameters(request))
    const { header, parameter } = acceptOf(request)
    const { type } = negotiateRendered(header, parameter, [{ type: 'image/jpeg' as const }]).offer
    const chosen = representative(instances)
    if (chosen === undefined) throw new AppError('pixel-data-missing', 'What the path names holds no image')
    const frame = frameNumbers(request, chosen)?.[0] ?? Math.ceil(chosen.frameCount / 2)
    // a thumbnail carries nothing that identifies the patient (PS3.18 10.4.1.1.4)
    if ((await readStored(chosen)).attributes.string('BurnedInAnnotation') === 'YES') {
      throw new AppError('pixel-data-missing', 'The image shows burned-in annotation and has no thumbnail')
    }
    const picture = await (await framePainter(context, chosen, type))(frame, parameters)
    return await reply.type(type).send(Buffer.from(picture))
  }

  return (app, _options, done) => {
    const options = { handlerTimeout: streamTimeoutMs } as const
    const study = '/studies/:study'
    const series = `${study}/series/:series`
    const one = `${series}/instances/:instance`
    for (const level of [study, series]) app.get(`${level}/rendered`, options, group)
    for (const level of [one, `${one}/frames/:frames`]) app.get(`${level}/rendered`, options, instance)
    for (const level of [study, series, one, `${one}/frames/:frames`]) app.get(`${level}/thumbnail`, options, thumbnail)
    done()
  }
}

/** The frames that the path names; `undefined` when it names none. @throws AppError `request-malformed`, `not-found` */
function frameNumbers (request: FastifyRequest, { frameCount }: StoredInstance): number[] | undefined {
  const { frames } = request.params as { readonly frames?: string }
  if (frames === undefined) return undefined
  const numbers = parseFrameList(frames)
  if (numbers === undefined) throw new AppError('request-malformed', 'The frame list is not a list of numbers from 1')
  if (numbers.some(number => number > frameCount)) throw new AppError('not-found', 'The instance has no such frame')
  return numbers
}
