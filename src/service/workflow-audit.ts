import type { AuditLog } from '../archive/audit-log.ts'
import type { SqliteArchive } from '../archive/sqlite-archive.ts'
import type { EventListener } from '../workflow/events.ts'

/** Records what left for a destination, and what the retention rule removed (PS3.15 A.5.3.7, A.5.3.5). */
export function auditWorkflow (archive: Pick<SqliteArchive, 'jobs' | 'deliveries'>, audit: Pick<AuditLog, 'record'>): EventListener {
  return event => {
    if (event.type === 'purged') {
      const { kind, instances } = event
      void audit.record({ code: 110105, action: 'delete', outcome: 0, facts: { kind, instances } })
    }
    if (event.type !== 'delivered') return
    const study = archive.jobs.get(event.job)?.studyInstanceUid
    for (const { destination, objects } of archive.deliveries.report(event.job)) {
      const failed = objects.filter(({ state }) => state === 'DEAD').length
      const facts = { destination, sent: objects.length - failed, failed }
      void audit.record({ code: 110104, action: 'export', outcome: failed > 0 ? 8 : 0, ...(study !== undefined && { studies: [study] }), facts })
    }
  }
}
