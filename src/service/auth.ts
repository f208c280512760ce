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

/**
 * Demands that each route declares its scope. There are no credentials yet: the service listens on loopback unless it is
 * told otherwise, and a proxy in front of it authenticates.
 */
export function requireScopes (app: FastifyInstance): void {
  app.addHook('onRoute', route => {
    if (route.config?.scope === undefined) throw new AppError('internal', `The route ${route.url} declares no scope`)
  })
}
