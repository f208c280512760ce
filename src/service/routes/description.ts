import { readFile } from 'node:fs/promises'
import type { FastifyPluginCallback } from 'fastify'

/** At the root of the package, three folders up from the sources as from the built files. */
const file = new URL('../../../openapi.yaml', import.meta.url)

/** `GET /openapi.yaml`: the description of the service as it is in the package (media type: RFC 9512). */
export function descriptionRoutes (): FastifyPluginCallback {
  return (app, _options, done) => {
    app.get('/openapi.yaml', async (_request, reply) =>
      await reply.type('application/yaml').send(await readFile(file, 'utf8')))
    done()
  }
}
