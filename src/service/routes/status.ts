import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { type JobState, jobStates } from '../../archive/job-table.ts'
import { seriesStates } from '../../archive/series-table.ts'
import { parseUid } from '../../dicom/uid.ts'
import type { ServiceContext } from '../context.ts'
import { pathUids } from '../dicomweb-url.ts'
import { dryRun } from '../dry-run.ts'
import { receiveForm, registerForms } from '../form-upload.ts'
import { errorProblem } from '../error-problem.ts'
import { checkReadiness } from '../readiness.ts'
import { studyOf } from '../job-detail.ts'
import { parseParameters, pathJob } from '../request-input.ts'
import { requireSameOrigin } from '../same-origin.ts'
import { defaultBodyPace } from '../slow-body-watchdog.ts'
import { destinationsPage } from '../status/destinations-page.ts'
import { jobPage } from '../status/job-page.ts'
import { jobsPage } from '../status/jobs-page.ts'
import type { Site } from '../status/layout.ts'
import { overviewPage } from '../status/overview-page.ts'
import { problemPage } from '../status/problem-page.ts'
import { script } from '../status/script.ts'
import { selectionPage } from '../status/selection-page.ts'
import { seriesListPage } from '../status/series-list.ts'
import { seriesPage } from '../status/series-page.ts'
import { style } from '../status/style.ts'
import { uploadPage } from '../status/upload-page.ts'
import { trialInstances } from '../trial-files.ts'

/** Rows of one page of a list, and of a table of the overview. */
const pageRows = 50
const overviewRows = 10

const jobsQuery = z.strictObject({ state: z.enum(jobStates).optional(), cursor: z.coerce.number().int().min(1).optional() })
const seriesQuery = z.strictObject({
  state: z.enum(seriesStates).optional(), offset: z.coerce.number().int().min(0).max(1_000_000).default(0),
})
const jobQuery = z.strictObject({ done: z.enum(['retry', 'cancel']).optional() })
const findQuery = z.strictObject({ uid: z.string() })

/** No script, style or picture but our own, no frame around it, and forms that go nowhere else. */
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; " +
  "base-uri 'none'; frame-ancestors 'none'"

const upload = { handlerTimeout: defaultBodyPace.totalMs + 60_000 }

/** The status page: server-rendered, for people, in a browser with or without JavaScript. */
export function statusRoutes (context: ServiceContext): FastifyPluginAsync {
  const { operations, settings } = context

  // only the configuration knows of a path before ours
  const root = settings.publicBaseUrl === undefined ? '' : new URL(settings.publicBaseUrl).pathname.replace(/\/+$/, '')
  const siteOf = (): Site => ({ root, now: Date.now() })
  const send = (reply: FastifyReply, page: string): FastifyReply => reply.type('text/html; charset=utf-8').send(page)

  async function overview (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const jobs = (...states: JobState[]) => states.flatMap(state => operations.jobs({ state, limit: overviewRows }))
    const checks = await checkReadiness(context, request.log)
    return send(reply, overviewPage(siteOf(), {
      counts: operations.counts(),
      arriving: operations.seriesPage({ state: 'OPEN', offset: 0, limit: overviewRows }),
      active: jobs('RUNNING', 'QUEUED', 'DELIVERING'),
      dead: jobs('DEAD'),
      finished: operations.jobs({ state: 'DONE', kind: 'report', limit: overviewRows }),
      destinations: operations.destinations(),
      notReady: checks.flatMap(({ name, ok, reason = '' }) => ok ? [] : [{ name, reason }]),
      analysis: context.analysis,
    }))
  }

  function jobList (request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const { state, cursor } = parseParameters(jobsQuery, request)
    const jobs = operations.jobs({ state, before: cursor, limit: pageRows + 1 })
    const page = jobs.slice(0, pageRows)
    const next = jobs.length > pageRows ? page.at(-1)!.id : undefined
    return send(reply, jobsPage(siteOf(), { jobs: page, state, cursor, next }))
  }

  async function job (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { done } = parseParameters(jobQuery, request)
    const detail = await operations.job(pathJob(request))
    request.disclosedStudy = studyOf(detail)
    const analyses = await Promise.all(detail.analyses.map(async ({ id }) => await operations.job(id)))
    return send(reply, jobPage(siteOf(), { detail, analyses, done }))
  }

  function seriesList (request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const { state, offset } = parseParameters(seriesQuery, request)
    const series = operations.seriesPage({ state, offset, limit: pageRows + 1 })
    const next = series.length > pageRows ? offset + pageRows : undefined
    return send(reply, seriesListPage(siteOf(), {
      series: series.slice(0, pageRows), ignored: operations.ignoredSeries(pageRows), state, offset, next,
    }))
  }

  /** The answer of a form is another page: reloading it does nothing again. */
  const goTo = (reply: FastifyReply, path: string): FastifyReply =>
    reply.redirect(`${siteOf().root}/status${path}`, 303)

  async function testDestination (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { destination: id } = request.params as { readonly destination: string }
    const test = await operations.testDestination(id)
    return send(reply, destinationsPage(siteOf(), operations.destinations(), { id, test }))
  }

  return async app => {
    await registerForms(app, settings)
    // the buttons send nothing but their address
    app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string', bodyLimit: 1024 }, (_request, _body, parsed) => { parsed(null) })
    app.addHook('onRequest', (request, reply, next) => {
      void reply.headers({ 'content-security-policy': policy, 'referrer-policy': 'same-origin', 'cache-control': 'no-store' })
      if (request.method === 'POST') requireSameOrigin(request, settings, true)
      next()
    })
    app.setErrorHandler((error: Error, request, reply) => {
      const problem = errorProblem(error, request)
      if (problem.temporary && !reply.hasHeader('retry-after')) void reply.header('retry-after', '30')
      return send(reply.code(problem.status), problemPage(siteOf(), problem))
    })

    app.get('/', (_request, reply) => goTo(reply, ''))
    app.get('/status', overview)
    app.get('/status/jobs', jobList)
    app.get('/status/jobs/:job', job)
    app.get('/status/series', seriesList)
    app.get('/status/series/find', (request, reply) =>
      goTo(reply, `/series/${parseUid(parseParameters(findQuery, request).uid.trim(), 'uid')}`))
    app.get('/status/series/:series', async (request, reply) => {
      const detail = await operations.series(pathUids(request).series!)
      request.disclosedStudy = detail.row?.studyInstanceUid
      return send(reply, seriesPage(siteOf(), detail))
    })
    app.get('/status/destinations', (_request, reply) => send(reply, destinationsPage(siteOf(), operations.destinations())))
    app.get('/status/upload', (_request, reply) => send(reply, uploadPage(siteOf())))
    app.get('/status/selection', (_request, reply) => send(reply, selectionPage(siteOf())))
    app.get('/status/style.css', (_request, reply) => reply.type('text/css; charset=utf-8').send(style))
    app.get('/status/script.js', (_request, reply) => reply.type('text/javascript; charset=utf-8').send(script))

    app.post('/status/jobs/:job/retry', (request, reply) => goTo(reply, `/jobs/${operations.retry(pathJob(request)).id}?done=retry`))
    app.post('/status/jobs/:job/cancel', (request, reply) => goTo(reply, `/jobs/${operations.cancel(pathJob(request)).id}?done=cancel`))
    app.post('/status/series/:series/process', (request, reply) =>
      goTo(reply, `/jobs/${operations.process(pathUids(request).series!).id}`))
    app.post('/status/destinations/:destination/test', testDestination)
    app.post('/status/upload', upload, async (request, reply) =>
      send(reply, uploadPage(siteOf(), await receiveForm(request, reply, context))))
    app.post('/status/selection', async (request, reply) =>
      send(reply, selectionPage(siteOf(), dryRun(await trialInstances(request), context.ignoreReason))))
  }
}
