import type { Slice } from '../dicom/slice.ts'
import type { GrayImage } from '../imaging/raster.ts'
import type { HeatmapMethod } from '../model/finding.ts'
import { canvasFactor } from '../report/heatmap-picture.ts'
import { buildMultiFrameCapture } from '../report/multi-frame-capture.ts'
import type { CaptureFrame } from '../report/multi-frame-capture.ts'
import type { ReportContext } from '../report/report-context.ts'
import { resultSeries, wantedMethods } from '../report/result-series.ts'
import type { ResultSeries } from '../report/result-series.ts'
import { seriesIdentity } from '../report/result-uids.ts'
import { buildSecondaryCapture } from '../report/secondary-capture.ts'
import type { SeriesFindings, SliceResult } from '../report/series-findings.ts'
import { captureStacks, heatmapOf, isPicture, mappedMethods, storedMaps } from '../report/stored-maps.ts'
import { captured } from './deliverable.ts'
import type { Deliverable, EncodeRle } from './deliverable.ts'

export interface HeatmapOptions {
  /** The slice as a viewer would show it. */
  readonly displayOf: (slice: Slice) => Promise<GrayImage>
  /** Needed where captures are compressed. */
  readonly encodeRle?: EncodeRle | undefined
}

/**
 * Whether the heatmaps of a slice depend on nothing but the slice, so that they can be written before the next one is
 * classified: one image for each slice, of all slices.
 */
export function drawnAtOnce ({ objects: { multiFrame, heatmapScope } }: ReportContext): boolean {
  return !multiFrame && heatmapScope.of === 'all'
}

/** The heatmaps of a slice of which all are wanted: see `drawnAtOnce`. */
export async function * heatmapsAtOnce (
  result: SliceResult, results: ResultSeries, context: ReportContext, options: HeatmapOptions,
): AsyncGenerator<Deliverable> {
  yield * heatmapsOfSlice(result, mappedMethods(result, context), results, context, options)
}

/** The heatmaps of a series, slice by slice; or one image for each method. */
export async function * heatmapsOfSeries (
  series: SeriesFindings, context: ReportContext, options: HeatmapOptions,
): AsyncGenerator<Deliverable> {
  const results = resultSeries(seriesIdentity(series), context)
  if (context.objects.multiFrame) {
    for (const method of wantedMethods(context)) yield * stackedHeatmaps(series, method, results, context, options)
    return
  }
  for (const [result, stored] of storedMaps(series, results, context)) {
    yield * heatmapsOfSlice(result, stored.filter(isPicture).map(({ method }) => method), results, context, options)
  }
}

async function * heatmapsOfSlice (
  result: SliceResult, methods: readonly HeatmapMethod[], results: ResultSeries, context: ReportContext, options: HeatmapOptions,
): AsyncGenerator<Deliverable> {
  if (result.finding.kind !== 'classified' || methods.length === 0) return
  const display = await options.displayOf(result.slice)
  for (const heatmap of result.finding.heatmaps) {
    if (!methods.includes(heatmap.method)) continue
    const { dataset, image } = buildSecondaryCapture({ result, heatmap, display, series: results, context })
    yield await captured(heatmap.method, results.ordinal, { dataset, images: [image] }, context, options.encodeRle)
  }
}

/** One image of all slices in scope: all its frames are in memory together. */
async function * stackedHeatmaps (
  series: SeriesFindings, method: HeatmapMethod, results: ResultSeries, context: ReportContext, options: HeatmapOptions,
): AsyncGenerator<Deliverable> {
  for (const [i, { sopInstanceUid, results: stack }] of captureStacks(series, method, results, context).entries()) {
    const frames: CaptureFrame[] = []
    for (const result of stack) {
      const heatmap = heatmapOf(result, method)!
      const display = await options.displayOf(result.slice)
      const { dataset, image } = buildSecondaryCapture({ result, heatmap, display, series: results, context })
      frames.push({ dataset: { ...dataset, PixelData: null }, image, slice: result.slice })
    }
    const factor = canvasFactor(stack[0]!.slice.pixel.columns)
    const capture = buildMultiFrameCapture(frames, factor, { sopInstanceUid, instanceNumber: i + 1 })
    yield await captured(method, series.ordinal, capture, context, options.encodeRle)
  }
}
