import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify'
import { negotiate, parseAccept } from '../../dicomweb/accept.ts'
import { capabilities, toWadl } from '../../dicomweb/capabilities.ts'
import { AppError } from '../../errors.ts'
import type { ServiceContext } from '../context.ts'
import { acceptOf, baseUrlOf, dicomWebRoot } from '../dicomweb-url.ts'

const wadl = 'application/vnd.sun.wadl+xml'
const offers = [{ type: 'application/json' }, { type: wadl }] as const

/** `OPTIONS /dicom-web/`: what the DICOMweb service has (PS3.18 8.9), from the routes themselves. */
export function capabilityRoutes (context: ServiceContext): FastifyPluginCallback {
  async function describe (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { header, parameter } = acceptOf(request)
    const type = negotiate(parseAccept(header, parameter), offers)?.offer.type
    if (type === undefined) throw new AppError('not-acceptable', 'Capabilities are given as application/json or application/vnd.sun.wadl+xml')
    const routes = request.server.registeredRoutes
      .filter(({ method, url }) => url.startsWith(`${dicomWebRoot}/`) && method !== 'HEAD' && method !== 'OPTIONS')
      .map(({ method, url }) => ({ method, path: url.slice(dicomWebRoot.length).replace(/:(\w+)/g, '{$1}').replace('*', '{path}') }))
    const description = capabilities(baseUrlOf(request, context.settings), routes)
    return await reply.type(type).send(type === wadl ? toWadl(description) : JSON.stringify(description))
  }

  return (app, _options, done) => {
    app.options('/', { prefixTrailingSlash: 'no-slash' }, describe)
    done()
  }
}
