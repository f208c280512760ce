import type { AppError } from '../errors.ts'
import { toAppError } from '../errors.ts'
import type { CommitOutcome, IgnoreReason, ReceivedInstance } from './archive.ts'
import type { ArtifactTable } from './artifact-table.ts'
import type { Database } from './database.ts'
import { instanceHeader } from './instance-header.ts'
import type { HeldInstance, InstanceRow, InstanceTable } from './instance-table.ts'
import type { Spool } from './spool.ts'

/** What becomes of an instance that is held with other pixels: the first or the last one stays. */
export type DuplicatePolicy = 'refuse' | 'replace'

interface Tables {
  readonly database: Database
  readonly spool: Spool
  readonly instances: InstanceTable
  readonly artifacts: ArtifactTable
  readonly duplicates: DuplicatePolicy
}

/** What is known of a row before its header was looked at. */
type RowToCome = Omit<InstanceRow, 'header'>

interface Plan {
  readonly received: ReceivedInstance
  outcome: CommitOutcome
  /** Set for what is to be written. */
  row?: RowToCome
  isNew?: boolean
}

/**
 * Takes a batch of parts: decides, renames, flushes the folders, and writes all rows in one transaction. Not for concurrent
 * calls: the archive runs one after the other. Never throws for a part; a failure of the whole is every part's outcome.
 */
export async function commitBatch (tables: Tables, batch: readonly ReceivedInstance[], now: number): Promise<CommitOutcome[]> {
  const plans = decide(tables, batch, now)
  const placed: Plan[] = []
  try {
    for (const plan of plans) if (plan.row !== undefined && await place(tables.spool, plan)) placed.push(plan)
    // a row must not be on the device before its file's entry is: the sweep would take it, and what it replaced, for lost
    const [, rows] = await Promise.all([
      tables.spool.flushFolders(placed.map(plan => plan.row!.name)),
      // looked at while that is under way
      Promise.resolve().then(() => rowsOf(plans)),
    ])
    tables.database.transaction(() => { write(tables, plans, rows, now) })
  } catch (thrown) {
    const error = toAppError(thrown)
    for (const plan of plans) if (plan.row !== undefined || plan.outcome.kind === 'ignored') plan.outcome = { kind: 'failed', error }
    await tables.spool.remove(placed.map(plan => plan.row!.name)).catch(() => undefined)
  }
  for (const plan of plans) if (!placed.includes(plan)) await plan.received.file.discard()
  return plans.map(plan => plan.outcome)
}

function decide ({ instances, artifacts, spool, duplicates }: Tables, batch: readonly ReceivedInstance[], now: number): Plan[] {
  // what earlier parts of the same batch will have changed
  const ahead = new Map<string, HeldInstance>()
  return batch.map((received): Plan => {
    const { instance, ignored } = received
    const sop = instance.sopInstanceUid
    const why: IgnoreReason | undefined = artifacts.has(sop) ? 'own-result' : ignored
    if (why !== undefined) return { received, outcome: { kind: 'ignored', why } }
    const held = ahead.get(sop) ?? instances.held(sop)
    const outcome = compare(received, held, duplicates)
    if (outcome.kind !== 'stored' && outcome.kind !== 'header-changed' && outcome.kind !== 'replaced') return { received, outcome }
    const revision = outcome.kind === 'stored' ? 0 : outcome.revision
    const { seriesInstanceUid: series, studyInstanceUid: study, digest } = instance
    const { pixelDigest, receivedDigest } = received
    ahead.set(sop, { study, series, digest, receivedDigest, pixelDigest, revision })
    const row: RowToCome = {
      kind: 'input',
      sop,
      sopClass: instance.sopClassUid,
      series,
      study,
      transferSyntax: instance.transferSyntaxUid,
      frames: instance.frameCount,
      bytes: received.file.bytes,
      digest,
      receivedDigest,
      pixelDigest,
      revision,
      name: spool.nameOf('input', series, sop, revision),
      receivedAt: now,
    }
    return { received, outcome, row, isNew: outcome.kind === 'replaced' || held?.series !== series }
  })
}

/** service.md §2.1: the same data set, a corrected header, or a contradiction. */
function compare (received: ReceivedInstance, held: HeldInstance | undefined, duplicates: DuplicatePolicy): CommitOutcome {
  if (held === undefined) return { kind: 'stored' }
  // what was coerced here is the same when it comes again as it came first, and when it comes back as it left
  const digest = received.receivedDigest ?? received.instance.digest
  if (digest === held.digest || digest === held.receivedDigest) return { kind: 'identical' }
  if (held.pixelDigest !== received.pixelDigest) {
    return duplicates === 'replace' ? { kind: 'replaced', revision: held.revision + 1 } : { kind: 'pixels-differ' }
  }
  return { kind: 'header-changed', revision: held.revision + 1 }
}

async function place (spool: Spool, plan: Plan): Promise<boolean> {
  try {
    await spool.place(plan.received.file, plan.row!.name)
    return true
  } catch (thrown) {
    const error: AppError = toAppError(thrown)
    plan.outcome = { kind: 'failed', error }
    delete plan.row
    return false
  }
}

/** The rows to be written, by their plans. */
function rowsOf (plans: readonly Plan[]): ReadonlyMap<Plan, InstanceRow> {
  return new Map(plans.flatMap((plan): [Plan, InstanceRow][] => {
    const { row, received: { instance } } = plan
    return row === undefined ? [] : [[plan, { ...row, header: instanceHeader(instance) }]]
  }))
}

function write ({ database, instances }: Tables, plans: readonly Plan[], rows: ReturnType<typeof rowsOf>, now: number): void {
  for (const plan of plans) {
    const { received, outcome, isNew } = plan
    const row = rows.get(plan)
    if (row !== undefined) instances.write(row, isNew === true)
    if (outcome.kind !== 'ignored') continue
    const { sopInstanceUid: sop, seriesInstanceUid: series, studyInstanceUid: study } = received.instance
    database.run('INSERT OR REPLACE INTO ignored (sop, series, study, why, at) VALUES (:sop, :series, :study, :why, :at)',
      { sop, series, study, why: outcome.why, at: now })
  }
}
