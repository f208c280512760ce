import type { Heatmap, HeatmapMethod } from '../model/finding.ts'
import type { Evidence } from './evidence.ts'
import { slicesInScope } from './heatmap-scope.ts'
import type { ImageReference } from './content-items.ts'
import { mapStacks, multiFrameCaptureClassUid, parametricMapClassUid } from './map-stacks.ts'
import type { MapStack } from './map-stacks.ts'
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

/** The map of a slice by a method, if there is one. */
export function heatmapOf ({ finding }: SliceResult, method: HeatmapMethod): Heatmap | undefined {
  return finding.kind === 'classified' ? finding.heatmaps.find(heatmap => heatmap.method === method) : undefined
}

/** The slices of a series whose maps by a method are written, in the order of the source. */
export function mappedSlices (series: SeriesFindings, method: HeatmapMethod, context: ReportContext): SliceResult[] {
  const inScope = slicesInScope(series, context.objects.heatmapScope, context.model.manifest.output.threshold)
  return series.slices.filter(result => inScope.has(result) && mappedMethods(result, context).includes(method))
}

/** The stacks of slices that become one image each, where heatmaps are written as images of several frames. */
export function captureStacks (
  series: SeriesFindings, method: HeatmapMethod, results: ResultSeries, context: ReportContext,
): MapStack[] {
  return mapStacks('frames', method, mappedSlices(series, method, context), results.heatmapSeriesUids[method])
}

/** The same for parametric maps: of every slice that has a map, a geometry and a thickness, whatever the scope of heatmaps. */
export function parametricStacks (
  series: SeriesFindings, method: HeatmapMethod, results: ResultSeries, context: ReportContext,
): MapStack[] {
  const mappable = series.slices.filter(result => {
    const { toSource, slice: { frameOfReferenceUid, plane } } = result
    if (toSource === undefined || frameOfReferenceUid === undefined || plane?.sliceThickness === undefined) return false
    return mappedMethods(result, context).includes(method)
  })
  return mapStacks('parametric-map', method, mappable, results.parametricMapSeriesUid)
}

/** The maps that are written of each slice of a series, by method; reports point at these and at no other. */
export function storedMaps (
  series: SeriesFindings, results: ResultSeries, context: ReportContext,
): ReadonlyMap<SliceResult, readonly StoredMap[]> {
  const maps = new Map<SliceResult, StoredMap[]>(series.slices.map(result => [result, []]))
  for (const method of wantedMethods(context)) {
    const seriesInstanceUid = results.heatmapSeriesUids[method]
    if (context.objects.multiFrame) {
      const images = captureStacks(series, method, results, context)
      addFrames(maps, images, { method, seriesInstanceUid, sopClassUid: multiFrameCaptureClassUid })
      continue
    }
    for (const result of mappedSlices(series, method, context)) {
      maps.get(result)?.push({ method, seriesInstanceUid, ...heatmapReference(result.slice, method, results) })
    }
  }
  for (const method of context.objects.parametricMaps ? wantedMethods(context) : []) {
    const images = parametricStacks(series, method, results, context)
    addFrames(maps, images, { method, seriesInstanceUid: results.parametricMapSeriesUid, sopClassUid: parametricMapClassUid })
  }
  return maps
}

/** The frame is named where there are several (PS3.3 table 10-3). */
function addFrames (
  maps: ReadonlyMap<SliceResult, StoredMap[]>, images: readonly MapStack[],
  image: Omit<StoredMap, 'sopInstanceUid' | 'frameNumber'>,
): void {
  for (const { sopInstanceUid, results } of images) {
    for (const [i, result] of results.entries()) {
      maps.get(result)?.push({ ...image, sopInstanceUid, ...(results.length > 1 ? { frameNumber: i + 1 } : {}) })
    }
  }
}

/** Whether people look at it: parametric maps are for machines. */
export function isPicture ({ sopClassUid }: StoredMap): boolean { return sopClassUid !== parametricMapClassUid }

/** Maps as evidence, method by method, in the order of their slices. */
export function mapEvidence (
  series: SeriesFindings, maps: ReadonlyMap<SliceResult, readonly StoredMap[]>, context: ReportContext,
): Evidence[] {
  const { studyInstanceUid } = series
  const all = series.slices.flatMap(result => maps.get(result) ?? [])
  return wantedMethods(context).flatMap(method => all.filter(map => map.method === method))
    .map(map => evidenceOf(map, studyInstanceUid))
}

/** Where a map lives. */
export function evidenceOf ({ seriesInstanceUid, sopClassUid, sopInstanceUid }: StoredMap, studyInstanceUid: string): Evidence {
  return { studyInstanceUid, seriesInstanceUid, sopClassUid, sopInstanceUid }
}
