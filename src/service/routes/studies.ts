import type { FastifyPluginCallback } from 'fastify'
import { z } from 'zod'
import type { ServiceContext } from '../context.ts'
import { pathUids } from '../dicomweb-url.ts'
import { parseParameters } from '../request-input.ts'

const querySchema = z.strictObject({ force: z.enum(['true', 'false']).default('false') })

/** `DELETE /api/v1/studies/{uid}`: inputs, results and rows go; a tombstone stays, so that retrieval answers 410. */
export function studyRoutes ({ operations }: ServiceContext): FastifyPluginCallback {
  return (app, _options, done) => {
    app.delete('/studies/:study', async (request, reply) => {
      const { force } = parseParameters(querySchema, request)
      await operations.erase(pathUids(request).study!, force === 'true')
      return await reply.code(204).send()
    })
    done()
  }
}
