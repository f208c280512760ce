import { escaped } from './chart-svg.ts'
import type { LearningCurve } from './learning-curve.ts'

type Epoch = LearningCurve['epochs'][number]

interface Line { readonly name: string, readonly of: (epoch: Epoch) => number, readonly colour: string, readonly dash: string }

/** Told by colour and by dashes, so that they can be told in grey too. */
const lines: readonly Line[] = [
  { name: 'training objective', of: epoch => epoch.trainingObjective, colour: '#a64d00', dash: '7 4' },
  { name: 'validation objective', of: epoch => epoch.validationObjective, colour: '#38761d', dash: '2 3' },
  { name: 'validation loss', of: epoch => epoch.validationLoss, colour: '#0b5394', dash: '' },
]

const [panelWidth, panelHeight] = [320, 190]
const [left, top, bottom] = [52, 44, 40]

/** The learning curves, one panel for each architecture, the epoch whose weights were kept marked. A whole SVG file. */
export function learningChart (curves: readonly LearningCurve[]): string {
  const columns = Math.min(2, Math.max(1, curves.length))
  const width = Math.max(540, columns * (left + panelWidth + 18))
  const height = 30 + Math.ceil(curves.length / columns) * (top + panelHeight + bottom)
  const panels = curves.map((curve, i) => {
    const row = Math.floor(i / columns)
    return panel(curve, i % columns * (left + panelWidth + 18) + left, 30 + row * (top + panelHeight + bottom) + top)
  })
  const legend = lines.map(({ name, colour, dash }, i) => {
    const x = left + i * 160
    return `<path d="M${x} 22h26" stroke="${colour}" stroke-width="2" stroke-dasharray="${dash}"/>` +
      `<text x="${x + 32}" y="26">${name}</text>`
  })
  const description = curves.map(({ architecture, bestEpoch, epochs }) => {
    const lowest = epochs[bestEpoch - 1]?.validationLoss.toFixed(4) ?? 'none'
    return `${architecture}: lowest validation loss ${lowest} in epoch ${bestEpoch} of ${epochs.length}`
  }).join('; ')
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" ` +
    'aria-labelledby="learning-title learning-text" font-family="system-ui, sans-serif" font-size="12" fill="#1a1a1a">' +
    `<title id="learning-title">Learning curves</title><desc id="learning-text">${escaped(description)}</desc>` +
    `<rect width="100%" height="100%" fill="#fff"/>${legend.join('')}${panels.join('')}</svg>`
}

function panel ({ architecture, bestEpoch, epochs }: LearningCurve, left: number, top: number): string {
  const most = niceAbove(Math.max(...epochs.flatMap(epoch => lines.map(line => line.of(epoch)))))
  const share = (epoch: number): number => epochs.length < 2 ? 0.5 : (epoch - 1) / (epochs.length - 1)
  const x = (epoch: number): string => (left + share(epoch) * panelWidth).toFixed(1)
  const y = (value: number): string => (top + (1 - value / most) * panelHeight).toFixed(1)
  const ticks = [0, 0.25, 0.5, 0.75, 1].map(part => part * most).map(value =>
    `<path d="M${left} ${y(value)}h${panelWidth}" stroke="#e3e3e3"/>` +
    `<text x="${left - 8}" y="${y(value)}" dy="4" text-anchor="end">${Number(value.toPrecision(3))}</text>`)
  const step = Math.max(1, Math.ceil(epochs.length / 8))
  const epochTicks = epochs.filter(({ epoch }) => (epoch - 1) % step === 0).map(({ epoch }) =>
    `<text x="${x(epoch)}" y="${top + panelHeight + 18}" text-anchor="middle">${epoch}</text>`)
  const drawn = lines.map(({ of, colour, dash }) => {
    const path = epochs.map((epoch, i) => `${i === 0 ? 'M' : 'L'}${x(epoch.epoch)} ${y(of(epoch))}`).join('')
    return epochs.length < 2
      ? `<circle cx="${x(1)}" cy="${y(of(epochs[0]!))}" r="3" fill="${colour}"/>`
      : `<path d="${path}" fill="none" stroke="${colour}" stroke-width="2" stroke-dasharray="${dash}"/>`
  })
  const best = epochs[bestEpoch - 1]!
  const mark = `<circle cx="${x(bestEpoch)}" cy="${y(best.validationLoss)}" r="5" fill="none" stroke="#0b5394" stroke-width="2"/>`
  const auc = best.validationAuc === null ? '' : `, AUC ${best.validationAuc.toFixed(3)}`
  const heading = `${escaped(architecture)}: ${best.validationLoss.toFixed(4)}${auc} in epoch ${bestEpoch}`
  return `<text x="${left}" y="${top - 10}" font-weight="600">${heading}</text>${ticks.join('')}${epochTicks.join('')}` +
    `<path d="M${left} ${top}v${panelHeight}h${panelWidth}" fill="none" stroke="#1a1a1a"/>${drawn.join('')}${mark}` +
    `<text x="${left + panelWidth / 2}" y="${top + panelHeight + 34}" text-anchor="middle">epoch</text>`
}

/** 1, 2 or 4 times a power of ten, the least that is not below; quarters of it are short numbers. */
function niceAbove (value: number): number {
  if (!(value > 0)) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  return power * ([1, 2, 4, 10].find(factor => value <= factor * power) ?? 10)
}
