import multipart from '@fastify/multipart'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { PartOutcome } from '../dicomweb/store-response.ts'
import { AppError, toAppError } from '../errors.ts'
import type { ServiceContext } from './context.ts'
import { baseUrlOf } from './dicomweb-url.ts'
import { openReception, receiveAll } from './receive-and-answer.ts'
import type { Reception } from './reception.ts'
import type { ServiceSettings } from './settings.ts'

/** Lets the routes of a plugin read forms with files. */
export async function registerForms (app: FastifyInstance, settings: ServiceSettings): Promise<void> {
  const { maxParts: files, maxInstanceBytes } = settings
  // one byte more than an instance may have: what passes the limit is refused, not cut
  await app.register(multipart, { limits: { files, parts: files, fields: 0, fileSize: maxInstanceBytes + 1, headerPairs: 32 } })
}

/**
 * Keeps the files of a form as if they came by STOW-RS; what became of each.
 * @throws AppError `media-type-unsupported`, `out-of-resources`, `request-malformed`, `payload-too-large`; what the parser of forms
 *   throws about its limits, with a status
 */
export async function receiveForm (
  request: FastifyRequest, reply: FastifyReply, context: ServiceContext,
): Promise<PartOutcome[]> {
  const { settings } = context
  if (!request.isMultipart()) throw new AppError('media-type-unsupported', 'An upload is multipart/form-data')
  if (context.draining.value || !(await context.archive.space()).enough) {
    throw new AppError('out-of-resources', 'The service cannot take more data now')
  }
  const reception = openReception(context, undefined, baseUrlOf(request, settings))
  try {
    return await receiveAll(request, { context, reception, reading: readFiles(request, reception) })
  } catch (error) {
    await reception.abandon()
    void reply.header('connection', 'close')
    // what the parser of forms throws has no status; its limits have
    throw error instanceof Error && 'statusCode' in error ? error : toAppError(error, 'request-malformed', 'The form is malformed')
  }
}

async function readFiles (request: FastifyRequest, reception: Reception): Promise<void> {
  for await (const { file } of request.files()) {
    // a stream without a listener ends the process when the form breaks off (fastify-multipart #594)
    file.on('error', () => undefined)
    await reception.receive(file)
  }
}
