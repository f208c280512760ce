import multipart from '@fastify/multipart'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { AppError, toAppError } from '../../errors.ts'
import type { ServiceContext } from '../context.ts'
import { baseUrlOf } from '../dicomweb-url.ts'
import { Reception } from '../reception.ts'
import { receiveAndAnswer } from '../receive-and-answer.ts'
import { defaultBodyPace } from '../slow-body-watchdog.ts'

/** `POST /upload`: DICOM files from a browser's form, kept as if they came by STOW-RS. */
export function uploadRoutes (context: ServiceContext): FastifyPluginAsync {
  const { settings } = context

  async function upload (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    if (!request.isMultipart()) throw new AppError('media-type-unsupported', 'An upload is multipart/form-data')
    if (context.draining.value || !(await context.archive.space()).enough) {
      throw new AppError('out-of-resources', 'The service cannot take more data now')
    }
    const baseUrl = baseUrlOf(request, settings)
    const reception = new Reception({
      archive: context.archive,
      reader: context.reader,
      ignoreReason: context.ignoreReason,
      ineligible: settings.ineligible,
      maxInstanceBytes: settings.maxInstanceBytes,
      issuerOfPatientId: settings.issuerOfPatientId,
      study: undefined,
      baseUrl,
    })
    try {
      return await receiveAndAnswer(request, reply, { context, reception, reading: receiveForm(request, reception), baseUrl })
    } catch (error) {
      await reception.abandon()
      void reply.header('connection', 'close')
      // what the parser of forms throws has no status; its limits have
      throw error instanceof Error && 'statusCode' in error ? error : toAppError(error, 'request-malformed', 'The form is malformed')
    }
  }

  async function receiveForm (request: FastifyRequest, reception: Reception): Promise<void> {
    for await (const { file } of request.files()) {
      // a stream without a listener ends the process when the form breaks off (fastify-multipart #594)
      file.on('error', () => undefined)
      await reception.receive(file)
    }
  }

  return async app => {
    const { maxParts: files, maxInstanceBytes } = settings
    // one byte more than an instance may have: what passes the limit is refused, not cut
    await app.register(multipart, { limits: { files, parts: files, fields: 0, fileSize: maxInstanceBytes + 1, headerPairs: 32 } })
    app.post('/upload', { config: { scope: 'admin' }, handlerTimeout: defaultBodyPace.totalMs + 60_000 }, upload)
  }
}
