import type { FastifyPluginCallback } from 'fastify'
import { fhirBundle } from '../../report/fhir-bundle.ts'
import type { ServiceContext } from '../context.ts'
import { pathUids } from '../dicomweb-url.ts'

/** `GET /api/v1/studies/{uid}/fhir`: the reports of a study as a Bundle of FHIR R4. */
export function fhirRoutes ({ operations }: ServiceContext): FastifyPluginCallback {
  return (app, _options, done) => {
    app.get('/studies/:study/fhir', async (request, reply) => {
      const { reports, conclusion } = await operations.reports(pathUids(request).study!)
      return await reply.type('application/fhir+json').send(Buffer.from(JSON.stringify(fhirBundle(reports, conclusion))))
    })
    done()
  }
}
