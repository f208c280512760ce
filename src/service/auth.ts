import type { FastifyInstance } from 'fastify'
import { AppError } from '../errors.ts'

/** What a route lets a client do. `anonymous` routes tell nothing about patients. */
export type Scope = 'anonymous' | 'read' | 'stow' | 'admin'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Every route declares one; a route without it does not start. */
    readonly scope?: Scope
  }
}

/** One route as it is registered. */
export interface RegisteredRoute { readonly method: string, readonly url: string, readonly scope: Scope }

/**
 * Demands that each route declares its scope. There are no credentials yet: the service listens on loopback unless it is
 * told otherwise, and a proxy in front of it authenticates.
 * @returns the routes, filled as they are registered
 */
export function requireScopes (app: FastifyInstance): readonly RegisteredRoute[] {
  const routes: RegisteredRoute[] = []
  app.addHook('onRoute', route => {
    const scope = route.config?.scope
    if (scope === undefined) throw new AppError('internal', `The route ${route.url} declares no scope`)
    for (const method of [route.method].flat()) routes.push({ method, url: route.url, scope })
  })
  return routes
}
