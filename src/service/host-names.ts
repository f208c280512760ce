import { isIP } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { AppError } from '../errors.ts'
import type { ServiceSettings } from './settings.ts'

/**
 * Answers to known names alone, so that no page of the internet can make its own name lead here (DNS rebinding) and act in a
 * browser as a page of this service. Addresses, and names without a dot, are nobody's in the public name system.
 */
export function allowHosts (app: FastifyInstance, { allowedHosts, publicBaseUrl }: Pick<ServiceSettings, 'allowedHosts' | 'publicBaseUrl'>): void {
  if (allowedHosts.includes('*')) return
  const names = new Set(allowedHosts.map(name => name.toLowerCase()))
  if (publicBaseUrl !== undefined) names.add(new URL(publicBaseUrl).hostname)
  app.addHook('onRequest', (request, _reply, next) => {
    const name = request.hostname.replace(/^\[|\]$/g, '').toLowerCase()
    const known = isIP(name) !== 0 || !name.includes('.') || name.endsWith('.localhost') || names.has(name)
    next(known ? undefined : new AppError('misdirected', 'The service is not set up for this host name: see TUBERLENS_ALLOWED_HOSTS'))
  })
}
