import type { Slice } from '../dicom/slice.ts'
import type { Uid } from '../dicom/uid.ts'
import type { HeatmapMethod } from '../model/finding.ts'
import type { Code } from './codes.ts'
import { codes } from './codes.ts'
import type { ImageReference } from './content-items.ts'
import type { ReportContext } from './report-context.ts'
import { heatmapSeriesUid, heatmapUid, parametricMapSeriesUid, sliceKey } from './result-uids.ts'
import type { SeriesIdentity } from './result-uids.ts'

/** What the results of one source series share. Made once, before the first slice is classified. */
export interface ResultSeries extends SeriesIdentity {
  readonly heatmapSeriesUids: Readonly<Record<HeatmapMethod, Uid>>
  readonly parametricMapSeriesUid: Uid
  /** By `sliceKey`: the source's InstanceNumber where the series gives each slice its own, else 1..M in source order. */
  readonly instanceNumbers: ReadonlyMap<string, number>
}

export const secondaryCaptureClassUid = '1.2.840.10008.5.1.4.1.1.7'

interface Explanation {
  readonly name: string
  readonly imageType: string
  readonly code: Code
  readonly seriesNumberBase: number
  readonly mapNumber: number
}

/** How each method of explanation is named (CID 217 where it has a code) and numbered; parametric maps share a series. */
export const explanations = {
  'grad-cam': { name: 'Grad-CAM', imageType: 'GRADCAM', code: codes.gradCam, seriesNumberBase: 9100, mapNumber: 1 },
  saliency: { name: 'Saliency', imageType: 'SALIENCY', code: codes.saliency, seriesNumberBase: 9200, mapNumber: 2 },
  evidence: { name: 'Evidence map', imageType: 'EVIDENCE', code: codes.evidenceMap, seriesNumberBase: 9300, mapNumber: 3 },
} as const satisfies Record<HeatmapMethod, Explanation>

/** Fixes UIDs and instance numbers of all results of one series. */
export function resultSeries (series: SeriesIdentity, context: ReportContext): ResultSeries {
  const numbers = series.slices.map(slice => slice.instanceNumber)
  const unique = new Set(numbers).size === numbers.length && numbers.every(number => number !== undefined)
  return {
    ...series,
    heatmapSeriesUids: {
      'grad-cam': heatmapSeriesUid(series, 'grad-cam', context),
      saliency: heatmapSeriesUid(series, 'saliency', context),
      evidence: heatmapSeriesUid(series, 'evidence', context),
    },
    parametricMapSeriesUid: parametricMapSeriesUid(series, context),
    instanceNumbers: new Map(series.slices.map((slice, index) =>
      [sliceKey(slice), unique && slice.instanceNumber !== undefined ? slice.instanceNumber : index + 1])),
  }
}

/** The methods whose maps are written. */
export function wantedMethods (context: ReportContext): HeatmapMethod[] {
  const wanted: HeatmapMethod[] = []
  if (context.gradCam) wanted.push('grad-cam')
  if (context.saliency) wanted.push('saliency')
  if (context.evidence) wanted.push('evidence')
  return wanted
}

/** The source frame; the frame number is given where the instance has several (PS3.3 table 10-3). */
export function sourceReference (slice: Slice): ImageReference {
  const { sopClassUid, sopInstanceUid, frameCount } = slice.source
  return frameCount > 1 ? { sopClassUid, sopInstanceUid, frameNumber: slice.frameNumber } : { sopClassUid, sopInstanceUid }
}

/** The heatmap of a slice. */
export function heatmapReference (slice: Slice, method: HeatmapMethod, series: ResultSeries): ImageReference {
  return { sopClassUid: secondaryCaptureClassUid, sopInstanceUid: heatmapUid(slice, method, series.heatmapSeriesUids[method]) }
}

/** A slice for people: `S3 I14`, with the frame where the instance has several. No colon: viewers split at it. */
export function sliceLabel (slice: Slice, series: SeriesIdentity): string {
  const position = () => series.slices.findIndex(other => sliceKey(other) === sliceKey(slice)) + 1
  const parts = [
    ...(series.seriesNumber === undefined ? [] : [`S${series.seriesNumber}`]),
    slice.instanceNumber === undefined ? `#${position()}` : `I${slice.instanceNumber}`,
    ...(slice.source.frameCount > 1 ? [`F${slice.frameNumber}`] : []),
  ]
  return parts.join(' ')
}
