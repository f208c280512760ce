import type { Uid } from '../dicom/uid.ts'
import type { Database } from './database.ts'
import type { DeliveryState } from './delivery-table.ts'

/** How far one object came at one destination; times in ms since 1970. */
export interface DeliveredObject {
  readonly sopInstanceUid: Uid
  /** `sr`, `grad-cam`, …; `source` for an image as it came. */
  readonly kind: string
  readonly state: DeliveryState
  readonly attempt: number
  readonly updatedAt: number
  /** When it is tried or looked for again; `undefined` when nothing more is to be done. */
  readonly nextAt: number | undefined
  /** Of the last answer. */
  readonly http: number | undefined
  /** FailureReason (0008,1197) and WarningReason (0008,1196) of the last answer. */
  readonly failureReason: number | undefined
  readonly warningReason: number | undefined
  readonly error: string | undefined
}

/** The objects of one job at one destination, in the order of sending. */
export interface DestinationReport { readonly destination: string, readonly objects: readonly DeliveredObject[] }

/** What became of the results of a job, by destination. */
export function deliveryReport (database: Database, job: number): DestinationReport[] {
  const rows = database.all(`SELECT d.destination, d.sop, COALESCE(a.kind, 'source') AS kind, d.state, d.attempt, d.updated_at, d.next_at, d.http, d.failure_reason,
      d.warning_reason, d.error
    FROM deliveries d LEFT JOIN artifacts a ON a.sop = d.sop WHERE d.job = :job ORDER BY d.destination, d.stage, d.ordinal, d.sop`, { job })
  const reports = new Map<string, DeliveredObject[]>()
  for (const row of rows) {
    const destination = row.text('destination')
    if (!reports.has(destination)) reports.set(destination, [])
    reports.get(destination)!.push({
      sopInstanceUid: row.text('sop') as Uid,
      kind: row.text('kind'),
      state: row.text('state') as DeliveryState,
      attempt: row.number('attempt'),
      updatedAt: row.number('updated_at'),
      nextAt: row.numberOrAbsent('next_at'),
      http: row.numberOrAbsent('http'),
      failureReason: row.numberOrAbsent('failure_reason'),
      warningReason: row.numberOrAbsent('warning_reason'),
      error: row.textOrAbsent('error'),
    })
  }
  return [...reports].map(([destination, objects]) => ({ destination, objects }))
}
