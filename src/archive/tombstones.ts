import { createHash } from 'node:crypto'
import type { Database } from './database.ts'

/** What remains of a UID after its data is gone: enough to answer 410, not enough to tell what it was. */
export function uidHash (uid: string): string {
  return createHash('sha256').update(uid).digest('hex')
}

/** The beginning of that hash: enough to follow one study, series or workitem through a log. */
export function shortHash (uid: string): string { return uidHash(uid).slice(0, 12) }

/** What stands in a row that is kept as history for a UID whose data is gone; no UID, and never one again. */
export function removedUid (uid: string): string { return `sha256:${uidHash(uid)}` }

/** Marks UIDs as gone. Call inside the transaction that removes them. */
export function bury (database: Database, uids: readonly string[], at: number): void {
  for (const uid of uids) database.run('INSERT OR REPLACE INTO tombstones (uid_hash, at) VALUES (:hash, :at)', { hash: uidHash(uid), at })
}

export function isBuried (database: Database, uid: string): boolean {
  return database.get('SELECT 1 AS found FROM tombstones WHERE uid_hash = :hash', { hash: uidHash(uid) }) !== undefined
}
