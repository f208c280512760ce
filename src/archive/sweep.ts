import { access, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { PurgeTable } from './purge-table.ts'
import type { Spool } from './spool.ts'

export interface SweepReport {
  /** Files that no row points to, removed. */
  readonly orphans: number
  readonly orphanBytes: number
  /** Rows whose file is missing, forgotten; their series are open again. */
  readonly lost: number
}

/** A younger file may belong to a request or a job that has not committed yet. */
const orphanAgeMs = 3_600_000

/** Removes files without a row after an hour (superseded revisions too), forgets rows without a file. */
export async function sweep (purge: PurgeTable, spool: Spool, now: number): Promise<SweepReport> {
  let orphans = 0
  let orphanBytes = 0
  const referenced = purge.referenced()
  for await (const { name, ageMs, bytes } of spool.files(now)) {
    if (referenced.has(name) || ageMs < orphanAgeMs) continue
    await spool.remove([name])
    orphans++
    orphanBytes += bytes
  }
  const findings = purge.findings()
  for (const name of await readdir(spool.findings)) {
    const path = join(spool.findings, name)
    if (findings.has(name) || now - (await stat(path)).mtimeMs < orphanAgeMs) continue
    await rm(path, { force: true, recursive: true })
    orphans++
  }
  let lost = 0
  for (const { sop, path } of purge.rowsWithPaths()) {
    const present = await access(spool.absolute(path)).then(() => true, () => false)
    if (present) continue
    purge.forgetLost(sop, now)
    lost++
  }
  return { orphans, orphanBytes, lost }
}
