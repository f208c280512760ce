import type { Slice } from '../dicom/slice.ts'
import { researchOnly } from './common-modules.ts'
import type { PdfColor, PdfPicture } from './pdf-document.ts'
import type { PdfFlow } from './pdf-flow.ts'
import { overlayPicture } from './pdf-pictures.ts'
import { drawPicture, seriesTitle } from './pdf-slices.ts'
import type { PdfSource } from './pdf-slices.ts'
import { drawPdfProfile, profileHeight, profileText } from './pdf-profile.ts'
import { explanations, sliceLabel } from './result-series.ts'
import { seriesIdentity } from './result-uids.ts'
import { byProbability, contrastsSentence, probabilityText, thresholdText } from './sentences.ts'
import type { ClassifiedSlice } from './sentences.ts'
import type { SeriesFindings, StudyFindings } from './series-findings.ts'
import { mappedMethods } from './stored-maps.ts'

const faint: PdfColor = [96, 100, 110]
const amber: PdfColor = [168, 88, 0]
const verdictColors: Readonly<Record<StudyFindings['conclusion'], PdfColor>> = {
  present: [190, 60, 20],
  absent: [32, 92, 160],
  undetermined: amber,
}
const thumbnail = { width: 160, height: 150 } as const

/** The first page: what the study gave at a glance, each series, the highest slices, what was left out, and what said so. */
export async function drawSummaryPage (flow: PdfFlow, study: StudyFindings, source: PdfSource): Promise<void> {
  const { context } = source
  flow.newPage()
  flow.document.bookmark('Summary')
  drawVerdict(flow, study)
  const best = byProbability(study.series)
  flow.paragraph(best[0] === undefined ? 'No slice could be classified.' : highestSentence(best[0], source), { size: 10 }, 2)
  flow.paragraph(contrastsSentence(study), { size: 10 }, 10)
  for (const series of study.series) drawSeries(flow, series, context.model.manifest.output.threshold)
  if (best.length > 0) await drawHighest(flow, best.slice(0, 3), source)
  const remarks = [...new Set(study.series.flatMap(({ notes }) => notes)), ...study.excluded.map(({ seriesNumber, reason }) =>
    `Not analysed: ${seriesNumber === undefined ? 'a series without number' : `series ${seriesNumber}`}: ${reason}`)]
  if (remarks.length > 0) flow.paragraph('Notes and series left out', { size: 10, bold: true, role: 'H2' })
  for (const remark of remarks) flow.paragraph(`• ${remark}`, { size: 8.5 }, 2)
  flow.block(6, 6, y => { flow.document.line([flow.left, y + 6], [flow.left + flow.width, y + 6], [200, 204, 212]) })
  const { model, software, date, time } = context
  flow.paragraph([
    `Model ${model.manifest.name} ${model.manifest.version}, sha256 ${model.sha256}, on ${model.engine}.`,
    `${software.modelName} ${software.version}.`,
    `Report of ${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6, 8)} ${time.slice(0, 2)}:${time.slice(2, 4)}:${time.slice(4, 6)}.`,
  ].join(' '), { size: 8, color: faint }, 0)
}

function drawVerdict (flow: PdfFlow, { conclusion }: StudyFindings): void {
  const { document, left, width } = flow
  const word = { size: 32, bold: true, color: verdictColors[conclusion] }
  flow.block(82, 10, y => {
    document.text('CORTICAL TUBERS (TSC)', left, y, width, { size: 10, bold: true, color: faint, role: 'H1' })
    const text = conclusion.toUpperCase()
    document.text(text, left, y + 9, width, word)
    document.text('by algorithm', left + document.textWidth(text, word) + 10, y + 30, width, { size: 12 })
    document.fill({ x: left, y: y + 58, width, height: 20 }, [255, 244, 222])
    document.text(researchOnly, left + 8, y + 61, width - 16, { size: 10, bold: true, color: amber })
  })
}

/** Result, rule, which slices are positive and which have no probability, and the profile. */
function drawSeries (flow: PdfFlow, series: SeriesFindings, threshold: number): void {
  const { document, left, width } = flow
  const identity = seriesIdentity(series)
  const labels = (wanted: (probability: number | undefined) => boolean) => series.slices
    .filter(({ finding }) => wanted(finding.kind === 'classified' ? finding.probability : undefined))
    .map(({ slice }) => sliceLabel(slice, identity).replace(/^S\S+ /, ''))
  const positive = labels(probability => probability !== undefined && probability >= threshold)
  const without = labels(probability => probability === undefined)
  const lines = [
    `${positive.length} of ${series.slices.length} slices >= ${thresholdText(threshold)}${positive.length === 0 ? '' : `: ${positive.join(', ')}`}.`,
    ...(without.length === 0 ? [] : [`Without a probability: ${without.join(', ')}.`]),
    series.ruleText,
  ]
  const body = { size: 8.5 }
  const heights = lines.map(line => document.textHeight(line, width, body))
  flow.block(18 + heights.reduce((sum, height) => sum + height + 1, 0) + profileHeight, 10, top => {
    const title = `${seriesTitle(series)}: ${series.conclusion.toUpperCase()} by algorithm`
    document.text(title, left, top, width, { size: 12, bold: true, color: verdictColors[series.conclusion], role: 'H2' })
    let y = top + 18
    for (const [i, line] of lines.entries()) {
      document.text(line, left, y, width, body)
      y += heights[i]! + 1
    }
    const box = { x: left, y, width, height: profileHeight }
    document.figure(profileText(series, threshold), () => drawPdfProfile(document, box, series, threshold))
  })
}

/** The slices of highest probability under their first map. */
async function drawHighest (
  flow: PdfFlow, highest: readonly ClassifiedSlice[], { context, displayOf, encodeJpeg }: PdfSource,
): Promise<void> {
  const { document, left, width } = flow
  const cells: { readonly picture: PdfPicture, readonly slice: Slice, readonly captions: readonly string[] }[] = []
  for (const { series, result, probability } of highest) {
    const { finding, slice } = result
    const method = mappedMethods(result, context)[0]
    const heatmap = finding.kind === 'classified' ? finding.heatmaps.find(map => map.method === method) : undefined
    const picture = await overlayPicture(document, await displayOf(slice), result, heatmap, encodeJpeg)
    const map = method === undefined ? 'no map' : explanations[method].name
    cells.push({ picture, slice, captions: [`${sliceLabel(slice, seriesIdentity(series))}: p(tuber) = ${probabilityText(probability)}`, map] })
  }
  flow.block(16 + thumbnail.height + 26, 8, y => {
    document.text('Highest slices', left, y, width, { size: 10, bold: true, role: 'H2' })
    for (const [column, { picture, slice, captions }] of cells.entries()) {
      const x = left + column * (thumbnail.width + (width - 3 * thumbnail.width) / 2)
      document.figure(captions.join(', '), () => drawPicture(document, picture, slice, { x, y: y + 16, ...thumbnail }))
      document.text(captions[0]!, x, y + 16 + thumbnail.height + 3, thumbnail.width, { size: 8.5, bold: true, align: 'center' })
      document.text(captions[1]!, x, y + 16 + thumbnail.height + 14, thumbnail.width, { size: 7, color: faint, align: 'center' })
    }
  })
}

function highestSentence ({ series, result, probability }: ClassifiedSlice, { context }: PdfSource): string {
  return `Highest p(tuber) ${probabilityText(probability)} (${sliceLabel(result.slice, seriesIdentity(series))}).` +
    ` A slice is positive at >= ${thresholdText(context.model.manifest.output.threshold)}.`
}
