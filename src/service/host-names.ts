import { isIP } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { AppError } from '../errors.ts'
import type { ServiceSettings } from './settings.ts'

/**
 * Answers to known names alone where nobody is asked who they are, so that no page of the internet can make its own name lead here
 * (DNS rebinding) and act in a browser as a page of this service. Addresses, and names without a dot, are nobody's in the public
 * name system. With authentication such a page gains nothing: under its own name a browser has neither password nor token to send,
 * and TLS, which client certificates need, fails for another name. Then names are looked at only where they are listed.
 */
export function allowHosts (
  app: FastifyInstance, { allowedHosts, publicBaseUrl }: Pick<ServiceSettings, 'allowedHosts' | 'publicBaseUrl'>, authenticates: boolean,
): void {
  if (allowedHosts.includes('*') || (authenticates && allowedHosts.length === 0)) return
  const names = new Set(allowedHosts.map(name => name.toLowerCase()))
  if (publicBaseUrl !== undefined) names.add(new URL(publicBaseUrl).hostname)
  app.addHook('onRequest', (request, _reply, next) => {
    const name = request.hostname.replace(/^\[|\]$/g, '').toLowerCase()
    const known = isIP(name) !== 0 || !name.includes('.') || name.endsWith('.localhost') || names.has(name)
    next(known ? undefined : new AppError('misdirected', 'The service is not set up for this host name: see TUBERLENS_ALLOWED_HOSTS'))
  })
}
