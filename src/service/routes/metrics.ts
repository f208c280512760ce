import type { FastifyPluginCallback } from 'fastify'
import { AppError } from '../../errors.ts'
import { showsToken } from '../access/shows-token.ts'
import type { ServiceContext } from '../context.ts'

/**
 * `GET /metrics` for Prometheus. It holds no patient data, yet tells how busy a hospital is: on the port of the service it wants a
 * bearer token of its own, which is read for every request as its file may be renewed, or the scope `admin`. Where there is neither
 * such a token nor authentication, it does not exist.
 */
export function metricsRoutes ({ metrics, metricsToken, access }: Pick<ServiceContext, 'metrics' | 'metricsToken' | 'access'>): FastifyPluginCallback {
  return (app, _options, done) => {
    app.get('/metrics', async (request, reply) => {
      if (metrics === undefined || (metricsToken === undefined && access === undefined)) {
        throw new AppError('not-found', 'Metrics are not served here')
      }
      if (metricsToken === undefined || !showsToken(request.headers.authorization, await metricsToken())) {
        request.principal = await access?.identify(request)
        if (request.principal === undefined) {
          void reply.header('www-authenticate', 'Bearer')
          throw new AppError('unauthorized', 'Metrics want a bearer token')
        }
        if (!request.principal.scopes.has('admin')) throw new AppError('forbidden', 'The credentials do not include the scope admin', { scope: 'admin' })
      }
      return await reply.type(metrics.contentType).send(await metrics.render())
    })
    done()
  }
}
