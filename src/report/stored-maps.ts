import type { HeatmapMethod } from '../model/finding.ts'
import type { Evidence } from './evidence.ts'
import { slicesInScope } from './heatmap-scope.ts'
import type { ImageReference } from './content-items.ts'
import type { ReportContext } from './report-context.ts'
import { heatmapReference, wantedMethods } from './result-series.ts'
import type { ResultSeries } from './result-series.ts'
import type { SeriesFindings, SliceResult } from './series-findings.ts'

/** A map of one slice that is written as an image of its own series. */
export interface StoredMap extends ImageReference {
  readonly method: HeatmapMethod
  readonly seriesInstanceUid: string
}

/** The methods whose maps there are of this slice, written or not: pictures of reports show them in any case. */
export function mappedMethods ({ finding }: SliceResult, context: ReportContext): HeatmapMethod[] {
  if (finding.kind !== 'classified') return []
  return wantedMethods(context).filter(method => finding.heatmaps.some(heatmap => heatmap.method === method))
}

/** The maps that are written of each slice of a series, by method; reports point at these and at no other. */
export function storedMaps (
  series: SeriesFindings, results: ResultSeries, context: ReportContext,
): ReadonlyMap<SliceResult, readonly StoredMap[]> {
  const inScope = slicesInScope(series, context.objects.heatmapScope, context.model.manifest.output.threshold)
  return new Map(series.slices.map(result => {
    const methods = inScope.has(result) ? mappedMethods(result, context) : []
    return [result, methods.map(method =>
      ({ method, seriesInstanceUid: results.heatmapSeriesUids[method], ...heatmapReference(result.slice, method, results) }))]
  }))
}

/** Maps as evidence, method by method, in the order of their slices. */
export function mapEvidence (
  series: SeriesFindings, maps: ReadonlyMap<SliceResult, readonly StoredMap[]>, context: ReportContext,
): Evidence[] {
  const { studyInstanceUid } = series
  const all = series.slices.flatMap(result => maps.get(result) ?? [])
  return wantedMethods(context).flatMap(method => all.filter(map => map.method === method)).map(map => evidenceOf(map, studyInstanceUid))
}

/** Where a map lives. */
export function evidenceOf ({ seriesInstanceUid, sopClassUid, sopInstanceUid }: StoredMap, studyInstanceUid: string): Evidence {
  return { studyInstanceUid, seriesInstanceUid, sopClassUid, sopInstanceUid }
}
