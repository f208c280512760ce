import type { EvaluationReport, GroupFigures } from '../training/evaluation-report.ts'
import type { FalsePositives, Rate } from '../training/false-positives.ts'
import type { Interval } from '../training/metrics.ts'
import type { Proposal } from '../training/proposal.ts'
import { ruleText } from '../training/evaluation-page.ts'
import { table } from './table.ts'

/** The report for a terminal. */
export function evaluationText (model: { name: string, version: string, engine: string }, made: EvaluationReport): string {
  const { perSlice, perSeries, perPatient, tuberFree, paired, proposal, series } = made
  const lines = [
    `${model.name} ${model.version} on ${model.engine}; a slice is positive from ${made.threshold.toFixed(4)}, a series when ${ruleText(made.seriesRule)}`,
    '',
    ...figureTable('slices of', { all: perSlice, ...several(made.perContrast), ...several(made.perVendor) }),
  ]
  if (perSeries.count > 0) lines.push('', ...figureTable('whole', { series: perSeries, patients: perPatient }))
  if (made.unlabelledSlices > 0) lines.push(`${made.unlabelledSlices} slices of series with tubers count with their series only: their own label is not known`)
  if (made.undetermined.series > 0) lines.push(`undetermined, not in the figures: ${made.undetermined.series} series, ${made.undetermined.patients} patients`)
  if (tuberFree.slices > 0) lines.push('', ...falsePositiveTable({ all: tuberFree, ...several(tuberFree.perContrast) }))
  const pairs = Object.entries(paired).map(([name, { implanted, without, patients, wins, ...areas }]) => {
    const { auc, interval, withinPatients: within } = areas
    return [
      name, String(implanted), String(without), String(patients),
      `${auc.toFixed(3)}${interval === undefined ? '' : ` [${interval.low.toFixed(2)}, ${interval.high.toFixed(2)}]`}`,
      within === undefined ? '–' : `${within.mean.toFixed(3)} (${within.least.toFixed(3)} to ${within.greatest.toFixed(3)})`,
      percent(wins),
    ]
  })
  const pairHead = ['implanted', 'slices', 'without', 'patients', 'AUC', 'mean of the patients', 'greater than its own slice without']
  if (pairs.length > 0) lines.push('', ...table(pairHead, pairs))
  for (const [name, { series: count, positive }] of Object.entries(made.withTubers)) {
    lines.push(`${name} tubers in five slices in a row: ${positive} of ${count} series positive`)
  }
  lines.push(...pointing(made), ...unlike(made))
  if (series.length > 1) {
    lines.push('', ...table(['series', 'tuber', 'positive slices', 'without', 'result'], series.map(one =>
      [one.series, one.label === 1 ? 'yes' : 'no', `${one.positiveSlices} of ${one.slices}`, String(one.without), one.outcome])))
  }
  if (made.without.length > 0) {
    lines.push('', ...table(['no probability', 'slices or rows', 'where', 'reason'], made.without.map(({ outcome, count, examples, reason }) =>
      [outcome, String(count), examples.slice(0, 2).join(', '), reason])))
  }
  if (proposal !== undefined) lines.push(...proposed(proposal))
  return `${lines.join('\n')}\n`
}

function falsePositiveTable (groups: Readonly<Record<string, FalsePositives>>): string[] {
  const rows = Object.entries(groups).map(([name, { slices, falsePositiveRate, interval, aboveHalf, ...whole }]) => [
    name, String(slices), `${percent(falsePositiveRate)}${rangeOf(interval)}`, percent(aboveHalf),
    `${whole.positiveSeries} of ${whole.series}`, `${whole.positivePatients} of ${whole.patients}`,
  ])
  return table(['tuber-free', 'slices', 'positive', 'from 0.5', 'series positive', 'patients positive'], rows)
}

function proposed ({ specificity, calibratedOn, threshold, seriesRule, thresholds, leftOut }: Proposal): string[] {
  const contrasts = Object.entries(thresholds.perContrast).map(([contrast, value]) => `${contrast} alone ${value.toFixed(4)}`)
  const rate = ({ positive, count, rate: share, interval }: Rate): string => `${positive} of ${count}, ${percent(share)}${rangeOf(interval)}`
  const rows = leftOut === undefined
    ? []
    : [
        ['all', rate(leftOut.slices), rate(leftOut.series), rate(leftOut.patients)],
        ...Object.entries(several(leftOut.perContrast)).map(([contrast, own]) => [contrast, rate(own.slices), rate(own.series), '']),
      ]
  return [
    '', `for a specificity of ${specificity} on ${calibratedOn}: threshold ${threshold.toFixed(4)}, series rule ${JSON.stringify(seriesRule)}`,
    `thresholds: patients weighing the same ${thresholds.patients.toFixed(4)}, slices ${thresholds.slices.toFixed(4)}, ${contrasts.join(', ')}`,
    ...rows.length === 0 ? [] : ['', ...table(['positive when the patient was left out of the calibration', 'slices', 'series', 'patients'], rows)],
    'nothing was changed unless --write was given; measure the proposal on other patients',
  ]
}

function rangeOf (interval: Interval | undefined): string {
  return interval === undefined ? '' : ` (${percent(interval.low)} to ${percent(interval.high)})`
}

function pointing (made: EvaluationReport): string[] {
  const rows = Object.entries(made.pointing).map(([method, { slices, hits, mass, chance }]) =>
    [method, `${hits} of ${slices}`, percent(mass), percent(chance)])
  const checks = Object.entries(made.mapChecks).map(([method, { randomised, moved }]) => [
    method, `${randomised.rankCorrelation.toFixed(2)} / ${randomised.ssim.toFixed(2)} (${randomised.slices})`,
    percent(moved.followed), `${moved.miss.toFixed(0)} of ${moved.shift.toFixed(0)} pixels (${moved.slices})`,
  ])
  const checkHead = ['map', 'rank correlation / SSIM with shuffled weights', 'of a moved tuber\'s way followed', 'missed by']
  return [
    ...rows.length === 0 ? [] : ['', ...table(['map', 'greatest on the tuber', 'mass inside the mask', 'by chance'], rows)],
    ...checks.length === 0 ? [] : ['', ...table(checkHead, checks)],
  ]
}

function unlike ({ outOfDistribution: { given, unlike: others } }: EvaluationReport): string[] {
  const rows = Object.entries(others).map(([name, { slices, caught }]) => [name, `${caught} of ${slices}`, percent(caught / slices)])
  return [
    ...given.caught > 0 || rows.length > 0 ? ['', `undetermined: ${given.caught} of ${given.slices} slices that were given (${percent(given.caught / Math.max(1, given.slices))})`] : [],
    ...rows.length > 0 ? ['', ...table(['unlike', 'undetermined', 'share'], rows)] : [],
  ]
}

/** A single group says what "all" says. */
function several<Group> (groups: Readonly<Record<string, Group>>): Readonly<Record<string, Group>> {
  return Object.keys(groups).length > 1 ? groups : {}
}

function percent (value: number): string {
  return `${(100 * value).toFixed(1)} %`
}

function figureTable (title: string, groups: Readonly<Record<string, GroupFigures>>): string[] {
  const names = ['sensitivity', 'specificity', 'ppv', 'npv', 'f1', 'accuracy', 'auc', 'logLoss'] as const
  const rows = Object.entries(groups).map(([group, { count, patients, figures, intervals }]) => [
    group, String(count), String(patients),
    ...names.map(name => {
      const value = figures[name]
      const interval = intervals[name]
      if (value === undefined) return '–'
      return interval === undefined ? value.toFixed(3) : `${value.toFixed(3)} [${interval.low.toFixed(2)}, ${interval.high.toFixed(2)}]`
    }),
  ])
  return table([title, 'count', 'patients', ...names], rows)
}
