import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { makeBoundary, multipartContentType, type OutgoingPart, writeParts } from '../dicomweb/multipart-writer.ts'

/**
 * Answers with a multipart/related message whose root part is of `type`, part after part. A part that fails ends the
 * connection without a close delimiter. HEAD gets the header alone, and nothing is read for it.
 */
export async function sendParts (
  request: FastifyRequest, reply: FastifyReply, type: string, parts: AsyncIterable<OutgoingPart> | Iterable<OutgoingPart>,
): Promise<FastifyReply> {
  const boundary = makeBoundary()
  return await sendStream(request, reply.type(multipartContentType(type, boundary)), writeParts(parts, boundary))
}

/** Answers with a body of unknown length; HEAD gets the header alone. */
export async function sendStream (
  request: FastifyRequest, reply: FastifyReply, body: AsyncIterable<Uint8Array | string>,
): Promise<FastifyReply> {
  return await reply.send(Readable.from(request.method === 'HEAD' ? [] : body, { objectMode: false }))
}
