import type { FastifyPluginCallback } from 'fastify'
import { z } from 'zod'
import type { DeliveredObject, DestinationReport } from '../../archive/delivery-report.ts'
import { type Job, type JobEvent, jobStates } from '../../archive/job-table.ts'
import { isUid } from '../../dicom/uid.ts'
import type { ServiceContext } from '../context.ts'
import { type JobDetail, seriesOf, studyOf } from '../job-detail.ts'
import { parseParameters, pathJob } from '../request-input.ts'

const listSchema = z.strictObject({
  state: z.enum(jobStates).optional(),
  /** `next` of the page before */
  cursor: z.coerce.number().int().min(1).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
})

/** `/api/v1/jobs`: what is queued, running, on its way or stuck, newest first; one of them, again, and not at all. */
export function jobRoutes ({ operations }: ServiceContext): FastifyPluginCallback {
  return (app, _options, done) => {
    app.get('/jobs', (request, reply) => {
      const { state, cursor, limit } = parseParameters(listSchema, request)
      const jobs = operations.jobs({ state, before: cursor, limit: limit + 1 })
      const page = jobs.slice(0, limit)
      return reply.send({ jobs: page.map(describedJob), ...(jobs.length > limit && { next: page.at(-1)!.id }) })
    })
    app.get('/jobs/:job', async (request, reply) => {
      const detail = await operations.job(pathJob(request))
      request.disclosedStudy = studyOf(detail)
      return await reply.send(describedDetail(detail))
    })
    app.post('/jobs/:job/retry', (request, reply) =>
      reply.code(202).send(describedJob(operations.retry(pathJob(request)))))
    app.post('/jobs/:job/cancel', (request, reply) =>
      reply.code(202).send(describedJob(operations.cancel(pathJob(request)))))
    done()
  }
}

const time = (ms: number): string => new Date(ms).toISOString()

/** Times as RFC 3339. UIDs are for the administrator; the error's text is ours and holds no patient data. */
export function describedJob (job: Job): Record<string, unknown> {
  const series = seriesOf(job)
  return {
    id: job.id,
    kind: job.kind,
    state: job.state,
    // hashes once the study is gone
    ...(isUid(job.studyInstanceUid) && { studyInstanceUid: job.studyInstanceUid }),
    ...(series !== undefined && isUid(series) && { seriesInstanceUid: series }),
    revision: job.revision,
    attempt: job.attempt,
    failures: job.failures,
    crashes: job.crashes,
    createdAt: time(job.createdAt),
    updatedAt: time(job.updatedAt),
    ...(job.firstRunAt !== undefined && { startedAt: time(job.firstRunAt) }),
    ...(job.state === 'QUEUED' && { nextRunAt: time(job.runAt) }),
    ...(job.errorCode !== undefined && { error: { code: job.errorCode, text: job.errorText ?? '' } }),
  }
}

function describedDetail ({ job, timeline, findings, conclusion, analyses, deliveries }: JobDetail): Record<string, unknown> {
  return {
    ...describedJob(job),
    timeline: timeline.map(describedEvent),
    ...(findings && { findings }),
    ...(conclusion && { conclusion }),
    ...(job.kind === 'report' && { analyses: analyses.map(({ id, subject }) => ({ id, seriesInstanceUid: subject })) }),
    deliveries: deliveries.map(describedDelivery),
  }
}

function describedEvent ({ at, state, attempt, errorCode }: JobEvent): Record<string, unknown> {
  return { at: time(at), state, attempt, ...(errorCode !== undefined && { errorCode }) }
}

function describedDelivery ({ destination, objects }: DestinationReport): Record<string, unknown> {
  const count = (state: string): number => objects.filter(object => object.state === state).length
  return {
    destination,
    pending: count('PENDING'),
    sent: count('SENT'),
    verified: count('VERIFIED'),
    dead: count('DEAD'),
    objects: objects.map(describedObject),
  }
}

function describedObject (object: DeliveredObject): Record<string, unknown> {
  const { sopInstanceUid, kind, state, attempt, updatedAt, nextAt, http, failureReason, warningReason, error } = object
  return {
    sopInstanceUid,
    kind,
    state,
    attempt,
    updatedAt: time(updatedAt),
    ...(nextAt !== undefined && { nextAt: time(nextAt) }),
    ...(http !== undefined && { httpStatus: http }),
    ...(failureReason !== undefined && { failureReason }),
    ...(warningReason !== undefined && { warningReason }),
    ...(error !== undefined && { error }),
  }
}
