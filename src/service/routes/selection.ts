import type { FastifyPluginCallback } from 'fastify'
import { parseJson } from '../../dicomweb/parse-json.ts'
import { toAppError } from '../../errors.ts'
import type { ServiceContext } from '../context.ts'
import { dryRun, instancesFromJson } from '../dry-run.ts'

const dicomJson = 'application/dicom+json'
/** The metadata of a large series: 1,000 instances of 16 KiB. They are judged in the event loop. */
const maxBytes = 16 * 2 ** 20

/** `POST /api/v1/selection/dry-run`: which of these instances would be analysed, and why not the others. Nothing is kept. */
export function selectionRoutes (context: ServiceContext): FastifyPluginCallback {
  return (app, _options, done) => {
    // a form of another site can send it without asking
    app.removeContentTypeParser('text/plain')
    if (!app.hasContentTypeParser(dicomJson)) {
      app.addContentTypeParser(dicomJson, { parseAs: 'string', bodyLimit: maxBytes }, (_request, text, parsed) => {
        try {
          parsed(null, parseJson(String(text)))
        } catch (thrown) {
          parsed(toAppError(thrown))
        }
      })
    }
    app.post('/selection/dry-run', { bodyLimit: maxBytes }, (request, reply) =>
      reply.send(dryRun(instancesFromJson(request.body), context.ignoreReason)))
    done()
  }
}
