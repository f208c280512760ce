import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { AuthMethod } from '../../config/access.ts'
import { AppError } from '../../errors.ts'
import type { Authenticator } from './authenticator.ts'
import type { Principal } from './principal.ts'
import { type RouteScope, scopeOf } from './route-scopes.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** From the table of scopes. */
    scope?: RouteScope
  }
  interface FastifyRequest {
    /** Who the request comes from; absent where nobody is asked. */
    principal: Principal | undefined
  }
}

/** One route as it is registered. */
export interface RegisteredRoute { readonly method: string, readonly url: string, readonly scope: RouteScope }

/**
 * Gives each route the scope that the table has for it. @throws AppError `internal`, at the start, when it has none
 * @returns the routes, filled as they are registered
 */
export function requireScopes (app: FastifyInstance): readonly RegisteredRoute[] {
  const routes: RegisteredRoute[] = []
  app.addHook('onRoute', route => {
    for (const method of [route.method].flat()) {
      const scope = scopeOf(method, route.url)
      if (scope === undefined) throw new AppError('internal', `The route ${method} ${route.url} is not in the table of scopes`)
      route.config = { ...route.config, scope }
      routes.push({ method, url: route.url, scope })
    }
  })
  return routes
}

/**
 * Lets in who may, before anything of a body is read (service.md §2.1). What is not `anonymous` wants credentials, also where
 * there is no such route.
 * @param authenticator without one, whoever reaches the service may do everything
 */
export function requireAccess (app: FastifyInstance, authenticator: Authenticator | undefined): void {
  app.decorateRequest('principal', undefined)
  if (authenticator === undefined) return
  const { methods } = authenticator
  app.addHook('onRequest', async (request, reply) => {
    const { scope } = request.routeOptions.config
    // the metrics have a token of their own, which their route looks at
    if (scope === 'anonymous' || scope === 'metrics') return
    try {
      request.principal = await authenticator.identify(request)
      if (request.principal === undefined) {
        void reply.header('www-authenticate', challenges(methods, request))
        throw new AppError('unauthorized', 'The request shows no credentials that are known here')
      }
      if (scope === undefined || request.principal.scopes.has(scope)) return
      if (request.principal.method === 'oidc') void reply.header('www-authenticate', `Bearer realm="tuberlens", error="insufficient_scope", scope="${scope}"`)
      throw new AppError('forbidden', `The credentials do not include the scope ${scope}`, { scope })
    } catch (thrown) {
      refuse(request, reply, thrown)
      throw thrown
    }
  })
}

/** What is not read of a body must not be taken for the next request. */
function refuse (request: FastifyRequest, reply: FastifyReply, thrown: unknown): void {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers
  if (encoding !== undefined || (length !== undefined && length !== '0')) void reply.header('connection', 'close')
  const wait = thrown instanceof AppError ? thrown.facts['retryAfterS'] : undefined
  if (wait !== undefined) void reply.header('retry-after', String(wait))
}

/** How to show who one is (RFC 9110 11.6.1), each way on a line of its own. */
function challenges (methods: readonly AuthMethod[], request: FastifyRequest): string[] {
  const bearer = /^bearer /i.test(request.headers.authorization ?? '') ? 'Bearer realm="tuberlens", error="invalid_token"' : 'Bearer realm="tuberlens"'
  return [
    ...(methods.includes('basic') ? ['Basic realm="tuberlens", charset="UTF-8"'] : []),
    ...(methods.includes('bearer') || methods.includes('oidc') ? [bearer] : []),
    // a certificate has no scheme of its own, and an answer 401 must name one
    ...(methods.join() === 'mtls' ? ['Client-Certificate realm="tuberlens"'] : []),
  ]
}
