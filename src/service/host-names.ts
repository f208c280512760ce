import { isIP } from 'node:net'
import type { FastifyInstance, FastifyRequest } from 'fastify'
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
  app.addHook('onRequest', (request, _reply, next) => {
    next(isWellAddressed(request) ? undefined : new AppError('request-malformed', 'The request names no host, or not one'))
  })
  if (allowedHosts.includes('*') || (authenticates && allowedHosts.length === 0)) return
  const names = new Set(allowedHosts.map(name => name.toLowerCase()))
  if (publicBaseUrl !== undefined) names.add(new URL(publicBaseUrl).hostname)
  app.addHook('onRequest', (request, _reply, next) => {
    const name = request.hostname.replace(/^\[|\]$/g, '').toLowerCase()
    const known = isIP(name) !== 0 || !name.includes('.') || name.endsWith('.localhost') || names.has(name)
    next(known ? undefined : new AppError('misdirected', 'The service is not set up for this host name: see TUBERLENS_ALLOWED_HOSTS'))
  })
}

/**
 * One host, in the form of RFC 3986 3.2.2 (RFC 9112 3.2), as a proxy may go by another one of two than this service. HTTP/1.0, which some
 * load balancers speak to ask whether it is alive, needs none.
 */
function isWellAddressed ({ host, raw }: FastifyRequest): boolean {
  const given = raw.rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host').length
  if (given === 0 && raw.httpVersion === '1.0') return true
  const port = /^(?:[\w.-]+|\[[\dA-Fa-f:.]+\])(?::(\d{1,5}))?$/.exec(host)
  return given <= 1 && port !== null && Number(port[1] ?? 0) <= 65_535
}
