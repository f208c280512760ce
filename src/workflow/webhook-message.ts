import type { ReportJobResult } from '../analysis/report-job.ts'
import { uidHash } from '../archive/tombstones.ts'
import type { WebhookEvent, WebhookFacts } from '../archive/webhook-table.ts'
import type { Conclusion } from '../model/finding.ts'

const outcomes = { present: 'positive', absent: 'negative', undetermined: 'undetermined' } as const satisfies Record<Conclusion, string>

/**
 * What the webhook is told, without a patient's data: the study is named by the SHA-256 of its UID. `undefined` when there is
 * nothing to tell: a report without results, or one that went nowhere.
 */
export function webhookMessage ({ type, at, job }: WebhookEvent, facts: WebhookFacts | undefined): string | undefined {
  if (facts === undefined) return undefined
  const { kind, studyInstanceUid, revision, errorCode, summary, objects, destinations } = facts
  if (type === 'report.issued' && Object.keys(objects).length === 0) return undefined
  if (type === 'report.delivered' && Object.keys(destinations).length === 0) return undefined
  return JSON.stringify({
    type,
    timestamp: new Date(at).toISOString(),
    data: {
      job,
      kind,
      study: uidHash(studyInstanceUid),
      revision,
      ...(type === 'job.dead' ? { error: errorCode ?? 'internal' } : { outcome: outcomeOf(summary), objects, destinations }),
    },
  })
}

function outcomeOf (summary: string | undefined): string {
  if (summary === undefined) return 'undetermined'
  return outcomes[(JSON.parse(summary) as Pick<ReportJobResult, 'conclusion'>).conclusion]
}
