import type { Readable } from 'node:stream'
import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify'
import { type MediaType, parseMediaType } from '../../dicomweb/media-type.ts'
import { checkBoundary, defaultMultipartLimits, readParts } from '../../dicomweb/multipart-related.ts'
import { AppError } from '../../errors.ts'
import type { ServiceContext } from '../context.ts'
import { acceptOf, baseUrlOf, pathUids } from '../dicomweb-url.ts'
import { MetadataMessage } from '../metadata-message.ts'
import type { Reception } from '../reception.ts'
import { storeAnswerType } from '../store-answer.ts'
import { openReception, receiveAndAnswer } from '../receive-and-answer.ts'
import { defaultBodyPace } from '../slow-body-watchdog.ts'
import { StorePlaces } from '../store-places.ts'

const acceptPost = ['application/dicom', 'application/dicom+json'].flatMap(type => [`multipart/related; type="${type}"`, type]).join(', ')

/** STOW-RS: `POST /studies` and `POST /studies/{study}` (PS3.18 10.5). */
export function storeRoutes (context: ServiceContext): FastifyPluginCallback {
  const { settings } = context
  const places = new StorePlaces(settings.maxConcurrentStores, context.bodyPace ?? defaultBodyPace)

  /** service.md §2.1, in its order, before a byte of the body is read. */
  async function check (request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const space = context.draining.value ? undefined : await context.archive.space()
    if (space?.enough !== true) {
      void reply.header('warning', `299 ${baseUrlOf(request, settings)} "A700: out of resources"`)
      throw new AppError('out-of-resources', 'The service cannot take more data now')
    }
    pathUids(request)
    checkContentType(request, reply, settings.strict)
    const length = Number(request.headers['content-length'] ?? 0)
    const limit = settings.maxRequestBytes
    if (length > limit) throw new AppError('payload-too-large', 'The request is too large', { limit })
    const { header, parameter } = acceptOf(request)
    if (settings.strict && (parameter ?? header ?? '').trim() === '') throw new AppError('not-acceptable', 'The request has no Accept header')
    if (storeAnswerType(header, parameter) === undefined) {
      throw new AppError('not-acceptable', 'A store request is answered with application/dicom+json or application/dicom+xml')
    }
    if (!places.makeRoom()) throw new AppError('out-of-resources', 'Too many store requests at the same time')
  }

  /** Whom it refuses must not send the body. Set only then: Node never again says that a connection ends once the header was removed. */
  async function checkFirst (request: FastifyRequest, reply: FastifyReply): Promise<void> {
    await check(request, reply).catch((error: unknown) => {
      void reply.header('connection', 'close')
      throw error
    })
  }

  async function store (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const baseUrl = baseUrlOf(request, settings)
    const { study } = pathUids(request)
    const reception = openReception(context, study, baseUrl)
    const place = places.take(request)
    try {
      const reading = receiveBody(request, reception)
      return await receiveAndAnswer(request, reply, { context, reception, place, reading, baseUrl })
    } catch (error) {
      await reception.abandon()
      // what follows on this connection is the rest of a body that nobody reads
      void reply.header('connection', 'close')
      throw error
    } finally {
      place.leave()
    }
  }

  async function receiveBody (request: FastifyRequest, reception: Reception): Promise<void> {
    const mediaType = parseMediaType(request.headers['content-type'])
    const body = request.body as Readable
    if (mediaType?.type === 'application/dicom') {
      await reception.receive(single(body, settings.maxRequestBytes))
      return
    }
    if (rootType(mediaType) === 'application/dicom+json') {
      await receiveMetadata(body, mediaType!, reception)
      return
    }
    const boundary = checkBoundary(mediaType?.parameters.get('boundary'), settings.strict)
    const limits = { ...defaultMultipartLimits, requestBytes: settings.maxRequestBytes, parts: settings.maxParts }
    for await (const part of readParts(body, boundary, limits)) {
      const declared = part.headers.get('content-type')
      const type = declared === undefined ? undefined : parseMediaType(declared)?.type
      // the root's type stands for the first part when it names none (RFC 2387 3.1); lenient: for every part
      const readable = type === 'application/dicom' || (declared === undefined && (part.index === 0 || !settings.strict))
      if (readable) await reception.receive(part.body)
      else reception.refuse('wrong-part-type', 'part is not application/dicom')
    }
  }

  /** Metadata and bulk data, or metadata with all of its values in it. */
  async function receiveMetadata (body: Readable, mediaType: MediaType, reception: Reception): Promise<void> {
    const { maxInstanceBytes, maxParts: maxInstances, maxRequestBytes: maxBytes } = settings
    const message = new MetadataMessage({ archive: context.archive, maxInstanceBytes, maxInstances, maxBytes })
    try {
      if (mediaType.type === 'application/dicom+json') await message.metadata(single(body, maxBytes), reception)
      else {
        const boundary = checkBoundary(mediaType.parameters.get('boundary'), settings.strict)
        const limits = { ...defaultMultipartLimits, requestBytes: maxBytes, parts: maxInstances + 1 }
        for await (const part of readParts(body, boundary, limits)) await message.take(part, reception)
      }
      await message.deliver(reception)
    } finally {
      await message.discard()
    }
  }

  return (app, _options, done) => {
    // others read JSON whole
    const json = 'application/dicom+json'
    if (app.hasContentTypeParser(json)) app.removeContentTypeParser(json)
    app.addContentTypeParser(json, (_request, payload, parsed) => { parsed(null, payload) })
    const options = { onRequest: checkFirst, handlerTimeout: defaultBodyPace.totalMs + 60_000 } as const
    app.post('/studies', options, store)
    app.post('/studies/:study', options, store)
    done()
  }
}

function checkContentType (request: FastifyRequest, reply: FastifyReply, strict: boolean): void {
  const mediaType = parseMediaType(request.headers['content-type'])
  const encoding = request.headers['content-encoding']
  const root = rootType(mediaType)
  if ((encoding !== undefined && encoding.trim().toLowerCase() !== 'identity') || (root !== 'application/dicom' && root !== 'application/dicom+json')) {
    void reply.header('accept-post', acceptPost)
    throw new AppError('media-type-unsupported',
      'A store request is application/dicom or application/dicom+json, alone or in multipart/related, and not encoded')
  }
  if (mediaType?.type === 'multipart/related') checkBoundary(mediaType.parameters.get('boundary'), strict)
}

/** What a message is of: its own type, or that of the root of a multipart message; DICOM when that names none. */
function rootType (mediaType: MediaType | undefined): string | undefined {
  if (mediaType?.type !== 'multipart/related') return mediaType?.type
  const root = mediaType.parameters.get('type')
  return root === undefined ? 'application/dicom' : parseMediaType(root)?.type
}

/** The body of a single-part request; a connection that breaks is `interrupted`. */
async function * single (body: Readable, limit: number): AsyncGenerator<Uint8Array> {
  let bytes = 0
  try {
    for await (const chunk of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
      bytes += chunk.length
      if (bytes > limit) break
      yield chunk
    }
  } catch (cause) {
    throw new AppError('interrupted', 'The sender closed the connection before the message was complete', {}, { cause })
  }
  if (bytes > limit) throw new AppError('payload-too-large', 'The request is too large', { limit })
}
