import type { Series } from '../dicom/series.ts'
import type { Slice } from '../dicom/slice.ts'
import type { Completeness } from './completeness.ts'
import { assessCompleteness, sortAlongNormal } from './completeness.ts'
import type { ContrastFound, ContrastVerdict } from './contrast.ts'
import { contrastOf } from './contrast.ts'
import type { SelectionCriteria } from './criteria.ts'
import { defaultCriteria } from './criteria.ts'
import { diffusionRejection } from './diffusion.ts'
import { splitByEcho } from './echoes.ts'
import { eligibleObject, instanceRejection } from './eligible-object.ts'
import { evidence, withoutRepeats } from './evidence.ts'
import { orientationOf } from './orientation.ts'
import type { Rejection } from './selection-reason.ts'
import { rejection } from './selection-reason.ts'
import type { RejectedFrame, SelectedGroup, SeriesSelection } from './series-selection.ts'

interface Taken extends ContrastFound { readonly slice: Slice }
type Judge = (slice: Slice) => ContrastVerdict

/**
 * Chooses the axial T2 or FLAIR frames of a series. Never throws for a frame: each is in a group or in `rejected` with its reason.
 * A rejected series carries the reason of most of its frames.
 */
export function selectSeries (series: Series, criteria: SelectionCriteria = defaultCriteria): SeriesSelection {
  const taken: Taken[] = []
  const rejected: RejectedFrame[] = unreadFrames(series, criteria)
  const diffusion = diffusionRejection(series.slices)
  const contrastOnce = remembering(contrastOf)
  for (const slice of series.slices) {
    const decision = judge(slice, diffusion, contrastOnce, criteria)
    if ('contrast' in decision) taken.push(decision)
    else rejected.push({ sopInstanceUid: slice.source.sopInstanceUid, frameNumber: slice.frameNumber, ...decision })
  }
  return taken.length === 0 ? rejectedSeries(series, rejected) : selectedSeries(series, taken, rejected)
}

type Judgement = Taken | Rejection

function judge (slice: Slice, diffusion: Rejection | undefined, contrastOnce: Judge, criteria: SelectionCriteria): Judgement {
  const excluded = eligibleObject(slice, criteria) ?? diffusion
  if (excluded !== undefined) return excluded
  const orientation = orientationOf(slice, criteria)
  if (!orientation.axial) return orientation.rejection
  const verdict = contrastOnce(slice)
  if (verdict.contrast === 'other') return verdict.rejection
  if (!criteria.contrasts.includes(verdict.contrast)) {
    return rejection('contrast-not-wanted', `${verdict.contrast} is not asked for`, ...verdict.evidence)
  }
  if (slice.acquisition.mrAcquisitionType === '3D' && !criteria.accept3d) {
    return rejection('three-dimensional', '3D acquisitions are not asked for', evidence('MRAcquisitionType', '3D', 'must be 2D'))
  }
  return { ...verdict, slice, evidence: [...orientation.evidence, ...verdict.evidence] }
}

function selectedSeries (series: Series, taken: readonly Taken[], rejected: readonly RejectedFrame[]): SeriesSelection {
  const groups = (['FLAIR', 'T2'] as const)
    .flatMap(contrast => splitByEcho(taken.filter(one => one.contrast === contrast)))
    .map(members => groupOf(members, series))
    .sort((a, b) => b.slices.length - a.slices.length)
  const [first] = groups
  const names = [...new Set(groups.map(group => group.contrast))].join(' and ')
  const because = taken.find(one => one.contrast === first!.contrast)!.because
  const notes = groups.flatMap(group => group.notes)
  const echoes = groups.length > 1 ? [`${groups.length} groups in one series, split by echo time and contrast`] : []
  return {
    series,
    verdict: 'selected',
    contrast: first!.contrast,
    groups,
    rejected,
    reason: { code: 'selected', text: `axial ${first!.acquisitionType === undefined ? '' : `${first!.acquisitionType} `}${names}: ${because}` },
    evidence: withoutRepeats(taken.flatMap(one => one.evidence)),
    notes: [...new Set([...notes, ...echoes, ...leftOut(rejected, series)])],
  }
}

function groupOf (members: readonly Taken[], series: Series): SelectedGroup {
  const slices = sortAlongNormal(members.map(({ slice }) => slice))
  const { contrast, slice } = members[0]!
  const { mrAcquisitionType, echoTime } = slice.acquisition
  const completeness = withHeaderCount(assessCompleteness(slices), series)
  const notes = members.flatMap(one => one.notes)
  if (mrAcquisitionType === '3D') notes.push('a 3D acquisition; the method was made for 2D slices')
  if (slices.some(hasContrastAgent)) notes.push('with contrast agent')
  return {
    contrast,
    echoTime,
    acquisitionType: mrAcquisitionType,
    slices,
    completeness,
    notes: [...new Set([...notes, ...completeness.warnings])],
  }
}

/** ContrastBolusAgent (0018,0010), or an item of ContrastBolusAgentSequence; some scanners write that there was none. */
function hasContrastAgent ({ source: { attributes } }: Slice): boolean {
  const agent = attributes.string('ContrastBolusAgent')?.trim() ?? ''
  const none = /^(none|no|n|without|0|null|non|nein|-+)$/i.test(agent)
  return (agent !== '' && !none) || attributes.items('ContrastBolusAgentSequence').length > 0
}

/**
 * A header count that is not reached means missing slices; reached or exceeded it means nothing. ImagesInAcquisition (0020,1002), or
 * NumberOfTemporalPositions (0020,0105) × NumberOfSlices (0054,0081).
 */
function withHeaderCount (completeness: Completeness, series: Series): Completeness {
  const announced = Math.max(0, ...series.instances.map(({ attributes }) => Math.max(
    attributes.number('ImagesInAcquisition') ?? 0,
    (attributes.number('NumberOfTemporalPositions') ?? 1) * (attributes.number('NumberOfSlices') ?? 0),
  )))
  if (announced <= series.slices.length) return completeness
  const warning = `${series.slices.length} of the ${announced} images that the header announces are here`
  return { ...completeness, complete: false, warnings: [...completeness.warnings, warning] }
}

function rejectedSeries (series: Series, rejected: readonly RejectedFrame[]): SeriesSelection {
  const main = mostFrequent(rejected)
  const alike = rejected.filter(one => one.reason.code === main?.reason.code)
  const others = rejected.filter(one => !alike.includes(one))
  return {
    series,
    verdict: 'rejected',
    contrast: undefined,
    groups: [],
    rejected,
    reason: main?.reason ?? { code: 'no-pixel-data', text: 'there are no images' },
    evidence: withoutRepeats(alike.flatMap(one => one.evidence)),
    notes: leftOut(others, series),
  }
}

/** Instances of which no frame could be read. */
function unreadFrames (series: Series, criteria: SelectionCriteria): RejectedFrame[] {
  const read = new Set(series.slices.map(slice => slice.source))
  return series.instances.filter(instance => !read.has(instance)).map(instance => ({
    sopInstanceUid: instance.sopInstanceUid,
    frameNumber: 1,
    ...instanceRejection(instance, criteria) ?? rejection('unreadable', 'its frames cannot be read'),
  }))
}

function leftOut (rejected: readonly RejectedFrame[], series: Series): string[] {
  const counts = new Map<string, { count: number, text: string }>()
  for (const { reason } of rejected) {
    counts.set(reason.code, { text: reason.text, count: (counts.get(reason.code)?.count ?? 0) + 1 })
  }
  const total = Math.max(series.slices.length, rejected.length)
  return [...counts.values()].map(({ count, text }) => `${count} of ${total} ${total === 1 ? 'frame' : 'frames'} left out: ${text}`)
}

/** The first frame with the reason that most frames have; of equals, the one that comes first. */
function mostFrequent (rejected: readonly RejectedFrame[]): RejectedFrame | undefined {
  const counts = new Map<string, number>()
  for (const { reason } of rejected) counts.set(reason.code, (counts.get(reason.code) ?? 0) + 1)
  const most = Math.max(0, ...counts.values())
  return rejected.find(one => counts.get(one.reason.code) === most)
}

/** The same acquisition and text need no second judgement: an enhanced object may hold hundreds of frames. */
function remembering (judgeOf: Judge): Judge {
  const known = new Map<string, ContrastVerdict>()
  return slice => {
    const key = JSON.stringify([slice.source.sopInstanceUid, slice.imageType, slice.acquisition])
    const verdict = known.get(key) ?? judgeOf(slice)
    known.set(key, verdict)
    return verdict
  }
}
