import type { FastifyRequest } from 'fastify'
import type { z } from 'zod'
import { AppError } from '../errors.ts'

/** The query by a schema. @throws AppError `request-malformed`, which names the parameter and not its value */
export function parseParameters<T> (schema: z.ZodType<T>, request: FastifyRequest): T {
  const query = schema.safeParse(request.query)
  if (query.success) return query.data
  const name = query.error.issues[0]?.path.join('.') ?? ''
  throw new AppError('request-malformed', `The parameter ${name === '' ? 'list' : name} is not valid`, { parameter: name })
}

/** The job that the path names. @throws AppError `not-found` where it is no number of a job */
export function pathJob (request: FastifyRequest): number {
  const { job } = request.params as { readonly job: string }
  if (!/^[1-9]\d{0,14}$/.test(job)) throw new AppError('not-found', 'There is no such job')
  return Number(job)
}
