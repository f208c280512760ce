import type { IgnoreReason } from '../archive/archive.ts'
import { groupBySeries } from '../dicom/group-by-series.ts'
import type { Instance } from '../dicom/instance.ts'
import { instanceFromDicomJson } from '../dicom/json-instance.ts'
import { AppError, toAppError } from '../errors.ts'
import type { Evidence } from '../selection/evidence.ts'
import { selectSeries } from '../selection/select-series.ts'
import type { SelectionReason } from '../selection/selection-reason.ts'
import type { RejectedFrame, SeriesSelection } from '../selection/series-selection.ts'

/** What would become of one series. */
export interface DryRunSeries {
  readonly studyInstanceUid: string
  readonly seriesInstanceUid: string
  readonly verdict: 'selected' | 'rejected'
  readonly reason: SelectionReason
  readonly groups: readonly { readonly contrast: string, readonly slices: number, readonly complete: boolean }[]
  readonly notes: readonly string[]
  /** Attributes that decided, without those that people type into. */
  readonly evidence: readonly Omit<Evidence, 'freeText'>[]
  /** Frames that would be left out. */
  readonly rejected: readonly Pick<RejectedFrame, 'sopInstanceUid' | 'frameNumber' | 'reason'>[]
}

export interface DryRun {
  readonly series: readonly DryRunSeries[]
  /** Instances that would be accepted and not kept. */
  readonly ignored: readonly { readonly sopInstanceUid: string, readonly seriesInstanceUid: string, readonly why: IgnoreReason }[]
}

type ReceiveRule = (instance: Instance) => IgnoreReason | undefined

/** Most instances of one dry run. */
const maxInstances = 10_000

/**
 * What the service would do with these instances: the rule at the door, then the selection of each series, as for instances that
 * come in. Nothing is kept.
 */
export function dryRun (instances: readonly Instance[], ignoreReason: ReceiveRule): DryRun {
  const judged = instances.map(instance => ({ instance, why: ignoreReason(instance) }))
  const kept = judged.flatMap(({ instance, why }) => why === undefined ? [instance] : [])
  return {
    series: groupBySeries(kept).map(series => described(selectSeries(series))),
    ignored: judged.flatMap(({ instance: { sopInstanceUid, seriesInstanceUid }, why }) =>
      why === undefined ? [] : [{ sopInstanceUid, seriesInstanceUid, why }]),
  }
}

/**
 * Instances from DICOM JSON: a list, or one alone.
 * @throws AppError `request-malformed`, `payload-too-large`, as `instanceFromDicomJson`
 */
export function instancesFromJson (json: unknown): Instance[] {
  const list: readonly unknown[] = Array.isArray(json) ? json : [json]
  if (list.length === 0) throw new AppError('request-malformed', 'The list of instances is empty')
  if (list.length > maxInstances) throw new AppError('payload-too-large', 'Too many instances for a dry run', { limit: maxInstances })
  return list.map((one, index) => {
    try {
      return instanceFromDicomJson(one)
    } catch (thrown) {
      const { code, message } = toAppError(thrown, 'dicom-malformed')
      throw new AppError(code, `Instance ${index + 1}: ${message}`, { instance: index + 1 }, { cause: thrown })
    }
  })
}

function described ({ series, verdict, reason, groups, notes, evidence, rejected }: SeriesSelection): DryRunSeries {
  return {
    studyInstanceUid: series.studyInstanceUid,
    seriesInstanceUid: series.seriesInstanceUid,
    verdict,
    reason,
    groups: groups.map(({ contrast, slices, completeness: { complete } }) => ({ contrast, slices: slices.length, complete })),
    notes,
    evidence: evidence.filter(({ freeText }) => !freeText).map(({ attribute, value, rule }) => ({ attribute, value, rule })),
    rejected: rejected.map(({ sopInstanceUid, frameNumber, reason }) => ({ sopInstanceUid, frameNumber, reason })),
  }
}
