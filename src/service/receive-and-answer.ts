import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Uid } from '../dicom/uid.ts'
import type { PartOutcome } from '../dicomweb/store-response.ts'
import type { ServiceContext } from './context.ts'
import { Reception } from './reception.ts'
import { defaultBodyPace, keepPace } from './slow-body-watchdog.ts'
import { sendStoreAnswer } from './store-answer.ts'
import type { TakenPlace } from './store-places.ts'
import { transfers } from './transfer-events.ts'

export interface Receiving {
  readonly context: Pick<ServiceContext, 'bodyPace' | 'onStored' | 'metrics' | 'audit'>
  readonly reception: Reception
  /** The body on its way into the reception. */
  readonly reading: Promise<void>
  readonly baseUrl: string
  /** Of a store request, that it may lose. */
  readonly place?: TakenPlace
}

/** The beginning: a reception by the service's settings, of one study if the request names one. */
export function openReception (context: ServiceContext, study: Uid | undefined, baseUrl: string): Reception {
  const { archive, reader, ignoreReason, settings: { ineligible, maxInstanceBytes, issuerOfPatientId } } = context
  return new Reception({ archive, reader, ignoreReason, ineligible, maxInstanceBytes, issuerOfPatientId, study, baseUrl })
}

/** The end of every request that brings instances, by STOW-RS or by form: waits for its body, commits, tells the workflow, answers. */
export async function receiveAndAnswer (
  request: FastifyRequest, reply: FastifyReply, receiving: Receiving,
): Promise<FastifyReply> {
  return await sendStoreAnswer(request, reply, await receiveAll(request, receiving), receiving.baseUrl)
}

/** The same, without the answer: what became of the parts. */
export async function receiveAll (request: FastifyRequest, receiving: Omit<Receiving, 'baseUrl'>): Promise<PartOutcome[]> {
  const { context, reception, reading, place } = receiving
  await keepPace(request, context.bodyPace ?? defaultBodyPace, reading, async () => await reception.abandon(), place)
  const outcomes = await reception.finish()
  if (outcomes.some(outcome => outcome.kind === 'stored' && outcome.retrieveUrl !== undefined)) context.onStored()
  context.metrics?.received(outcomes, reception.bytes)
  // on the device before the answer is; a trail that cannot be written must not undo what was committed
  const who = { ...(request.principal && { user: request.principal.name }), source: request.ip }
  for (const event of transfers(outcomes, who)) await context.audit?.record(event)
  return outcomes
}
