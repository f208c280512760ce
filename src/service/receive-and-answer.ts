import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ServiceContext } from './context.ts'
import type { Reception } from './reception.ts'
import { defaultBodyPace, keepPace } from './slow-body-watchdog.ts'
import { sendStoreAnswer } from './store-answer.ts'

export interface Receiving {
  readonly context: Pick<ServiceContext, 'bodyPace' | 'onStored'>
  readonly reception: Reception
  /** The body on its way into the reception. */
  readonly reading: Promise<void>
  readonly baseUrl: string
}

/** The end of every request that brings instances, by STOW-RS or by form: waits for its body, commits, tells the workflow, answers. */
export async function receiveAndAnswer (
  request: FastifyRequest, reply: FastifyReply, receiving: Receiving,
): Promise<FastifyReply> {
  const { context, reception, reading, baseUrl } = receiving
  await keepPace(request, context.bodyPace ?? defaultBodyPace, reading, async () => await reception.abandon())
  const outcomes = await reception.finish()
  if (outcomes.some(outcome => outcome.kind === 'stored' && outcome.retrieveUrl !== undefined)) context.onStored()
  return await sendStoreAnswer(request, reply, outcomes, baseUrl)
}
