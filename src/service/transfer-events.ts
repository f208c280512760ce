import type { AuditEvent, AuditLog } from '../archive/audit-log.ts'
import type { PartOutcome } from '../dicomweb/store-response.ts'
import type { Intake } from '../workflow/missing-instances.ts'

/** An intake whose instances were fetched from a server: they are recorded like those that are sent. @param source the server's name */
export function recordedIntake (intake: Intake, audit: Pick<AuditLog, 'record'>, source: string): Intake {
  return {
    receive: async body => { await intake.receive(body) },
    finish: async () => {
      const outcomes = await intake.finish()
      for (const event of transfers(outcomes, { source })) {
        await audit.record({ ...event, facts: { ...event.facts, fetched: true } })
      }
      return outcomes
    },
  }
}

/** One event for each study that something came of, and one for what could not be read (PS3.15 A.5.3.7). */
export function transfers (outcomes: readonly PartOutcome[], who: Pick<AuditEvent, 'user' | 'source'>): AuditEvent[] {
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
