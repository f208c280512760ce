import type { FastifyInstance, FastifyRequest } from 'fastify'
import { dicomWebRoot } from './dicomweb-url.ts'

/** What a page may send, beyond what every page may, and read of an answer. */
const methods = 'GET, HEAD, POST, PUT, DELETE, OPTIONS'
const requestHeaders = 'Accept, Authorization, Content-Type, If-None-Match, Range'
const answerHeaders = 'Content-Location, Content-Range, ETag, Location, Retry-After, Warning, X-Request-Id'
const preflightSeconds = 600

/**
 * Lets web pages of these origins use the DICOMweb services (Fetch standard, CORS protocol); with none, nothing changes.
 * A preflight is answered here, before anything asks for credentials, which browsers never send with it.
 */
export function allowOrigins (app: FastifyInstance, origins: readonly string[]): void {
  if (origins.length === 0) return
  const allowed = new Set(origins)
  app.addHook('onRequest', (request, reply, next) => {
    if (!isShared(request) || !isPreflight(request)) { next(); return }
    if (allowed.has(request.headers.origin ?? '')) {
      void reply.headers({
        'access-control-allow-methods': methods,
        'access-control-allow-headers': requestHeaders,
        'access-control-max-age': preflightSeconds,
      })
    }
    void reply.code(204).send()
  })
  app.addHook('onSend', (request, reply, _payload, next) => {
    if (isShared(request)) {
      // whatever the origin is, a cache must not give the answer to another one
      void reply.header('vary', [reply.getHeader('vary') ?? [], 'origin'].flat().join(', '))
      const { origin } = request.headers
      if (origin !== undefined && allowed.has(origin)) {
        void reply.header('access-control-allow-origin', origin).header('access-control-expose-headers', answerHeaders)
      }
    }
    next()
  })
}

/** The operations API and the status page are for pages of the service itself. */
export function isShared ({ url }: FastifyRequest): boolean {
  return new RegExp(`^(${dicomWebRoot}|/wado)(?:[/?]|$)`).test(url)
}

function isPreflight ({ method, headers }: FastifyRequest): boolean {
  return method === 'OPTIONS' && headers.origin !== undefined && headers['access-control-request-method'] !== undefined
}
