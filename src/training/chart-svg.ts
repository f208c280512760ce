import type { ReliabilityBin, RocPoint } from './curves.ts'

/** One curve of a chart; drawn by colour and by dashes, so that it can be told in grey too. */
export interface ChartCurve { readonly name: string, readonly points: readonly RocPoint[], readonly auc: number | undefined }

const side = 300
const left = 52
const top = 16
const width = left + side + 18
const height = top + side + 46
const styles = [
  { colour: '#0b5394', dash: '' }, { colour: '#a64d00', dash: '7 4' }, { colour: '#38761d', dash: '2 3' },
] as const

const x = (value: number): string => (left + value * side).toFixed(1)
const y = (value: number): string => (top + (1 - value) * side).toFixed(1)

/** The ROC curves in one chart, with the line of chance. A whole SVG file. */
export function rocSvg (curves: readonly ChartCurve[]): string {
  const drawn = curves.filter(curve => curve.points.length > 0)
  const lines = drawn.map(({ points }, i) => {
    const { colour, dash } = styles[i % styles.length]!
    const path = points.map((point, k) => `${k === 0 ? 'M' : 'L'}${x(point.falsePositiveRate)} ${y(point.sensitivity)}`).join('')
    return `<path d="${path}" fill="none" stroke="${colour}" stroke-width="2" stroke-dasharray="${dash}"/>`
  })
  const legend = drawn.map(({ name, auc }, i) => {
    const { colour, dash } = styles[i % styles.length]!
    const at = top + side - 14 - 18 * (drawn.length - 1 - i)
    return `<path d="M${left + side - 168} ${at - 4}h26" stroke="${colour}" stroke-width="2" stroke-dasharray="${dash}"/>` +
      `<text x="${left + side - 136}" y="${at}">${escaped(name)}${auc === undefined ? '' : `, AUC ${auc.toFixed(3)}`}</text>`
  })
  const description = drawn.length === 0
    ? 'No curve: slices with and without tubers are needed.'
    : drawn.map(({ name, auc }) => `${name}: area under the curve ${auc?.toFixed(3) ?? 'not defined'}`).join('; ')
  return svg('ROC curve', description, '1 − specificity', 'sensitivity', [
    `<path d="M${x(0)} ${y(0)}L${x(1)} ${y(1)}" stroke="#767676" stroke-dasharray="4 4"/>`,
    ...lines,
    ...legend,
    ...drawn.length === 0 ? [`<text x="${left + side / 2}" y="${top + side / 2}" text-anchor="middle">one class only: no curve</text>`] : [],
  ])
}

/** Observed share of tubers against mean probability, bin by bin, with 95 % intervals. A whole SVG file. */
export function reliabilitySvg (bins: readonly ReliabilityBin[]): string {
  const most = Math.max(1, ...bins.map(({ count }) => count))
  const marks = bins.flatMap(({ predicted, observed, interval, count }) => [
    `<path d="M${x(predicted)} ${y(interval.low)}V${y(interval.high)}" stroke="#0b5394" stroke-width="1.5"/>`,
    `<circle cx="${x(predicted)}" cy="${y(observed)}" r="${(3 + 5 * Math.sqrt(count / most)).toFixed(1)}" fill="#0b5394"><title>${count} slices: mean probability ${predicted.toFixed(2)}, with tubers ${observed.toFixed(2)}</title></circle>`,
  ])
  const line = bins.map(({ predicted, observed }, k) => `${k === 0 ? 'M' : 'L'}${x(predicted)} ${y(observed)}`).join('')
  return svg('Reliability diagram', bins.map(({ predicted, observed, count }) =>
    `${count} slices with mean probability ${predicted.toFixed(2)}: share with tubers ${observed.toFixed(2)}`).join('; '),
  'mean probability', 'share with tubers', [
    `<path d="M${x(0)} ${y(0)}L${x(1)} ${y(1)}" stroke="#767676" stroke-dasharray="4 4"/>`,
    line === '' ? '' : `<path d="${line}" fill="none" stroke="#0b5394" stroke-width="1"/>`,
    ...marks,
  ])
}

function svg (title: string, description: string, across: string, up: string, content: readonly string[]): string {
  const ticks = [0, 0.2, 0.4, 0.6, 0.8, 1].flatMap(value => [
    `<path d="M${x(value)} ${y(0)}V${y(1)}M${x(0)} ${y(value)}H${x(1)}" stroke="#e3e3e3"/>`,
    `<text x="${x(value)}" y="${top + side + 18}" text-anchor="middle">${value}</text>`,
    `<text x="${left - 8}" y="${(Number(y(value)) + 4).toFixed(1)}" text-anchor="end">${value}</text>`,
  ])
  const id = title.toLowerCase().replaceAll(' ', '-')
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" ` +
    `aria-labelledby="${id}-title ${id}-text" font-family="system-ui, sans-serif" font-size="12" fill="#1a1a1a">` +
    `<title id="${id}-title">${escaped(title)}</title><desc id="${id}-text">${escaped(description)}</desc>` +
    `<rect width="${width}" height="${height}" fill="#fff"/>${ticks.join('')}` +
    `<path d="M${x(0)} ${y(1)}V${y(0)}H${x(1)}" fill="none" stroke="#1a1a1a"/>${content.join('')}` +
    `<text x="${left + side / 2}" y="${height - 8}" text-anchor="middle">${escaped(across)}</text>` +
    `<text transform="translate(14 ${top + side / 2}) rotate(-90)" text-anchor="middle">${escaped(up)}</text></svg>`
}

/** Text for XML and HTML, attributes too. */
export function escaped (text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
