import { randomUUID } from 'node:crypto'
import type { Server } from 'node:http'
import helmet from '@fastify/helmet'
import Fastify, { LogController, type FastifyBaseLogger, type FastifyError, type FastifyHttpOptions, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { addressList } from '../config/access.ts'
import type { AppError } from '../errors.ts'
import { auditRequests } from './audit-requests.ts'
import { type RegisteredRoute, requireAccess, requireScopes } from './access/require-access.ts'
import { answerClientError } from './client-error.ts'
import type { ServiceContext } from './context.ts'
import { limitConnections } from './connection-limit.ts'
import { allowOrigins } from './cors.ts'
import { refuseCrossSite } from './cross-site.ts'
import { dicomWebRoot } from './dicomweb-url.ts'
import type { Logger } from './logging.ts'
import { errorProblem } from './error-problem.ts'
import { allowHosts } from './host-names.ts'
import { type Problem, problemMediaType, problemOfStatus } from './problems.ts'
import { limitRate } from './rate-limit.ts'
import { capabilityRoutes } from './routes/capabilities.ts'
import { descriptionRoutes } from './routes/description.ts'
import { destinationRoutes } from './routes/destinations.ts'
import { fhirRoutes } from './routes/fhir.ts'
import { frameRoutes } from './routes/frames.ts'
import { healthRoutes } from './routes/health.ts'
import { jobRoutes } from './routes/jobs.ts'
import { metadataRoutes } from './routes/metadata.ts'
import { metricsRoutes } from './routes/metrics.ts'
import { renderedRoutes } from './routes/rendered.ts'
import { retrieveRoutes } from './routes/retrieve.ts'
import { searchRoutes } from './routes/search.ts'
import { selectionRoutes } from './routes/selection.ts'
import { seriesRoutes } from './routes/series.ts'
import { storeRoutes } from './routes/store.ts'
import { studyRoutes } from './routes/studies.ts'
import { statusRoutes } from './routes/status.ts'
import { uploadRoutes } from './routes/upload.ts'
import { wadoUriRoutes } from './routes/wado-uri.ts'
import { workitemRoutes } from './routes/workitems.ts'
import { tlsOptions } from './tls-server.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Every route with its scope. */
    readonly registeredRoutes: readonly RegisteredRoute[]
  }
}

/** Where instances come in. */
const storeRoute = /\/(?:studies|studies\/:study|upload)$/

/** All routes over a context, not listening yet. The caller closes it. */
export async function buildApp (context: ServiceContext, logger: Logger): Promise<FastifyInstance> {
  const loggerInstance: FastifyBaseLogger = logger
  const { settings, access, tls } = context
  const http = { headersTimeout: 15_000, connectionsCheckingInterval: 5_000 }
  const options: FastifyHttpOptions<Server> = {
    loggerInstance,
    // its own lines print the query string, where searches carry patient data
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    bodyLimit: 2 ** 20,
    // a store request may take as long as its bytes need; slow-body-watchdog takes care of it
    requestTimeout: 0,
    connectionTimeout: 120_000,
    handlerTimeout: 30_000,
    maxRequestsPerSocket: 1000,
    http,
    trustProxy: settings.trustProxy.length > 0 ? [...settings.trustProxy] : false,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 256 },
    forceCloseConnections: 'idle',
    // both would answer in Fastify's own form, the second with the path in it
    clientErrorHandler: (error, socket) => {
      logger.debug({ code: error.code }, 'unreadable request')
      answerClientError(error.code, socket)
    },
    frameworkErrors: (error, request, reply) => { answerError(error, request, reply) },
  }
  const app = Fastify(tls === undefined ? options : { ...options, https: { ...http, ...tlsOptions(tls) } } as typeof options)
  limitConnections(app.server, settings.connectionsPerAddress, addressList(settings.trustProxy), () => { logger.debug('too many connections of one address') })
  app.setErrorHandler(answerError)
  app.setNotFoundHandler((request, reply) => { void sendProblem(reply, problemOfStatus(404, request.id)) })
  // stream bodies: bodyLimit does not hold for them, their routes count themselves
  for (const type of [/^multipart\/related(?:;|$)/i, 'application/dicom'] as const) {
    app.addContentTypeParser(type, (_request, payload, done) => { done(null, payload) })
  }
  app.decorate('registeredRoutes', requireScopes(app))
  app.decorateRequest('disclosedStudy', undefined)
  const contentSecurityPolicy = { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } }
  await app.register(helmet, { contentSecurityPolicy, strictTransportSecurity: false })
  app.addHook('onRequest', async (request, reply) => {
    // RFC 6797 7.2: not over an open line
    if (request.protocol === 'https') void reply.header('strict-transport-security', 'max-age=31536000')
  })
  allowHosts(app, settings, access !== undefined)
  allowOrigins(app, settings.corsOrigins)
  refuseCrossSite(app, settings)
  requireAccess(app, access)
  await limitRate(app, settings.rateLimit)
  app.addHook('onSend', async (request, reply) => {
    void reply.header('x-request-id', request.id)
    // a body that is still on its way, and that nobody waits for any more, must not keep the connection
    if (reply.statusCode >= 400 && !request.raw.complete && hasBody(request)) void reply.header('connection', 'close')
  })
  app.addHook('onResponse', async (request, reply) => {
    const { scope } = request.routeOptions.config
    const level = scope === 'anonymous' || scope === 'metrics' ? 'debug' : 'info'
    request.log[level]({ req: request, res: reply, ms: Math.round(reply.elapsedTime) }, 'request')
  })
  app.addHook('onResponse', async (request, reply) => {
    const { url = '' } = request.routeOptions
    if (request.method === 'POST' && storeRoute.test(url)) context.metrics?.stored(reply.statusCode)
  })
  if (context.audit !== undefined) auditRequests(app, context.audit)
  await app.register(healthRoutes(context))
  await app.register(metricsRoutes(context))
  await app.register(descriptionRoutes())
  await app.register(capabilityRoutes(context), { prefix: dicomWebRoot })
  const dicomWeb = [
    storeRoutes, searchRoutes, retrieveRoutes, metadataRoutes, frameRoutes, renderedRoutes, wadoUriRoutes, workitemRoutes,
  ]
  for (const routes of dicomWeb) {
    await app.register(routes(context), { prefix: dicomWebRoot })
  }
  // viewers look for the URI service beside the RESTful one as well as below it
  await app.register(wadoUriRoutes(context))
  await app.register(async api => {
    for (const routes of [uploadRoutes, jobRoutes, seriesRoutes, studyRoutes, fhirRoutes, selectionRoutes, destinationRoutes]) {
      await api.register(routes(context))
    }
  }, { prefix: '/api/v1' })
  await app.register(statusRoutes(context))
  return app
}

function hasBody ({ headers: { 'content-length': length, 'transfer-encoding': encoding } }: FastifyRequest): boolean {
  return encoding !== undefined || (length !== undefined && length !== '0')
}

/** Answers a problem and keeps what the client sent out of it. */
export function sendProblem (reply: FastifyReply, problem: Problem): FastifyReply {
  if (problem.temporary && !reply.hasHeader('retry-after')) void reply.header('retry-after', '30')
  return reply.code(problem.status).type(problemMediaType).send(JSON.stringify(problem))
}

function answerError (error: FastifyError | AppError, request: FastifyRequest, reply: FastifyReply): void {
  void sendProblem(reply, errorProblem(error, request))
}
