import type { FastifyPluginCallback } from 'fastify'
import { z } from 'zod'
import type { Job } from '../../archive/job-table.ts'
import { AppError } from '../../errors.ts'
import type { ServiceContext } from '../context.ts'

const states = ['QUEUED', 'RUNNING', 'ANALYSED', 'DELIVERING', 'DONE', 'DEAD', 'CANCELED'] as const

const querySchema = z.strictObject({
  state: z.enum(states).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
})

/** `GET /api/v1/jobs`: what is queued, running, on its way or stuck, newest first. */
export function jobRoutes (context: ServiceContext): FastifyPluginCallback {
  return (app, _options, done) => {
    app.get('/jobs', { config: { scope: 'read' } }, (request, reply) => {
      const query = querySchema.safeParse(request.query)
      if (!query.success) {
        const name = query.error.issues[0]?.path.join('.') ?? ''
        throw new AppError('request-malformed', `The parameter ${name === '' ? 'list' : name} is not valid`, { parameter: name })
      }
      return reply.send({ jobs: context.jobs(query.data).map(described) })
    })
    done()
  }
}

/** Times as RFC 3339. The error's text is ours and holds no patient data. */
function described (job: Job): Record<string, unknown> {
  return {
    id: job.id,
    kind: job.kind,
    state: job.state,
    studyInstanceUid: job.studyInstanceUid,
    ...(job.kind === 'analyse' && { seriesInstanceUid: job.subject }),
    revision: job.revision,
    attempt: job.attempt,
    createdAt: new Date(job.createdAt).toISOString(),
    updatedAt: new Date(job.updatedAt).toISOString(),
    ...(job.errorCode !== undefined && { error: { code: job.errorCode, text: job.errorText ?? '' } }),
  }
}
