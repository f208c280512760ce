import { drawText, fillBox, textWidth } from '../imaging/draw.ts'
import type { Box, Color } from '../imaging/draw.ts'
import type { RgbImage } from '../imaging/raster.ts'
import type { SeriesFindings } from './series-findings.ts'

const axis: Color = [120, 124, 132]
const label: Color = [190, 194, 202]
const below: Color = [96, 130, 170]
const atOrAbove: Color = [255, 150, 84]
const missing: Color = [210, 80, 160]
const scaleWidth = 58
const numbersHeight = 34

/**
 * The probability of every slice of a series, in source order, as bars from 0 to 1 with the threshold across; a slice
 * without a probability is a cross on the base line.
 */
export function drawProbabilityProfile (page: RgbImage, box: Box, series: SeriesFindings, threshold: number): void {
  const plot = { x: box.x + scaleWidth, y: box.y + 12, width: box.width - scaleWidth, height: box.height - 12 - numbersHeight }
  const heightOf = (probability: number) => Math.round(plot.height * probability)
  const base = plot.y + plot.height
  for (const value of [0, 0.5, 1]) {
    const text = value === 0.5 ? '0.5' : String(value)
    drawText(page, text, plot.x - 12 - textWidth(text, 2), base - heightOf(value) - 9, label, 2)
    fillBox(page, { x: plot.x - 6, y: base - heightOf(value), width: 6, height: 2 }, axis)
  }
  fillBox(page, { x: plot.x - 2, y: plot.y, width: 2, height: plot.height + 2 }, axis)
  fillBox(page, { x: plot.x, y: base, width: plot.width, height: 2 }, axis)

  const step = plot.width / Math.max(1, series.slices.length)
  const barWidth = Math.max(1, Math.min(40, Math.floor(step) - (step > 3 ? 2 : 0)))
  for (const [index, { finding }] of series.slices.entries()) {
    const x = Math.round(plot.x + index * step + (step - barWidth) / 2)
    if (finding.kind === 'classified') {
      const height = Math.max(2, heightOf(finding.probability))
      const color = finding.probability >= threshold ? atOrAbove : below
      fillBox(page, { x, y: base - height, width: barWidth, height }, color)
    } else {
      drawText(page, 'x', Math.round(x + barWidth / 2 - 6), base - 22, missing, 2)
    }
  }
  for (let x = plot.x; x < plot.x + plot.width; x += 12) {
    const width = Math.min(6, plot.x + plot.width - x)
    fillBox(page, { x, y: base - heightOf(threshold) - 1, width, height: 2 }, [235, 235, 235])
  }
  drawNumbers(page, plot.x, plot.x + plot.width, base + 10, series)
}

/** Instance numbers of the first and the last slice; positions where the source has no numbers. */
function drawNumbers (page: RgbImage, left: number, right: number, y: number, { slices }: SeriesFindings): void {
  const first = slices[0]?.slice.instanceNumber
  const last = slices.at(-1)?.slice.instanceNumber
  const known = first !== undefined && last !== undefined && first !== last
  const [from, to] = known ? [`I${first}`, `I${last}`] : ['1', String(slices.length)]
  drawText(page, from, left, y, label, 2)
  if (slices.length > 1) drawText(page, to, right - textWidth(to, 2), y, label, 2)
  const without = slices.some(({ finding }) => finding.kind !== 'classified')
  const middle = `probability of each slice${without ? ' (x: none)' : ''}`
  drawText(page, middle, Math.round((left + right - textWidth(middle, 2)) / 2), y, label, 2)
}
