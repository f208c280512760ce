import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyPluginCallback } from 'fastify'
import { AppError } from '../../errors.ts'
import type { Metrics } from '../metrics.ts'

/**
 * `GET /metrics` for Prometheus. It holds no patient data, yet tells how busy a hospital is: on the port of the service it wants a
 * bearer token, and does not exist without one.
 * @param token read for every request, as its file may be renewed; `undefined`: not served here
 */
export function metricsRoutes (metrics: Metrics | undefined, token: (() => Promise<string>) | undefined): FastifyPluginCallback {
  return (app, _options, done) => {
    app.get('/metrics', { config: { scope: 'anonymous' } }, async (request, reply) => {
      if (metrics === undefined || token === undefined) throw new AppError('not-found', 'Metrics are not served here')
      if (!isSame(request.headers.authorization, `Bearer ${await token()}`)) {
        void reply.header('www-authenticate', 'Bearer')
        throw new AppError('unauthorized', 'Metrics want a bearer token')
      }
      return await reply.type(metrics.contentType).send(await metrics.render())
    })
    done()
  }
}

/** In a time that tells nothing about the token. */
function isSame (given: string | undefined, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given ?? ''), digest(wanted))
}
