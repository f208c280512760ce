import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance } from 'fastify'
import { AppError } from '../errors.ts'

/** The time in which requests of one address are counted, and how many addresses are remembered. */
const windowMs = 60_000
const addresses = 10_000

/**
 * Answers 429 beyond so many requests a minute from one address, before the body is read and after every other check that
 * needs none (service.md §2.1). Health checks and metrics are not counted.
 * @param perMinute 0 is no limit
 */
export async function limitRate (app: FastifyInstance, perMinute: number): Promise<void> {
  if (perMinute === 0) return
  await app.register(rateLimit, { global: false, max: perMinute, timeWindow: windowMs, cache: addresses })
  const count = app.createRateLimit()
  app.addHook('preParsing', async (request, reply) => {
    const { scope } = request.routeOptions.config
    if (scope === 'anonymous' || scope === 'metrics') return
    const counted = await count(request)
    if (counted.isAllowed || !counted.isExceeded) return
    // what follows on this connection may be a body that nobody reads
    void reply.header('retry-after', String(counted.ttlInSeconds)).header('connection', 'close')
    throw new AppError('too-many-requests', 'Too many requests came from this address')
  })
}
