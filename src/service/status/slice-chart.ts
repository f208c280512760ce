import type { AnalysisFindings, SliceVerdict } from '../job-detail.ts'
import { type Content, html } from './html.ts'
import { table } from './layout.ts'
import { count, verdictWords } from './words.ts'

/** Units of the drawing: each slice is 10 wide, probability 1 is 100 high. */
const step = 10
const height = 100

/** Probabilities of the slices as bars with the line of the threshold; the same as a table below, for those who cannot see it. */
export function sliceChart ({ slices, threshold }: AnalysisFindings): Content {
  return (['FLAIR', 'T2'] as const).map(contrast => {
    const own = slices.filter(slice => slice.contrast === contrast)
    return own.length > 0 && chart(contrast, own, threshold)
  })
}

function chart (contrast: string, slices: readonly SliceVerdict[], threshold: number): Content {
  const over = slices.filter(({ verdict }) => verdict === 'positive').length
  const width = Math.max(slices.length, 12) * step
  const line = height * (1 - threshold)
  const label = `${contrast}: ${count(over, 'slice')} of ${slices.length} at or above the threshold of ${threshold}`
  return html`<figure><figcaption>${label}. From left to right: feet to head.</figcaption>
<svg class="chart" viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" role="img" aria-label="${label}">
${slices.map((slice, i) => bar(slice, i))}
<line class="threshold" x1="0" x2="${width}" y1="${line}" y2="${line}"><title>Threshold ${threshold}</title></line></svg>
<ul class="legend"><li><span class="swatch over"></span>at or above the threshold</li><li><span class="swatch"></span>below</li>
<li><span class="swatch lacking"></span>no probability</li><li><span class="swatch line"></span>threshold ${threshold}</li></ul></figure>
<details><summary>Numbers of the ${slices.length} ${contrast} slices</summary>
${table(`${contrast} slices, feet to head`, ['Slice', 'Probability', 'Verdict'], slices.map(({ probability, verdict, reason }, i) =>
  [i + 1, probability?.toFixed(3) ?? '–', `${verdictWords[verdict]}${reason === undefined ? '' : `: ${reason.text}`}`]), '')}</details>`
}

function bar ({ probability, verdict, reason }: SliceVerdict, i: number): Content {
  const x = i * step + 1
  if (probability === undefined) {
    return html`<rect class="none" x="${x}" y="0" width="${step - 2}" height="${height}"><title>Slice ${i + 1}: ${reason?.text ?? verdict}</title></rect>`
  }
  // one that is almost 0 is still seen
  const h = Math.max(1, probability * height)
  return html`<rect class="${verdict === 'positive' ? 'bar hit' : 'bar'}" x="${x}" y="${(height - h).toFixed(2)}" width="${step - 2}" height="${h.toFixed(2)}"><title>Slice ${i + 1}: ${probability.toFixed(3)}</title></rect>`
}

/** Why frames were left out, by reason. */
export function rejectedTable ({ slices }: AnalysisFindings): Content {
  const reasons = new Map<string, number>()
  for (const { verdict, reason } of slices) {
    if (verdict === 'rejected') reasons.set(reason?.text ?? '', (reasons.get(reason?.text ?? '') ?? 0) + 1)
  }
  const rows = [...reasons].sort((a, b) => b[1] - a[1])
  return rows.length > 0 && table('Images that were left out', ['Images', 'Why'], rows.map(([text, n]) => [n, text]), '')
}
