import type { FastifyPluginCallback } from 'fastify'
import type { DestinationState } from '../../workflow/destination-state.ts'
import type { DestinationTest } from '../../workflow/destination-test.ts'
import type { ServiceContext } from '../context.ts'

/** `/api/v1/destinations`: where results go, how each is, and a look at one now. */
export function destinationRoutes ({ operations }: ServiceContext): FastifyPluginCallback {
  return (app, _options, done) => {
    app.get('/destinations', (_request, reply) =>
      reply.send({ destinations: operations.destinations().map(described) }))
    app.post('/destinations/:destination/test', async (request, reply) => {
      const { destination } = request.params as { readonly destination: string }
      return await reply.send(describedTest(await operations.testDestination(destination)))
    })
    done()
  }
}

function described (state: DestinationState): Record<string, unknown> {
  const { id, url, configured, breaker, openUntil, failures, pending, dead, oldestMs } = state
  return {
    id,
    ...(url !== undefined && { url }),
    configured,
    breaker,
    ...(openUntil !== undefined && { openUntil: new Date(openUntil).toISOString() }),
    failures,
    pending,
    dead,
    ...(oldestMs !== undefined && { oldestSeconds: Math.max(0, Math.round(oldestMs / 1000)) }),
  }
}

function describedTest ({ status, ...test }: DestinationTest): Record<string, unknown> {
  return { ...test, ...(status !== undefined && { status }) }
}
