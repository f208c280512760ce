import { drawLegend } from '../imaging/legend.ts'
import type { LegendPart } from '../imaging/legend.ts'
import type { Color } from '../imaging/draw.ts'
import { freeSpace } from '../imaging/free-space.ts'
import { enlarge, overlay, toRgb } from '../imaging/overlay.ts'
import type { AffineMap, GrayImage, RgbImage } from '../imaging/raster.ts'
import type { Heatmap } from '../model/finding.ts'
import type { ModelManifest } from '../model/manifest.ts'
import { researchOnly } from './common-modules.ts'
import type { ReportContext } from './report-context.ts'
import { explanations, sliceLabel } from './result-series.ts'
import type { ResultSeries } from './result-series.ts'
import { probabilityText, thresholdText } from './sentences.ts'
import type { SliceResult } from './series-findings.ts'

/** One map of one classified slice. */
export interface HeatmapInput {
  readonly result: SliceResult
  readonly heatmap: Heatmap
  /** The slice, windowed, at its own matrix and orientation. */
  readonly display: GrayImage
  readonly series: ResultSeries
  readonly context: ReportContext
}

const white: Color = [235, 235, 235]
const amber: Color = [255, 196, 84]
/** Of a positive and of a negative slice, as on the summary page. */
const verdictColors = { positive: [255, 150, 84], negative: [150, 200, 255] } as const satisfies Record<string, Color>

/** Canvas pixels per source pixel: the least whole number that makes the canvas 512 wide or more. */
export function canvasFactor (columns: number): number {
  return Math.ceil(512 / columns)
}

/** Opacity where the map is 1: a slice with a probability near 0 does not look hot. */
export function overlayOpacity (probability: number): number {
  return 0.5 * (0.3 + 0.7 * probability)
}

/** The windowed slice under its map, without any text: the source's extent, `factor` times its matrix. */
export function drawOverlay (
  display: GrayImage, heatmap: Heatmap | undefined, toSource: AffineMap | undefined, probability: number, factor: number,
): RgbImage {
  if (heatmap === undefined || heatmap.empty || toSource === undefined) return toRgb(enlarge(display, factor))
  return overlay(display, heatmap, toSource, { factor, opacity: overlayOpacity(probability) })
}

/** A map of any picture, for `drawMap`. */
export interface MapInput {
  readonly heatmap: Heatmap
  readonly display: GrayImage
  readonly toSource: AffineMap | undefined
  readonly probability: number
  /** what is shown: a slice of a series, or a picture by its number */
  readonly label: string
  readonly manifest: ModelManifest
}

/** The whole canvas: overlay and legend. Neither names nor identifiers of the patient are drawn. */
export function drawHeatmap ({ result, heatmap, display, series, context }: HeatmapInput, probability: number): RgbImage {
  const label = sliceLabel(result.slice, series)
  return drawMap({ heatmap, display, toSource: result.toSource, probability, label, manifest: context.model.manifest })
}

/** The same of a picture that is no DICOM slice. */
export function drawMap ({ heatmap, display, toSource, probability, label, manifest }: MapInput): RgbImage {
  const factor = canvasFactor(display.width)
  const canvas = drawOverlay(display, heatmap, toSource, probability, factor)
  const { name } = explanations[heatmap.method]
  const verdict = verdictText(probability, manifest)
  const positive = probability >= manifest.output.threshold
  const caption = heatmap.empty
    ? [`${name}:`, 'no positive activation']
    : [`${name}, per-slice max-normalised; not a probability, not a lesion outline`]
  const parts: LegendPart[] = [
    { phrases: caption, color: white, bar: !heatmap.empty, corner: 'bottom-left' },
    { phrases: [...verdict, label, `${manifest.name} v${manifest.version}`], color: white, bar: false, corner: 'bottom-right' },
    { phrases: researchOnly.replace(' -', ',').split(/(?<=,) /), color: amber, bar: false, corner: 'top-left' },
    // for a glance, and for the small tiles of a viewer in which the rest cannot be read
    {
      phrases: [`p=${probabilityText(probability)}`, positive ? 'POSITIVE' : 'negative'],
      color: verdictColors[positive ? 'positive' : 'negative'],
      bar: false,
      corner: 'top-right',
      scale: 2,
      optional: true,
    },
  ]
  const short = `RESEARCH ONLY | ${verdict.join(' ')} | ${name}${heatmap.empty ? ': none' : ''} | ${label}`
  drawLegend(canvas, freeSpace(display, factor), parts, short)
  return canvas
}

/** `p(tuber)=0.93` and `POSITIVE (>=0.50)` */
function verdictText (probability: number, manifest: ModelManifest): [probability: string, verdict: string] {
  const { threshold } = manifest.output
  const text = thresholdText(threshold)
  const verdict = probability >= threshold ? `POSITIVE (>=${text})` : `negative (<${text})`
  return [`p(tuber)=${probabilityText(probability)}`, verdict]
}
