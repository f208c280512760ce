import { colorBar } from '../imaging/colormap.ts'
import { blankImage, drawImage, drawText, fillBox, fitImage, textHeight, textWidth, wrapText } from '../imaging/draw.ts'
import type { Color } from '../imaging/draw.ts'
import type { GrayImage, RgbImage } from '../imaging/raster.ts'
import { researchOnly } from './common-modules.ts'
import { canvasFactor, drawOverlay } from './heatmap-picture.ts'
import { patientDirection } from './patient-direction.ts'
import { drawProbabilityProfile } from './probability-profile.ts'
import type { ReportContext } from './report-context.ts'
import { explanations, sliceLabel } from './result-series.ts'
import { seriesIdentity } from './result-uids.ts'
import { byProbability, contrastsSentence, probabilityText, thresholdText } from './sentences.ts'
import type { ClassifiedSlice } from './sentences.ts'
import type { SeriesFindings, StudyFindings } from './series-findings.ts'
import { mappedMethods } from './stored-maps.ts'

/** A high slice with its picture, windowed, at its own matrix. */
export interface SummarySlice extends ClassifiedSlice { readonly display: GrayImage }

/** A part of the page: it says how high it is before it is drawn. */
interface Block { readonly height: number, draw (page: RgbImage, y: number): void }

const pageWidth = 1024
/** A page is at least square: viewers fit it into a tile. */
const leastHeight = 1024
const margin = 32
/** Free of text: in a narrow viewport the viewer's own lies over it. */
const topMargin = 84
const inner = pageWidth - 2 * margin
const background: Color = [16, 18, 24]
const ink: Color = [228, 230, 234]
const faint: Color = [168, 172, 180]
const amber: Color = [255, 196, 84]
const verdictColors: Record<StudyFindings['conclusion'], Color> = {
  present: [255, 122, 84],
  absent: [150, 200, 255],
  undetermined: amber,
}
const thumbnail = 304
/** Lines of excluded series and notes that the page holds; the report holds all. */
const mostRemarks = 8

/**
 * One page that says at a glance what the study gave. Series are named by number and contrast alone: descriptions are free
 * text and may name a person, and burned-in names cannot be taken out again.
 */
export function drawSummary (study: StudyFindings, highest: readonly SummarySlice[], context: ReportContext): RgbImage {
  const blocks = [
    verdict(study),
    lines([resultSentence(study, context), contrastsSentence(study)], ink),
    ...study.series.map(series => profile(series, context)),
    ...(highest.length === 0 ? [] : [thumbnails(highest, context)]),
    lines(remarks(study), faint),
  ]
  const foot = footer(context)
  const content = blocks.reduce((sum, { height }) => sum + height, topMargin)
  const page = blankImage(pageWidth, Math.max(leastHeight, content + foot.height), background)
  let y = topMargin
  for (const block of blocks) {
    block.draw(page, y)
    y += block.height
  }
  foot.draw(page, page.height - foot.height)
  return page
}

function verdict ({ conclusion }: StudyFindings): Block {
  return {
    height: 170,
    draw (page, y) {
      drawText(page, 'CORTICAL TUBERS (TSC)', margin, y, faint, 2)
      const word = conclusion.toUpperCase()
      drawText(page, word, margin, y + 34, verdictColors[conclusion], 8)
      drawText(page, 'by algorithm', margin + textWidth(word, 8) + 24, y + 79, ink, 3)
      drawText(page, researchOnly, margin, y + 140, amber, 2)
    },
  }
}

function resultSentence (study: StudyFindings, context: ReportContext): string {
  const best = byProbability(study.series)[0]
  if (best === undefined) return 'No slice could be classified.'
  const label = sliceLabel(best.result.slice, seriesIdentity(best.series))
  return `Highest p(tuber) ${probabilityText(best.probability)} (${label}).` +
    ` A slice is positive at >= ${thresholdText(context.model.manifest.output.threshold)}.`
}

/** Paragraphs of text at twice the size of the glyphs, wrapped. */
function lines (paragraphs: readonly string[], color: Color): Block {
  const wrapped = paragraphs.flatMap(paragraph => wrapText(paragraph, Math.floor(inner / 14)))
  return {
    height: wrapped.length === 0 ? 0 : wrapped.length * 28 + 10,
    draw: (page, y) => wrapped.forEach((line, index) => drawText(page, line, margin, y + index * 28, color, 2)),
  }
}

function profile (series: SeriesFindings, context: ReportContext): Block {
  const { threshold } = context.model.manifest.output
  const positive = byProbability([series]).filter(({ probability }) => probability >= threshold).length
  const number = series.seriesNumber === undefined ? '' : `S${series.seriesNumber} `
  const title = `${number}${series.contrast}: ${series.conclusion.toUpperCase()}, ${positive} of ${series.slices.length} slices >= ${thresholdText(threshold)}`
  const rule = lines([series.ruleText], faint)
  return {
    height: 30 + rule.height + 176,
    draw (page, y) {
      drawText(page, title, margin, y, verdictColors[series.conclusion], 2)
      rule.draw(page, y + 30)
      drawProbabilityProfile(page, { x: margin, y: y + 30 + rule.height - 8, width: inner, height: 164 }, series, threshold)
    },
  }
}

function thumbnails (highest: readonly SummarySlice[], context: ReportContext): Block {
  const pictures = highest.map(slice => ({ slice, picture: slicePicture(slice, context) }))
  const height = Math.max(...pictures.map(({ picture }) => picture.height))
  const mapped = highest.some(({ result }) => mappedMethods(result, context).length > 0)
  return {
    height: height + textHeight(1, 2) + (mapped ? 58 : 30),
    draw (page, y) {
      for (const [index, { slice, picture }] of pictures.entries()) {
        const x = margin + index * (thumbnail + (inner - 3 * thumbnail) / 2)
        drawImage(page, picture, Math.round(x + (thumbnail - picture.width) / 2), y)
        const caption = `${sliceLabel(slice.result.slice, seriesIdentity(slice.series))} p=${probabilityText(slice.probability)}`
        drawText(page, caption, Math.round(x + (thumbnail - textWidth(caption, 2)) / 2), y + height + 6, ink, 2)
      }
      if (mapped) drawScale(page, y + height + 38)
    },
  }
}

/** How to read the maps. */
function drawScale (page: RgbImage, y: number): void {
  const bar = { x: margin + 20, y: y + 5, width: 96, height: 14 }
  drawText(page, '0', margin, y, faint, 2)
  drawImage(page, colorBar(bar.width, bar.height), bar.x, bar.y)
  drawText(page, "1  of each slice's own maximum; not a lesion outline", bar.x + bar.width + 8, y, faint, 2)
}

/** The slice under its first map, in the proportions of the patient, with the sides of its picture marked. */
function slicePicture ({ result, display, probability }: SummarySlice, context: ReportContext): RgbImage {
  const { finding, slice, toSource } = result
  const method = mappedMethods(result, context)[0]
  const heatmap = finding.kind === 'classified' ? finding.heatmaps.find(map => map.method === method) : undefined
  const factor = canvasFactor(display.width)
  const full = drawOverlay(display, heatmap, toSource, probability, factor)
  const [betweenRows, betweenColumns] = slice.plane?.spacing ?? [1, 1]
  const [across, down] = [display.width * betweenColumns, display.height * betweenRows]
  const scale = thumbnail / Math.max(across, down)
  const picture = fitImage(full, Math.max(1, Math.round(across * scale)), Math.max(1, Math.round(down * scale)))
  if (slice.plane !== undefined) {
    const [x, y, z] = slice.plane.rowCosines
    const [left, right] = [patientDirection([-x, -y, -z]).slice(0, 1), patientDirection([x, y, z]).slice(0, 1)]
    const middle = Math.round(picture.height / 2) - 12
    drawText(picture, left, 4, middle, ink, 2)
    drawText(picture, right, picture.width - textWidth(right, 2) - 4, middle, ink, 2)
  }
  if (method !== undefined) drawText(picture, explanations[method].name, 4, picture.height - 16, faint)
  return picture
}

function remarks (study: StudyFindings): string[] {
  const excluded = study.excluded.map(({ seriesNumber, reason }) =>
    `Not analysed: ${seriesNumber === undefined ? 'a series without number' : `S${seriesNumber}`}: ${reason}`)
  const all = [...new Set(study.series.flatMap(({ notes }) => notes)), ...excluded]
  if (all.length <= mostRemarks) return all
  return [...all.slice(0, mostRemarks - 1), `and ${all.length - mostRemarks + 1} more: see the report`]
}

function footer ({ model, software }: ReportContext): Block {
  const text = [
    `Model ${model.manifest.name} v${model.manifest.version} (sha256 ${model.sha256.slice(0, 12)}), ${model.engine}`,
    `${software.modelName} ${software.version}`,
  ].join(', ')
  const wrapped = lines([text], faint)
  return {
    height: wrapped.height + 24,
    draw (page, y) {
      fillBox(page, { x: margin, y, width: inner, height: 2 }, [70, 74, 84])
      wrapped.draw(page, y + 14)
    },
  }
}
