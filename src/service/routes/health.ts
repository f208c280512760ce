import type { FastifyPluginCallback } from 'fastify'
import type { ServiceContext } from '../context.ts'
import { checkReadiness } from '../readiness.ts'

/** `GET /livez`: the event loop turns. `GET /readyz`: the service can do its work, or why not. `GET /startupz`: it has started. */
export function healthRoutes (context: ServiceContext): FastifyPluginCallback {
  return (app, _options, done) => {
    app.get('/livez', (_request, reply) => reply.send({ status: 'ok' }))

    app.get('/readyz', async (request, reply) => {
      const checks = await checkReadiness(context, request.log)
      const ok = checks.every(check => check.ok)
      const { analysis } = context
      return await reply.code(ok ? 200 : 503).send({ status: ok ? 'ready' : 'not ready', checks, ...(analysis && { analysis }) })
    })

    // nothing listens before what the last process left is taken up and the model is loaded
    app.get('/startupz', (_request, reply) => reply.send({ status: 'started' }))
    done()
  }
}
