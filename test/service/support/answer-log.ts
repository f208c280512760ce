import { appendFileSync } from 'node:fs'
import type { FastifyInstance } from 'fastify'
import { pathOf } from './openapi.ts'

/**
 * Where every answer of the test services is noted, one `METHOD path status` a line, for `scripts/documented-statuses.ts`; nowhere
 * when ANSWER_LOG is not set.
 */
const log = process.env['ANSWER_LOG']

export function noteAnswer (method: string, url: string, status: number): void {
  const path = pathOf(url)
  if (log !== undefined && path !== undefined) appendFileSync(log, `${method} ${path} ${status}\n`)
}

/** Notes what a listening service answers over sockets. */
export function noteAnswersOf (app: FastifyInstance): void {
  app.server.on('request', (request, response) => {
    response.on('finish', () => { noteAnswer(request.method ?? '', request.url ?? '', response.statusCode) })
  })
}
