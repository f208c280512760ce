import type { Attributes } from '../dicom/attributes.ts'
import type { Series } from '../dicom/series.ts'
import type { ModelManifest } from '../model/manifest.ts'
import type { ExcludedSeries, SeriesFindings, StudyFindings } from '../report/series-findings.ts'
import type { AnalyzedGroup, AnalyzedSeries } from './analyzed-series.ts'
import { concludeSeries, concludeStudy } from './conclude.ts'
import { patientAge } from './patient-age.ts'

/** A series that was closed before all of it had come. */
export interface Shortfall { readonly received: number, readonly expected: number }

/** One series of the study, and what the service knows of its arrival. */
export interface ArrivedSeries extends AnalyzedSeries { readonly shortfall?: Shortfall | undefined }

/** By SeriesNumber, then SeriesInstanceUID, whatever the order in which they arrived: how series are numbered in results. */
export function inStudyOrder<T extends { readonly series: Series }> (all: readonly T[]): T[] {
  return [...all].sort((a, b) => seriesNumber(a, Infinity) - seriesNumber(b, Infinity) ||
    (a.series.seriesInstanceUid < b.series.seriesInstanceUid ? -1 : 1))
}

/**
 * Draws the conclusions of the series and the study, in the order of `inStudyOrder`.
 * @param failed series whose analysis was given up: what they show is not known, so the study is not negative
 */
export function studyFindings (
  arrived: readonly ArrivedSeries[], manifest: ModelManifest, failed: readonly ExcludedSeries[] = [],
): StudyFindings {
  const ordered = inStudyOrder(arrived)
  const series = ordered
    .flatMap(one => one.groups.map(group => ({ one, group })))
    .map(({ one, group }, i) => findingsOf(one, group, i + 1, manifest))
  return {
    conclusion: concludeStudy([...series.map(({ conclusion }) => conclusion), ...failed.map(() => 'undetermined' as const)]),
    series,
    excluded: [
      ...ordered.filter(({ groups }) => groups.length === 0).map(one => excludedSeries(header(one), one.reason)),
      ...failed,
    ],
  }
}

/** How reports name a series that they leave out. */
export function excludedSeries (attributes: Attributes, reason: string): ExcludedSeries {
  return {
    seriesNumber: attributes.number('SeriesNumber'),
    description: attributes.string('SeriesDescription') ?? '',
    reason,
  }
}

function findingsOf (one: ArrivedSeries, group: AnalyzedGroup, ordinal: number, manifest: ModelManifest): SeriesFindings {
  const age = patientAge(header(one))
  const { shortfall } = one
  const findings = group.slices.map(({ finding }) => finding)
  const incomplete = !group.complete || shortfall !== undefined
  return {
    seriesInstanceUid: one.series.seriesInstanceUid,
    studyInstanceUid: one.series.studyInstanceUid,
    seriesNumber: header(one).number('SeriesNumber'),
    seriesDescription: header(one).string('SeriesDescription') ?? '',
    contrast: group.contrast,
    ordinal,
    slices: group.slices,
    ...concludeSeries(findings, manifest, { incomplete, age }),
    notes: [
      ...(shortfall ? [`${shortfall.received} of ${shortfall.expected} images had arrived when the waiting time ended`] : []),
      ...group.notes,
      ...ageNotes(age, manifest),
    ],
  }
}

function ageNotes (age: number | undefined, { age: { minimum, maximum } }: ModelManifest): string[] {
  if (age === undefined) return [`the header does not tell the patient's age; the model was made for ${minimum} to ${maximum} years`]
  return age < minimum || age > maximum ? [`the patient is outside the ages that the model was made for (${minimum} to ${maximum} years)`] : []
}

/** Of the first instance; every instance of a series repeats it. */
function header ({ series }: { readonly series: Series }): Attributes {
  return series.instances[0]!.attributes
}

function seriesNumber (one: { readonly series: Series }, absent: number): number {
  return header(one).number('SeriesNumber') ?? absent
}
