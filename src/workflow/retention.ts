import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { InstanceKind } from '../archive/archive.ts'
import type { SqliteArchive } from '../archive/sqlite-archive.ts'
import type { Uid } from '../dicom/uid.ts'
import type { EventListener } from './events.ts'
import type { RetentionSettings } from './settings.ts'

interface Options {
  readonly archive: SqliteArchive
  readonly settings: RetentionSettings
  readonly now: () => number
  readonly onEvent: EventListener
}

const batch = 20

/**
 * Removes what need not be kept (service.md §3.5): inputs a day after their study is done, results after a month, and inputs of
 * done studies at once when the disk fills. A study with a job or a delivery under way is never touched.
 */
export async function applyRetention (options: Options): Promise<number> {
  const { archive, settings, now, onEvent } = options
  const at = now()
  let removed = await remove(options, 'input', false, at - settings.inputsMs, false)
  removed += await remove(options, 'input', true, at - settings.deadMs, false)
  removed += await remove(options, 'result', false, at - settings.resultsMs, false)
  removed += await remove(options, 'result', true, at - settings.resultsMs, false)
  const space = await archive.space()
  if (space.freeBytes < space.totalBytes * (1 - settings.watermark) || !space.enough) {
    const early = await remove(options, 'input', false, at + 1, true)
    removed += early
    if (early === 0) onEvent({ type: 'disk-low', freeBytes: space.freeBytes })
  }
  archive.purge.removeOldRows(at - settings.ignoredMs, at - settings.jobsMs)
  archive.workitems.removeOld(at - settings.jobsMs, at)
  if (removed > 0) archive.compact()
  return removed
}

async function remove (options: Options, kind: InstanceKind, dead: boolean, before: number, early: boolean): Promise<number> {
  const { archive, now, onEvent } = options
  let removed = 0
  for (const study of archive.purge.candidates({ kind, dead, before, limit: batch })) {
    removed += await archive.exclusive(async () => await archive.purge.removeInstances(study, kind, now()))
    if (kind === 'input') await removeFindings(archive, study)
  }
  if (removed > 0) onEvent({ type: 'purged', instances: removed, kind, early })
  return removed
}

/** Findings name UIDs and are of no use without their inputs. */
async function removeFindings (archive: SqliteArchive, study: Uid): Promise<void> {
  for (const { resultPath } of archive.jobs.list({ study, limit: 10_000 })) {
    if (resultPath !== undefined) await rm(join(archive.spool.findings, resultPath), { force: true })
  }
}
