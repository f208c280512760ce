import { viridis } from '../imaging/colormap.ts'
import type { GrayImage } from '../imaging/raster.ts'
import type { Slice } from '../dicom/slice.ts'
import { patientDirection } from './patient-direction.ts'
import type { PdfBox, PdfColor, PdfDocument, PdfPicture } from './pdf-document.ts'
import type { PdfFlow } from './pdf-flow.ts'
import { mapPicture, originalPicture, overlayPicture } from './pdf-pictures.ts'
import type { EncodeJpeg } from './pdf-pictures.ts'
import type { ReportContext } from './report-context.ts'
import { explanations, sliceLabel } from './result-series.ts'
import { seriesIdentity } from './result-uids.ts'
import { probabilityText, thresholdText } from './sentences.ts'
import type { SeriesFindings, SliceResult } from './series-findings.ts'
import { mappedMethods } from './stored-maps.ts'

export interface PdfSource {
  readonly context: ReportContext
  /** The slice as a viewer would show it. */
  readonly displayOf: (slice: Slice) => Promise<GrayImage>
  readonly encodeJpeg: EncodeJpeg
}

const gap = 8
const captionHeight = 12
/** Points across and down that a picture may take: two slices of two maps fill a page. */
const cell = { width: 166, height: 138 } as const
const positive: PdfColor = [190, 60, 20]
const faint: PdfColor = [96, 100, 110]
const white: PdfColor = [235, 235, 235]

interface Cell { readonly picture: PdfPicture, readonly caption: string }

/** Every slice of a series in the order of its source: the probability as title; per map the original, the map and both together. */
export async function drawSlices (flow: PdfFlow, series: SeriesFindings, source: PdfSource): Promise<void> {
  const heading = (on: PdfFlow) => drawHeading(on, series)
  flow.newPage(heading)
  flow.document.bookmark(`${seriesTitle(series)}: slices`)
  for (const result of series.slices) await drawSlice(flow, result, series, source, heading)
}

/** `Series 301, FLAIR`: descriptions are free text and may name a person. */
export function seriesTitle ({ seriesNumber, contrast }: SeriesFindings): string {
  return `Series${seriesNumber === undefined ? '' : ` ${seriesNumber}`}, ${contrast}`
}

async function drawSlice (
  flow: PdfFlow, result: SliceResult, series: SeriesFindings, source: PdfSource, heading: (flow: PdfFlow) => number,
): Promise<void> {
  const { document, left, width } = flow
  const rows = await pictures(document, result, source)
  const { finding, slice } = result
  const label = sliceLabel(slice, seriesIdentity(series))
  const words = `${label}: ${verdict(result, source.context)}`
  const style = { size: 10.5, bold: true, role: 'H2' } as const
  const titleHeight = document.textHeight(words, width - 9, style) + 7
  const height = titleHeight + rows.length * (cell.height + captionHeight + gap)
  flow.block(height, gap, top => {
    const isPositive = finding.kind === 'classified' && finding.probability >= source.context.model.manifest.output.threshold
    document.fill({ x: left, y: top, width: 3, height: titleHeight - 7 }, isPositive ? positive : [170, 176, 186])
    document.text(words, left + 9, top + 1, width - 9, { ...style, ...(isPositive ? { color: positive } : {}) })
    for (const [row, cells] of rows.entries()) {
      const y = top + titleHeight + row * (cell.height + captionHeight + gap)
      for (const [column, { picture, caption }] of cells.entries()) {
        const x = left + column * (cell.width + (width - 3 * cell.width) / 2)
        document.figure(`${label}: ${caption}`, () => drawPicture(document, picture, slice, { x, y, ...cell }))
        document.text(caption, x, y + cell.height + 2, cell.width, { size: 7, color: faint, align: 'center' })
      }
    }
  }, heading)
}

/** A row per map; the original alone where there is none; nothing for a slice that cannot be shown. */
async function pictures (
  document: PdfDocument, result: SliceResult, { context, displayOf, encodeJpeg }: PdfSource,
): Promise<Cell[][]> {
  const { finding, slice, toSource } = result
  // a slice that failed because it cannot be decoded cannot be shown either: its reason is its title
  const display = finding.kind === 'classified' ? await displayOf(slice) : await displayOf(slice).catch(() => undefined)
  if (display === undefined) return []
  const original = { picture: await originalPicture(document, display, encodeJpeg), caption: 'Original' }
  const rows: Cell[][] = []
  const stored = mappedMethods(result, context)
  for (const heatmap of finding.kind === 'classified' ? finding.heatmaps : []) {
    if (!stored.includes(heatmap.method)) continue
    const { name } = explanations[heatmap.method]
    const none = heatmap.empty ? ': no positive activation' : ''
    rows.push([
      original,
      { picture: await mapPicture(document, display, heatmap, toSource, encodeJpeg), caption: `${name}${none}` },
      { picture: await overlayPicture(document, display, result, heatmap, encodeJpeg), caption: `${name} over the original` },
    ])
  }
  return rows.length === 0 ? [[original]] : rows
}

/** A picture in the patient's proportions, in the middle of its cell, with the sides of the patient that it shows: within a figure. */
export function drawPicture (document: PdfDocument, picture: PdfPicture, slice: Slice, box: PdfBox): void {
  const [betweenRows, betweenColumns] = slice.plane?.spacing ?? [1, 1]
  const [across, down] = [slice.pixel.columns * betweenColumns, slice.pixel.rows * betweenRows]
  const scale = Math.min(box.width / across, box.height / down)
  const [width, height] = [across * scale, down * scale]
  const [x, y] = [box.x + (box.width - width) / 2, box.y + (box.height - height) / 2]
  document.draw(picture, { x, y, width, height })
  if (slice.plane === undefined) return
  const [i, j, k] = slice.plane.rowCosines
  const style = { size: 7, bold: true, color: white }
  document.text(patientDirection([-i, -j, -k]).slice(0, 1), x + 3, y + height / 2 - 4, 12, style)
  document.text(patientDirection([i, j, k]).slice(0, 1), x + width - 15, y + height / 2 - 4, 12, { ...style, align: 'right' })
}

function verdict ({ finding }: SliceResult, { model }: ReportContext): string {
  if (finding.kind !== 'classified') return `no probability (${finding.kind}): ${finding.reason.text}`
  const { threshold } = model.manifest.output
  const side = finding.probability >= threshold ? `POSITIVE (>= ${thresholdText(threshold)})` : `negative (< ${thresholdText(threshold)})`
  return `p(tuber) = ${probabilityText(finding.probability)}, ${side}`
}

/** The series and how to read its maps. */
function drawHeading ({ document, left, width, y }: PdfFlow, series: SeriesFindings): number {
  document.text(`${seriesTitle(series)}: ${series.conclusion.toUpperCase()} by algorithm`, left, y, width, { size: 12, bold: true, role: 'H1' })
  const bar = 120
  for (let i = 0; i < 64; i++) {
    const color = Math.round(i * 255 / 63) * 3
    const part = { x: left + i * bar / 64, y: y + 19, width: bar / 64 + 0.2, height: 6 }
    document.fill(part, [viridis[color]!, viridis[color + 1]!, viridis[color + 2]!])
  }
  const small = { size: 6.5, color: faint, role: 'Artifact' } as const
  document.text('0', left, y + 27, 20, small)
  document.text('1', left + bar - 20, y + 27, 20, { ...small, align: 'right' })
  document.text('Each map is scaled to its own maximum: not a probability, not a lesion outline. R, L: sides of the patient.',
    left + bar + 10, y + 18, width - bar - 10, { size: 7, color: faint })
  return 42
}
