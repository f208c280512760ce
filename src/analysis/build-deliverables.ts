import type { Dataset } from '../dicom/dataset.ts'
import type { Slice } from '../dicom/slice.ts'
import { encodePart10 } from '../dicom/write-part10.ts'
import { AppError } from '../errors.ts'
import type { GrayImage, RgbImage } from '../imaging/raster.ts'
import type { HeatmapMethod } from '../model/finding.ts'
import type { Evidence } from '../report/evidence.ts'
import type { ReportContext } from '../report/report-context.ts'
import { resultSeries, wantedMethods } from '../report/result-series.ts'
import { seriesIdentity } from '../report/result-uids.ts'
import { buildKeyObjectSelection } from '../report/key-object-selection.ts'
import { buildPdfObject } from '../report/pdf-object.ts'
import { buildParametricMap } from '../report/parametric-map.ts'
import type { EncodeJpeg } from '../report/pdf-pictures.ts'
import { canvasFactor } from '../report/heatmap-picture.ts'
import { buildMultiFrameCapture } from '../report/multi-frame-capture.ts'
import type { CaptureFrame, MultiFrameCapture } from '../report/multi-frame-capture.ts'
import { buildSecondaryCapture } from '../report/secondary-capture.ts'
import type { SeriesFindings, StudyFindings } from '../report/series-findings.ts'
import { buildStructuredReport } from '../report/structured-report.ts'
import { captureStacks, heatmapOf, isPicture, parametricStacks, storedMaps } from '../report/stored-maps.ts'
import { buildSummaryPage } from '../report/summary-page.ts'

/** Objects that are made when asked for. */
export const extraKinds = ['key-objects', 'pdf'] as const
export type ExtraKind = typeof extraKinds[number]

export type DeliverableKind = HeatmapMethod | 'parametric-map' | 'summary' | 'sr' | ExtraKind

/** One result object, encoded. */
export interface Deliverable {
  readonly kind: DeliverableKind
  readonly sopClassUid: string
  readonly sopInstanceUid: string
  readonly seriesInstanceUid: string
  readonly studyInstanceUid: string
  readonly instanceNumber: number
  /** 1-based number of the analysed series; `undefined` for objects of the whole study. */
  readonly ordinal: number | undefined
  /** A complete DICOM file. */
  readonly bytes: Uint8Array
  /** The same picture without DICOM. */
  readonly picture: RgbImage | undefined
  /** The document that it encapsulates, as a file. */
  readonly document: Uint8Array | undefined
}

interface Encoding { readonly picture?: RgbImage, readonly document?: Uint8Array, readonly transferSyntaxUid?: string }

const rleLossless = '1.2.840.10008.1.2.5'

export interface DeliverableOptions {
  /** The slice as a viewer would show it. */
  readonly displayOf: (slice: Slice) => Promise<GrayImage>
  readonly encodeJpeg: EncodeJpeg
  /** One frame of RLE Lossless; needed where captures are compressed. */
  readonly encodeRle?: (image: RgbImage) => Promise<Uint8Array>
  /** None by default. */
  readonly extras?: readonly ExtraKind[] | undefined
  /** Earlier reports that the report of a series replaces, by ordinal; a report of the study replaces those of all its series. */
  readonly predecessors?: ReadonlyMap<number, readonly Evidence[]>
}

/**
 * All result objects of a study, one at a time, in the order in which they are stored: heatmaps, parametric maps, summary, what was asked
 * for besides, reports last, so that a document never refers to what is not there yet. Nothing for a study without an analysed series.
 */
export async function * buildDeliverables (
  study: StudyFindings, context: ReportContext, options: DeliverableOptions,
): AsyncGenerator<Deliverable> {
  if (study.series.length === 0) return
  for (const series of study.series) yield * heatmaps(series, context, options)
  if (context.objects.parametricMaps) for (const series of study.series) yield * parametricMaps(series, context)
  const { displayOf, encodeJpeg, extras = [] } = options
  const { dataset, image } = await buildSummaryPage({ study, context, displayOf })
  yield await captured('summary', undefined, { dataset, images: [image] }, context, options)
  const keyObjects = extras.includes('key-objects') ? buildKeyObjectSelection(study, context) : undefined
  if (keyObjects !== undefined) yield deliverable('key-objects', undefined, keyObjects)
  if (extras.includes('pdf')) {
    const { dataset, file } = await buildPdfObject({ study, context, displayOf, encodeJpeg })
    yield deliverable('pdf', undefined, dataset, { document: file })
  }
  yield * reports(study, context, options)
}

function * reports (
  study: StudyFindings, context: ReportContext, { predecessors = new Map() }: DeliverableOptions,
): Generator<Deliverable> {
  if (context.objects.srScope === 'study') {
    const replaced = new Map([...predecessors.values()].flat().map(one => [one.sopInstanceUid, one]))
    yield deliverable('sr', undefined, buildStructuredReport({ study, context, predecessors: [...replaced.values()] }))
    return
  }
  for (const series of study.series) {
    const dataset = buildStructuredReport({ study, series, context, predecessors: predecessors.get(series.ordinal) ?? [] })
    yield deliverable('sr', series.ordinal, dataset)
  }
}

async function * heatmaps (
  series: SeriesFindings, context: ReportContext, options: DeliverableOptions,
): AsyncGenerator<Deliverable> {
  const results = resultSeries(seriesIdentity(series), context)
  if (context.objects.multiFrame) {
    for (const method of wantedMethods(context)) yield * stackedHeatmaps(series, method, context, options)
    return
  }
  for (const [result, stored] of storedMaps(series, results, context)) {
    const maps = stored.filter(isPicture)
    if (result.finding.kind !== 'classified' || maps.length === 0) continue
    const display = await options.displayOf(result.slice)
    for (const heatmap of result.finding.heatmaps) {
      if (maps.every(({ method }) => method !== heatmap.method)) continue
      const { dataset, image } = buildSecondaryCapture({ result, heatmap, display, series: results, context })
      yield await captured(heatmap.method, series.ordinal, { dataset, images: [image] }, context, options)
    }
  }
}

/** One image of all slices in scope: all its frames are in memory together. */
async function * stackedHeatmaps (
  series: SeriesFindings, method: HeatmapMethod, context: ReportContext, options: DeliverableOptions,
): AsyncGenerator<Deliverable> {
  const results = resultSeries(seriesIdentity(series), context)
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
    yield await captured(method, series.ordinal, capture, context, options)
  }
}

function * parametricMaps (series: SeriesFindings, context: ReportContext): Generator<Deliverable> {
  const results = resultSeries(seriesIdentity(series), context)
  for (const method of wantedMethods(context)) {
    for (const stack of parametricStacks(series, method, results, context)) {
      yield deliverable('parametric-map', series.ordinal, buildParametricMap({ stack, method, results, context }))
    }
  }
}

/** Captures in the transfer syntax that is wanted; the picture of an image of several frames is its first one. */
async function captured (
  kind: DeliverableKind, ordinal: number | undefined, { dataset, images }: MultiFrameCapture,
  { objects }: ReportContext, { encodeRle }: DeliverableOptions,
): Promise<Deliverable> {
  const [picture] = images as [RgbImage]
  if (objects.compression === 'none') return deliverable(kind, ordinal, dataset, { picture })
  if (encodeRle === undefined) throw new AppError('internal', 'captures are to be compressed, and nothing compresses them')
  const frames: ArrayBuffer[] = []
  for (const image of images) frames.push(new Uint8Array(await encodeRle(image)).buffer)
  return deliverable(kind, ordinal, { ...dataset, PixelData: frames }, { picture, transferSyntaxUid: rleLossless })
}

function deliverable (
  kind: DeliverableKind, ordinal: number | undefined, dataset: Dataset,
  { picture, document, transferSyntaxUid }: Encoding = {},
): Deliverable {
  const uid = (keyword: string) => dataset[keyword] as string
  return {
    kind,
    ordinal,
    picture,
    document,
    sopClassUid: uid('SOPClassUID'),
    sopInstanceUid: uid('SOPInstanceUID'),
    seriesInstanceUid: uid('SeriesInstanceUID'),
    studyInstanceUid: uid('StudyInstanceUID'),
    instanceNumber: Number(dataset['InstanceNumber'] ?? 1),
    bytes: encodePart10(dataset, transferSyntaxUid === undefined ? {} : { transferSyntaxUid }),
  }
}
