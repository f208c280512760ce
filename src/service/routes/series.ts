import type { FastifyPluginCallback } from 'fastify'
import type { SeriesRow } from '../../archive/series-table.ts'
import type { ServiceContext } from '../context.ts'
import { pathUids } from '../dicomweb-url.ts'
import type { SeriesDetail } from '../series-detail.ts'
import { describedJob } from './jobs.ts'

/** `/api/v1/series/{uid}`: how far a series came and why it was taken or left; and its analysis now. */
export function seriesRoutes ({ operations }: ServiceContext): FastifyPluginCallback {
  return (app, _options, done) => {
    app.get('/series/:series', async (request, reply) => {
      const detail = await operations.series(pathUids(request).series!)
      request.disclosedStudy = detail.row?.studyInstanceUid
      return await reply.send(described(detail))
    })
    app.post('/series/:series/process', (request, reply) =>
      reply.code(202).send(describedJob(operations.process(pathUids(request).series!))))
    done()
  }
}

function described ({ seriesInstanceUid, row, ignored, job, findings }: SeriesDetail): Record<string, unknown> {
  return {
    seriesInstanceUid,
    ...(row && describedRow(row)),
    ignored,
    ...(job && { job: describedJob(job) }),
    ...(findings && { findings }),
  }
}

function describedRow (row: SeriesRow): Record<string, unknown> {
  return {
    studyInstanceUid: row.studyInstanceUid,
    state: row.state,
    ...(row.why !== undefined && { why: row.why }),
    revision: row.revision,
    instances: row.held,
    ...(row.expectedByPacs !== undefined && { expectedByPacs: row.expectedByPacs }),
    ...(row.expectedByHeader > 0 && { expectedByHeader: row.expectedByHeader }),
    lastInstanceAt: new Date(row.lastAt).toISOString(),
  }
}
