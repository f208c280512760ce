import { Readable } from 'node:stream'
import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify'
import type { StoredInstance } from '../../archive/archive.ts'
import { readInstanceFile } from '../../dicom/read-instance.ts'
import { slicesOf } from '../../dicom/slices.ts'
import { parseFrameList } from '../../dicomweb/frame-media-type.ts'
import { makeBoundary, multipartContentType, type OutgoingPart, writeParts } from '../../dicomweb/multipart-writer.ts'
import { parseRenderParameters, parseThumbnailParameters } from '../../dicomweb/render-parameters.ts'
import { negotiateRendered, type PictureType, renderFrame } from '../../dicomweb/rendered.ts'
import { isSrClass, srDocument } from '../../dicomweb/sr-document.ts'
import { srHtml } from '../../dicomweb/sr-html.ts'
import { srText } from '../../dicomweb/sr-text.ts'
import { AppError } from '../../errors.ts'
import type { ServiceContext } from '../context.ts'
import { acceptOf, baseUrlOf, queryParameters } from '../dicomweb-url.ts'
import { findInstances } from '../find-instances.ts'
import { representative } from '../representative.ts'
import { streamTimeoutMs } from './retrieve.ts'

const pictures: readonly PictureType[] = ['image/jpeg', 'image/png']
const documents = [{ type: 'text/html' }, { type: 'text/plain' }] as const

/** WADO-RS: pictures and readable reports (PS3.18 10.4.1.1.3), and thumbnails (10.4.1.1.4). */
export function renderedRoutes (context: ServiceContext): FastifyPluginCallback {
  async function rendered (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const [stored] = findInstances(context.archive, request)
    const numbers = frameNumbers(request, stored!)
    const parameters = parseRenderParameters(queryParameters(request))
    if (parameters.annotations.length > 0) {
      const text = `The following annotation values are not supported: ${parameters.annotations.join(', ')}`
      void reply.header('warning', `299 ${baseUrlOf(request, context.settings)}: ${text}`)
    }
    if (numbers === undefined && isSrClass(stored!.sopClassUid)) return await answerDocument(request, reply, stored!)
    if (stored!.frameCount === 0) {
      throw new AppError('not-acceptable', 'The instance is neither an image nor a report and has no rendered form')
    }
    // an image of several frames is shown by its first one: the media types that could hold them all are not supported
    const frames = numbers ?? [1]
    const forms = frames.length === 1 ? [false, true] : [true]
    const offers = forms.flatMap(multipart => pictures.map(type => ({ type, multipart })))
    const { header, parameter } = acceptOf(request)
    const { type, multipart } = negotiateRendered(header, parameter, offers).offer
    const slices = slicesOf(await readInstanceFile(stored!.path))
    const render = async (frame: number): Promise<Uint8Array> =>
      await renderFrame(slices[frame - 1]!, parameters, type, context.decoder)
    // drawn before the answer begins, so that its failure has a status
    const first = await render(frames[0]!)
    if (!multipart) return await reply.type(type).send(Buffer.from(first))
    async function * parts (): AsyncGenerator<OutgoingPart> {
      for (const [i, frame] of frames.entries()) {
        yield { headers: { 'Content-Type': type }, body: i === 0 ? first : await render(frame) }
      }
    }
    const boundary = makeBoundary()
    const body = Readable.from(writeParts(parts(), boundary), { objectMode: false })
    return await reply.type(multipartContentType(type, boundary)).send(body)
  }

  async function thumbnail (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const instances = findInstances(context.archive, request)
    const parameters = parseThumbnailParameters(queryParameters(request))
    const { header, parameter } = acceptOf(request)
    const { type } = negotiateRendered(header, parameter, [{ type: 'image/jpeg' as const }]).offer
    const chosen = representative(instances)
    if (chosen === undefined) throw new AppError('pixel-data-missing', 'What the path names holds no image')
    const frame = frameNumbers(request, chosen)?.[0] ?? Math.ceil(chosen.frameCount / 2)
    const instance = await readInstanceFile(chosen.path)
    // a thumbnail carries nothing that identifies the patient (PS3.18 10.4.1.1.4)
    if (instance.attributes.string('BurnedInAnnotation') === 'YES') {
      throw new AppError('pixel-data-missing', 'The image shows burned-in annotation and has no thumbnail')
    }
    const picture = await renderFrame(slicesOf(instance)[frame - 1]!, parameters, type, context.decoder)
    return await reply.type(type).send(Buffer.from(picture))
  }

  return (app, _options, done) => {
    const options = { config: { scope: 'read' }, handlerTimeout: streamTimeoutMs } as const
    const series = '/studies/:study/series/:series'
    const instance = `${series}/instances/:instance`
    for (const level of [instance, `${instance}/frames/:frames`]) app.get(`${level}/rendered`, options, rendered)
    for (const level of ['/studies/:study', series, instance, `${instance}/frames/:frames`]) {
      app.get(`${level}/thumbnail`, options, thumbnail)
    }
    done()
  }
}

/** A report as HTML or text. No value of it can run or load anything: it is escaped, and CSP forbids all sources. */
async function answerDocument (request: FastifyRequest, reply: FastifyReply, { path }: StoredInstance): Promise<FastifyReply> {
  const { header, parameter } = acceptOf(request)
  const { type } = negotiateRendered(header, parameter, documents).offer
  const document = srDocument((await readInstanceFile(path)).attributes)
  return await reply.type(`${type}; charset=utf-8`).send(type === 'text/html' ? srHtml(document) : srText(document))
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
