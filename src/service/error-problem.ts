import type { FastifyRequest } from 'fastify'
import { AppError } from '../errors.ts'
import { type Problem, problemOf, problemOfStatus } from './problems.ts'

/** The problem of whatever a route threw, logged where it is ours. What the client sent stays out of it. */
export function errorProblem (error: Error & { readonly statusCode?: number }, request: Pick<FastifyRequest, 'id' | 'log'>): Problem {
  const problem = error instanceof AppError
    ? problemOf(error, request.id)
    : problemOfStatus(error.statusCode !== undefined && error.statusCode >= 400 ? error.statusCode : 500, request.id)
  if (problem.status === 500 || (error instanceof AppError && problem.status > 500)) request.log.error({ err: error }, 'request failed')
  return problem
}
