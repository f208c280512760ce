import type { FastifyReply, FastifyRequest } from 'fastify'
import type { AuditEvent } from '../archive/audit-log.ts'
import type { Uid } from '../dicom/uid.ts'
import type { PartOutcome } from '../dicomweb/store-response.ts'
import type { ServiceContext } from './context.ts'
import { Reception } from './reception.ts'
import { defaultBodyPace, keepPace } from './slow-body-watchdog.ts'
import { sendStoreAnswer } from './store-answer.ts'
import type { TakenPlace } from './store-places.ts'

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

/** One event for each study that something came of, and one for what could not be read (PS3.15 A.5.3.7). */
function transfers (outcomes: readonly PartOutcome[], who: Pick<AuditEvent, 'user' | 'source'>): AuditEvent[] {
  const stored = outcomes.flatMap(outcome => outcome.kind === 'stored' ? [outcome] : [])
  const failed = outcomes.length - stored.length
  const events = [...new Set(stored.map(({ studyInstanceUid }) => studyInstanceUid))].map((study): AuditEvent => {
    const ofStudy = stored.filter(({ studyInstanceUid }) => studyInstanceUid === study)
    const kept = ofStudy.filter(({ retrieveUrl }) => retrieveUrl !== undefined).length
    const replaced = ofStudy.filter(outcome => outcome.replaced === true).length
    const facts = { stored: kept, ignored: ofStudy.length - kept, ...(replaced > 0 ? { replaced } : {}) }
    return { code: 110104, action: 'import', outcome: 0, ...who, studies: [study], facts }
  })
  return failed === 0 ? events : [...events, { code: 110104, action: 'import', outcome: 4, ...who, facts: { failed } }]
}
