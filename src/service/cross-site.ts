import type { FastifyInstance } from 'fastify'
import { isShared } from './cors.ts'
import { requireSameOrigin } from './same-origin.ts'
import type { ServiceSettings } from './settings.ts'

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Lets no page of another site change anything: a browser adds a password, a client certificate, or its place in the network by
 * itself. Pages of the origins that are listed may use the DICOMweb services.
 */
export function refuseCrossSite (app: FastifyInstance, settings: Pick<ServiceSettings, 'publicBaseUrl' | 'corsOrigins'>): void {
  const listed = new Set(settings.corsOrigins)
  app.addHook('onRequest', (request, _reply, next) => {
    const fromListed = isShared(request) && listed.has(request.headers.origin ?? '')
    if (!safeMethods.has(request.method) && !fromListed) requireSameOrigin(request, settings)
    next()
  })
}
