import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify'
import type { Instance } from '../../dicom/instance.ts'
import { negotiate, parseAccept } from '../../dicomweb/accept.ts'
import { bulkData } from '../../dicomweb/bulk-data.ts'
import { frameMediaTypes, parseFrameList } from '../../dicomweb/frame-media-type.ts'
import type { OutgoingPart } from '../../dicomweb/multipart-writer.ts'
import { explicitLittleEndian, nativeFrame, sendingSyntax } from '../../dicomweb/transcode.ts'
import { AppError } from '../../errors.ts'
import { parseRange } from '../byte-range.ts'
import type { ServiceContext } from '../context.ts'
import { acceptOf } from '../dicomweb-url.ts'
import { findInstances } from '../find-instances.ts'
import { sendParts } from '../multipart-answer.ts'
import { readStored } from '../stored-file.ts'
import { streamTimeoutMs } from './retrieve.ts'

const octets = 'application/octet-stream'

/** WADO-RS: frames and bulk data of one instance (PS3.18 10.4.1.1.5, 10.4.1.1.6). */
export function frameRoutes (context: ServiceContext): FastifyPluginCallback {
  async function frames (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const numbers = parseFrameList((request.params as { frames: string }).frames)
    if (numbers === undefined) throw new AppError('request-malformed', 'The frame list is not a list of numbers from 1')
    const [stored] = findInstances(context.archive, request)
    if (numbers.some(number => number > stored!.frameCount)) throw new AppError('not-found', 'The instance has no such frame')
    const { header, parameter } = acceptOf(request)
    const chosen = negotiate(parseAccept(header, parameter), offersOf(stored!.transferSyntaxUid, numbers.length))
    if (chosen === undefined) throw new AppError('not-acceptable', 'Frames cannot be had in any form that the client accepts')
    const { type, multipart } = chosen.offer
    const instance = await readStored(stored!)
    const syntax = type === octets ? explicitLittleEndian : stored!.transferSyntaxUid
    const read = async (number: number): Promise<Uint8Array> => type === octets
      ? await nativeFrame(instance, number, context.decoder)
      : await instance.pixelData.frame(number)
    // the first frame is decoded before the answer begins, so that its failure has a status
    const first = await read(numbers[0]!)
    const contentType = `${type}; transfer-syntax=${syntax}`
    if (!multipart) return await reply.type(contentType).send(Buffer.from(first))
    async function * parts (): AsyncGenerator<OutgoingPart> {
      for (const [i, number] of numbers!.entries()) {
        yield { headers: { 'Content-Type': contentType }, body: i === 0 ? first : await read(number) }
      }
    }
    return await sendParts(request, reply, type, parts())
  }

  async function bulk (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const [stored] = findInstances(context.archive, request)
    const { header, parameter } = acceptOf(request)
    const offers = [{ type: octets, multipart: false }, { type: octets, multipart: true }]
    const chosen = negotiate(parseAccept(header, parameter), offers)
    if (chosen === undefined) throw new AppError('not-acceptable', 'Bulk data is given as application/octet-stream')
    const instance: Instance = await readStored(stored!)
    const value = await bulkData(instance, (request.params as { '*': string })['*'], context.decoder)
    if (chosen.offer.multipart) {
      return await sendParts(request, reply, octets, [{ headers: { 'Content-Type': octets }, body: value }])
    }
    void reply.type(octets).header('accept-ranges', 'bytes').header('content-disposition', 'attachment')
    const range = parseRange(request.headers.range, value.length)
    if (range === 'unsatisfiable') return await reply.code(416).header('content-range', `bytes */${value.length}`).send()
    if (range === undefined) return await reply.send(Buffer.from(value))
    const { first, last } = range
    void reply.code(206).header('content-range', `bytes ${first}-${last}/${value.length}`)
    return await reply.send(Buffer.from(value.subarray(first, last + 1)))
  }

  return (app, _options, done) => {
    const options = { handlerTimeout: streamTimeoutMs } as const
    const instance = '/studies/:study/series/:series/instances/:instance'
    app.get(`${instance}/frames/:frames`, options, frames)
    app.get(`${instance}/bulkdata/*`, options, bulk)
    done()
  }
}

/** Native pixels, and the codestreams as they are stored; one frame may stand without a multipart around it. */
function offersOf (stored: string, count: number) {
  const encoded = frameMediaTypes(stored)
  const native = (requested: string | undefined): boolean =>
    (requested === undefined || requested === '*' || requested === explicitLittleEndian) && sendingSyntax(stored, undefined) !== undefined
  const asStored = (requested: string | undefined): boolean => requested === undefined || requested === '*' || requested === stored
  return [true, ...(count === 1 ? [false] : [])].flatMap(multipart => [
    { type: octets, multipart, inTransferSyntax: native },
    ...encoded.map(type => ({ type, multipart, inTransferSyntax: asStored })),
  ])
}
