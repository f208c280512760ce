import type { PdfBox, PdfColor, PdfDocument } from './pdf-document.ts'
import { probabilityText, thresholdText } from './sentences.ts'
import type { SeriesFindings } from './series-findings.ts'

/** Points, with the scale below it. */
export const profileHeight = 96

const axis: PdfColor = [120, 124, 132]
const label: PdfColor = [96, 100, 110]
const below: PdfColor = [120, 156, 196]
const atOrAbove: PdfColor = [222, 98, 40]
const missing: PdfColor = [176, 48, 128]

/** The same for readers that do not see it. */
export function profileText ({ slices }: SeriesFindings, threshold: number): string {
  const values = slices.map(({ finding }) => finding.kind === 'classified' ? probabilityText(finding.probability) : 'none')
  return `Probability of each of ${slices.length} slices in their order, threshold ${thresholdText(threshold)}: ${values.join(', ')}`
}

/**
 * The probability of every slice, in source order, as bars from 0 to 1 with the threshold across; a slice without a probability is
 * a cross on the base line.
 */
export function drawPdfProfile (document: PdfDocument, box: PdfBox, { slices }: SeriesFindings, threshold: number): void {
  const plot = { x: box.x + 22, y: box.y + 8, width: box.width - 22, height: box.height - 26 }
  const base = plot.y + plot.height
  const small = { size: 7, color: label }
  for (const value of [0, 0.5, 1]) {
    const y = base - value * plot.height
    document.text(String(value), box.x, y - 3.5, 16, { ...small, align: 'right' })
    document.line([plot.x - 3, y], [plot.x, y], axis)
  }
  document.line([plot.x, plot.y], [plot.x, base], axis)
  document.line([plot.x, base], [plot.x + plot.width, base], axis)
  const step = plot.width / Math.max(1, slices.length)
  const width = Math.min(20, step * 0.8)
  for (const [i, { finding }] of slices.entries()) {
    const x = plot.x + (i + 0.5) * step
    if (finding.kind === 'classified') {
      const height = Math.max(0.8, finding.probability * plot.height)
      document.fill({ x: x - width / 2, y: base - height, width, height }, finding.probability >= threshold ? atOrAbove : below)
    } else {
      document.text('x', x - 6, base - 10, 12, { size: 8, bold: true, color: missing, align: 'center' })
    }
  }
  const limit = base - threshold * plot.height
  document.line([plot.x, limit], [plot.x + plot.width, limit], [40, 44, 52], true)
  const [first, last] = [slices[0]?.slice.instanceNumber, slices.at(-1)?.slice.instanceNumber]
  const known = first !== undefined && last !== undefined && first !== last
  document.text(known ? `I${first}` : '1', plot.x, base + 4, 60, small)
  if (slices.length > 1) {
    document.text(known ? `I${last}` : String(slices.length), plot.x + plot.width - 60, base + 4, 60, { ...small, align: 'right' })
  }
  document.text('probability of each slice; dashed: threshold', plot.x, base + 4, plot.width, { ...small, align: 'center' })
}
