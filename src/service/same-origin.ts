import type { FastifyRequest } from 'fastify'
import { AppError } from '../errors.ts'
import type { ServiceSettings } from './settings.ts'

/**
 * Refuses what another site's page makes a browser send: forms need no leave of ours to be posted here, and a browser inside
 * the hospital reaches what its proxy protects. Programs send neither header and pass, unless `fromPage` demands a browser.
 * @throws AppError `forbidden`
 */
export function requireSameOrigin (request: FastifyRequest, settings: Pick<ServiceSettings, 'publicBaseUrl'>, fromPage = false): void {
  const site = request.headers['sec-fetch-site']
  const { origin } = request.headers
  const refuse = (): never => { throw new AppError('forbidden', 'The request comes from another site') }
  // browsers send it to https and localhost only (Fetch Metadata 2)
  if (site !== undefined) {
    if (site !== 'same-origin' && site !== 'none') refuse()
    return
  }
  if (origin === undefined) {
    if (fromPage) refuse()
    return
  }
  const own = [`${request.protocol}://${request.host}`, ...(settings.publicBaseUrl === undefined ? [] : [new URL(settings.publicBaseUrl).origin])]
  if (!own.includes(origin)) refuse()
}
