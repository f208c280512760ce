import type { Series } from '../dicom/series.ts'
import type { Contrast, SelectionCriteria } from './criteria.ts'
import { defaultCriteria } from './criteria.ts'
import { selectSeries } from './select-series.ts'
import type { SelectedGroup, SeriesSelection, StudySelection } from './series-selection.ts'

/** A stack that covers less than this part of the longest one of its contrast is only a piece of the head. */
const wholeHead = 2 / 3

/**
 * Judges every series of a study. Primary of a contrast: complete before incomplete (or much shorter than another), then 2D before
 * 3D, then the newest, then the one with most slices.
 */
export function selectStudy (series: readonly Series[], criteria: SelectionCriteria = defaultCriteria): StudySelection {
  const selections = series.map(one => selectSeries(one, criteria))
  return { series: selections, primary: { T2: primaryOf(selections, 'T2'), FLAIR: primaryOf(selections, 'FLAIR') } }
}

function primaryOf (selections: readonly SeriesSelection[], contrast: Contrast): SeriesSelection | undefined {
  const candidates = selections.flatMap(selection =>
    selection.groups.filter(group => group.contrast === contrast).map(group => ({ selection, group })))
  const longest = Math.max(0, ...candidates.map(({ group }) => lengthOf(group)))
  return candidates.sort((a, b) => compareKeys(rank(a.group, longest), rank(b.group, longest)))[0]?.selection
}

type Rank = readonly [incomplete: number, threeDimensional: number, newestFirst: string, fewer: number]

const rank = (group: SelectedGroup, longest: number): Rank => [
  group.completeness.complete && lengthOf(group) >= wholeHead * longest ? 0 : 1,
  group.acquisitionType === '3D' ? 1 : 0,
  timeOf(group),
  -group.slices.length,
]

/** Millimetres along the normal, by the number of places and their median distance. */
function lengthOf ({ slices, completeness }: SelectedGroup): number {
  return (slices.length - completeness.duplicates) * (completeness.spacing ?? slices[0]?.plane?.sliceThickness ?? 0)
}

function compareKeys (a: Rank, b: Rank): number {
  return a[0] - b[0] || a[1] - b[1] || (a[2] < b[2] ? 1 : a[2] > b[2] ? -1 : 0) || a[3] - b[3]
}

/** Date and time of acquisition as digits that sort: AcquisitionDateTime, or date and time of acquisition, series or content. */
function timeOf (group: SelectedGroup): string {
  const { attributes } = group.slices[0]!
  const dateTime = attributes.string('AcquisitionDateTime')
  if (dateTime !== undefined) return digits(wholeSeconds(dateTime))
  for (const event of ['Acquisition', 'Series', 'Content']) {
    const date = attributes.string(`${event}Date`)
    if (date !== undefined) return digits(date) + digits(wholeSeconds(attributes.string(`${event}Time`) ?? ''))
  }
  return ''
}

const digits = (text: string) => text.replace(/\D/g, '')
/** Fractions and time zones differ in length and do not sort. */
const wholeSeconds = (text: string) => text.replace(/[.+-].*$/, '')
