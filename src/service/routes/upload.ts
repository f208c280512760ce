import type { FastifyPluginAsync } from 'fastify'
import type { ServiceContext } from '../context.ts'
import { baseUrlOf } from '../dicomweb-url.ts'
import { receiveForm, registerForms } from '../form-upload.ts'
import { defaultBodyPace } from '../slow-body-watchdog.ts'
import { sendStoreAnswer } from '../store-answer.ts'

/** `POST /upload`: DICOM files from a browser's form, kept as if they came by STOW-RS. */
export function uploadRoutes (context: ServiceContext): FastifyPluginAsync {
  return async app => {
    await registerForms(app, context.settings)
    app.post('/upload', { handlerTimeout: defaultBodyPace.totalMs + 60_000 }, async (request, reply) =>
      await sendStoreAnswer(request, reply, await receiveForm(request, reply, context), baseUrlOf(request, context.settings)))
  }
}
