import { createHash } from 'node:crypto'
import type { Slice } from '../dicom/slice.ts'
import { uidFromName } from '../dicom/uid.ts'
import type { Uid } from '../dicom/uid.ts'
import type { HeatmapMethod } from '../model/finding.ts'
import type { ReportContext } from './report-context.ts'
import type { SeriesFindings, StudyFindings } from './series-findings.ts'

/** Raised whenever the same input is to give other bytes: results of different schemas never share a UID. */
export const outputSchemaVersion = 3

/** What the UIDs of a series' results depend on: known before the first slice is classified. */
export type SeriesIdentity =
  Pick<SeriesFindings, 'seriesInstanceUid' | 'studyInstanceUid' | 'seriesNumber' | 'contrast' | 'ordinal'> &
  { readonly slices: readonly Slice[] }

/** The part of SeriesFindings that is known from the start. */
export function seriesIdentity (series: SeriesFindings): SeriesIdentity {
  return { ...series, slices: series.slices.map(result => result.slice) }
}

/** One frame, named the same in every process. */
export function sliceKey (slice: Slice): string {
  return `${slice.source.sopInstanceUid}|${slice.frameNumber}`
}

/**
 * Hex sha256 of everything that decides the bytes of a study's reports, the moment left out: sources by UID and digest,
 * model, configuration, output schema, and what was said of series that were not analysed.
 */
export function runKey (study: StudyFindings, context: ReportContext): string {
  const series = study.series.map(({ seriesInstanceUid, ordinal, slices, notes }) =>
    ({ seriesInstanceUid, ordinal, notes, slices: slices.map(({ slice }) => sliceKey(slice)) }))
  const slices = study.series.flatMap(({ slices }) => slices.map(({ slice }) => slice))
  return digest([sourceDigests(slices), configuration(context), context.srSopClass, context.objects, series, study.excluded])
}

/**
 * SOP Instance UID, or with `kind` ending in `-series` the Series Instance UID, of an object made once per analysed series. The
 * ordinal tells apart two echoes of one source series, each analysed by itself.
 */
export function seriesReportUid (
  kind: 'sr' | 'sr-series', { seriesInstanceUid, ordinal }: Pick<SeriesFindings, 'seriesInstanceUid' | 'ordinal'>, key: string,
): Uid {
  return uidFromName(`${kind}|${seriesInstanceUid}|${ordinal}|${key}`)
}

/** What is made once per study. */
type StudyReport = 'summary' | 'key-objects' | 'pdf' | 'sr'

/** The same for objects made once per study. */
export function studyReportUid (kind: StudyReport | `${StudyReport}-series`, studyInstanceUid: Uid, key: string): Uid {
  return uidFromName(`${kind}|${studyInstanceUid}|${key}`)
}

/**
 * Series Instance UID of the heatmaps of one method. It depends on the digests of the whole source series: a corrected
 * header, or a slice that came late, gives a new series instead of two versions mixed in one.
 */
export function heatmapSeriesUid (series: SeriesIdentity, method: HeatmapMethod, context: ReportContext): Uid {
  const { seriesInstanceUid, ordinal, contrast } = series
  const { multiFrame, heatmapScope } = context.objects
  // which frames an image has is part of what it is; which captures a series has is not
  const frames = multiFrame ? [heatmapScope] : []
  const { slices } = series
  const key = digest([sourceDigests(slices), configuration(context), ordinal, contrast, slices.map(sliceKey), frames])
  return uidFromName(`${method}-series|${seriesInstanceUid}|${key}`)
}

/** Series Instance UID of the parametric maps of a series, of all methods; as `heatmapSeriesUid`. */
export function parametricMapSeriesUid (series: SeriesIdentity, context: ReportContext): Uid {
  const { seriesInstanceUid, ordinal, contrast, slices } = series
  const key = digest([sourceDigests(slices), configuration(context), ordinal, contrast, slices.map(sliceKey)])
  return uidFromName(`parametric-map-series|${seriesInstanceUid}|${key}`)
}

/** SOP Instance UID of one heatmap: the UID of its series names the digests, the model and the configuration. */
export function heatmapUid (slice: Slice, method: HeatmapMethod, seriesUid: Uid): Uid {
  return uidFromName(`${method}|${sliceKey(slice)}|${slice.source.digest}|${seriesUid}`)
}

/** Tracking Unique Identifier: the same slice and model keep it over every revision of the report. */
export function trackingUid (slice: Slice, context: ReportContext): Uid {
  return uidFromName(`tracking|${sliceKey(slice)}|${context.model.sha256}`)
}

function sourceDigests (slices: readonly Slice[]): string[] {
  return [...new Set(slices.map(slice => `${slice.source.sopInstanceUid}=${slice.source.digest}`))].sort()
}

/**
 * What every object depends on, keys in a fixed order, moments left out: a re-run at another hour is the same run. What a report
 * is, is not of it: heatmaps stay what they are when reports change.
 */
function configuration (context: ReportContext): unknown {
  const { software, model, scModality, gradCam, saliency, evidence, objects } = context
  const identity = [software.manufacturer, software.modelName, software.version, software.stationName]
  const methods = [gradCam, saliency, evidence]
  return [outputSchemaVersion, identity, model.sha256, model.engine, scModality, ...methods, objects.compression]
}

function digest (value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex')
}
