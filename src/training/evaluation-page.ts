import type { SeriesRule } from '../model/manifest.ts'
import { escaped, reliabilitySvg, rocSvg } from './chart-svg.ts'
import type { EvaluationReport, GroupFigures } from './evaluation-report.ts'
import type { Rate } from './false-positives.ts'
import type { FoldFacts } from './folds.ts'
import type { Interval } from './metrics.ts'
import type { Proposal } from './proposal.ts'

/** Who was measured, and how the page names it. */
export interface EvaluatedModel {
  readonly name: string
  readonly version: string
  readonly sha256: string
  readonly engine: string
  /** where patients were judged by different networks */
  readonly folds?: readonly FoldFacts[]
}

/** What a page says besides the figures. */
export interface PageFacts {
  readonly model: EvaluatedModel
  /** the command line, without the names of folders that are nobody's business */
  readonly command: string
  /** of tuberlens */
  readonly software: string
  /** ISO date of the run */
  readonly date: string
}

const figureNames = {
  sensitivity: 'Sensitivity',
  specificity: 'Specificity',
  ppv: 'PPV',
  npv: 'NPV',
  f1: 'F1',
  accuracy: 'Accuracy',
  auc: 'AUC',
  logLoss: 'Loss',
} as const

/** The curves as files of their own. */
export function charts (
  { curves, perSlice, perSeries, perPatient }: EvaluationReport,
): { readonly roc: string, readonly reliability: string } {
  return {
    roc: rocSvg([
      { name: 'slices', points: curves.slice.roc, auc: perSlice.figures.auc },
      { name: 'series', points: curves.series.roc, auc: perSeries.figures.auc },
      { name: 'patients', points: curves.patient.roc, auc: perPatient.figures.auc },
    ]),
    reliability: reliabilitySvg(curves.slice.reliability),
  }
}

/** The report as one HTML file: nothing is loaded from elsewhere, it can be printed, and tables say what they hold. */
export function evaluationPage (made: EvaluationReport, facts: PageFacts): string {
  const { model } = facts
  const drawn = charts(made)
  const sections = [
    head(made, facts),
    section('Networks', networks(model)),
    section('Figures', levels(made)),
    section('Curves', `<div class="charts"><figure>${drawn.roc}<figcaption>ROC: of series and patients by the score of the series rule.</figcaption></figure>` +
      `<figure>${drawn.reliability}<figcaption>Reliability of slice probabilities; the line is perfect. Expected calibration error ${made.curves.slice.calibrationError.toFixed(3)}.</figcaption></figure></div>`),
    section('By contrast and manufacturer', groups(made)),
    section('Without tubers', tuberFree(made)),
    section('Without a probability', without(made)),
    section('Slices unlike those the model was made for', unlike(made)),
    section('Maps and masks', pointing(made) + mapChecks(made)),
    section('Implanted tubers', paired(made)),
    section('Proposal', proposal(made)),
    section('Patients', outcomes(['Patient', 'Tubers', 'Series', 'Score', 'Result'], made.patients.map(one =>
      [one.patient, yes(one.label), String(one.series), one.score.toFixed(3), one.outcome]), 'Every patient, by the study decision')),
    section('Series', outcomes(['Series', 'Contrast', 'Manufacturer', 'Tubers', 'Slices', 'Positive', 'Without probability', 'Score', 'Result'], made.series.map(one =>
      [one.series, one.contrast, one.vendor, yes(one.label), String(one.slices), String(one.positiveSlices), String(one.without), one.score.toFixed(3), one.outcome]), 'Every series, by the series rule')),
    section('How to read this', reading),
  ]
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Evaluation of ${escaped(model.name)} ${escaped(model.version)}</title>
<style>${style}</style>
</head>
<body>
<main>
${sections.join('\n')}
</main>
</body>
</html>
`
}

function head (made: EvaluationReport, { model, command, software, date }: PageFacts): string {
  const facts = [
    ['Model', `${model.name} ${model.version}`],
    ['sha256 of its manifest', model.sha256],
    ['Engine', model.engine],
    ['Software', `tuberlens ${software}`],
    ['Date', date],
    ['Command', command],
    ['A slice is positive', `from a probability of ${made.threshold.toFixed(4)}`],
    ['A series is positive', `when ${ruleText(made.seriesRule)}`],
  ]
  return `<h1>Evaluation of ${escaped(model.name)} ${escaped(model.version)}</h1>
<p class="note"><strong>Research use only. Not for diagnosis.</strong> The figures hold for the patients that were measured, and for no others. This page names
patients as the CSV does: keep it where their data may be kept.</p>
<dl>${facts.map(([name, value]) => `<div><dt>${name}</dt><dd>${escaped(value!)}</dd></div>`).join('')}</dl>`
}

function networks ({ folds }: EvaluatedModel): string {
  return folds === undefined
    ? ''
    : '<p>Every patient was judged by a network that never saw it. The model named above gives threshold and rules.</p>' +
      table(['Network', 'Patients', 'Slices', 'sha256 of its manifest'], folds.map(({ name, patients, slices, sha256 }) =>
        [name, patients.join(', '), String(slices), sha256]), 'Which network judged whom')
}

/** The series rule in words. */
export function ruleText (rule: SeriesRule): string {
  if (rule.kind === 'mean-top-k') return `the mean of its ${rule.k} greatest probabilities is at least ${rule.threshold.toFixed(4)}`
  const run = rule.consecutive > 1 ? `, ${rule.consecutive} of them in a row` : ''
  return `at least ${rule.positive} of its slices ${rule.positive === 1 ? 'is' : 'are'} positive${run}`
}

function levels (made: EvaluationReport): string {
  const named = { Slices: made.perSlice, Series: made.perSeries, Patients: made.perPatient }
  const left = [
    made.unlabelledSlices > 0 ? `${made.unlabelledSlices} slices of series with tubers do not count as slices, because only the series was labelled.` : '',
    made.undetermined.series > 0 ? `${made.undetermined.series} undetermined series and ${made.undetermined.patients} undetermined patients do not count.` : '',
  ].filter(text => text !== '')
  return figureTable(named, 'Figures with 95 % intervals (bootstrap over patients)') +
    left.map(text => `<p>${text}</p>`).join('') +
    table(['', 'With tubers, positive', 'With tubers, negative', 'Without, positive', 'Without, negative'],
      Object.entries(named).map(([name, { confusion: { truePositive, falseNegative, falsePositive, trueNegative } }]) =>
        [name, ...[truePositive, falseNegative, falsePositive, trueNegative].map(String)]), 'Confusion matrices')
}

function groups (made: EvaluationReport): string {
  return figureTable(made.perContrast, 'Slices by contrast') + figureTable(made.perVendor, 'Slices by manufacturer') +
    figureTable(made.seriesPerContrast, 'Series by contrast') + figureTable(made.seriesPerVendor, 'Series by manufacturer')
}

function tuberFree ({ tuberFree: free }: EvaluationReport): string {
  if (free.slices === 0) return ''
  const groups = { all: free, ...Object.keys(free.perContrast).length > 1 ? free.perContrast : {} }
  return table(['', 'Slices', 'Positive', 'From 0.5', 'Series', 'Series positive', 'Patients', 'Patients positive'], Object.entries(groups).map(([name, own]) => [
    name, String(own.slices), `${percent(own.falsePositiveRate)}${range(own.interval)}`, percent(own.aboveHalf),
    ...[own.series, own.positiveSeries, own.patients, own.positivePatients].map(String),
  ]), 'Slices, series and patients without tubers; 95 % intervals over patients')
}

function without ({ without: found }: EvaluationReport): string {
  if (found.length === 0) return '<p>Every slice that was given has a probability.</p>'
  return table(['Outcome', 'Reason', 'Slices or rows', 'Where'], found.map(({ outcome, reason, count, examples }) =>
    [outcome, reason, String(count), `${examples.join(', ')}${examples.length === 20 ? ' …' : ''}`]), 'What has no probability, and why')
}

function unlike ({ outOfDistribution: { given, unlike: others } }: EvaluationReport): string {
  const rows = Object.entries(others).map(([name, { slices, caught }]) => [name, String(slices), percent(caught / slices)])
  return `<p>${given.caught} of ${given.slices} slices that were given (${percent(given.caught / Math.max(1, given.slices))}) are undetermined.</p>` +
    (rows.length === 0 ? '' : table(['Slices that should be undetermined', 'Number', 'Caught'], rows, 'Slices of other kinds'))
}

function mapChecks ({ mapChecks: found }: EvaluationReport): string {
  const rows = Object.entries(found).map(([method, { randomised, moved }]) => [
    method, String(randomised.slices), randomised.rankCorrelation.toFixed(3), randomised.ssim.toFixed(3),
    String(moved.slices), moved.shift.toFixed(1), moved.miss.toFixed(1), percent(moved.followed),
  ])
  const header = ['Map', 'Slices', 'Rank correlation', 'SSIM', 'Slices with a moved tuber', 'Way, pixels', 'Missed by, pixels', 'Followed']
  return rows.length === 0
    ? ''
    : table(header, rows, 'Maps of shuffled weights, and of a tuber elsewhere') +
      '<p>The network with all weights shuffled knows nothing: maps that stayed the same would not explain it. A tuber was moved within its slice; the ' +
      'centre of what the map gained by it should go the same way (medians; share of the way that was followed).</p>'
}

function pointing ({ pointing: found }: EvaluationReport): string {
  const rows = Object.entries(found).map(([method, { slices, hits, mass, chance }]) =>
    [method, String(slices), percent(hits / slices), percent(mass), percent(chance)])
  return rows.length === 0 ? '' : table(['Map', 'Slices with a mask', 'Greatest on the tuber', 'Mass inside the mask', 'By chance'], rows, 'Where the maps point')
}

function paired ({ paired: found, withTubers }: EvaluationReport): string {
  const two = (value: number): string => value.toFixed(2)
  const rows = Object.entries(found).map(([name, { auc, interval, withinPatients: within, ...own }]) => [
    name, String(own.implanted), String(own.without), String(own.patients),
    `${auc.toFixed(3)}${range(interval, two)}`,
    within === undefined ? '–' : `${within.mean.toFixed(3)}${range(within.interval, two)}`,
    within === undefined ? '–' : `${within.least.toFixed(3)} to ${within.greatest.toFixed(3)}`,
    `${percent(own.wins)}${range(own.winsInterval)}`,
  ])
  if (rows.length === 0) return ''
  const header = ['Implanted', 'Slices', 'Without', 'Patients', 'AUC', 'Mean AUC of a patient', 'Least to greatest', 'Greater than its own slice without']
  return table(header, rows, 'The same slices with and without implanted tubers; 95 % intervals over patients') +
    '<p>The first AUC compares all implanted slices with all slices without; the second, each patient’s with its own.</p>' +
    Object.entries(withTubers).map(([name, { series, positive }]) => `<p>${escaped(name)} tubers in five slices in a row: ${positive} of ${series} series positive.</p>`).join('')
}

function proposal ({ proposal: found }: EvaluationReport): string {
  if (found === undefined) return ''
  const rate = (value: number | undefined): string => value === undefined ? 'not measured' : percent(value)
  const { thresholds } = found
  return `<p>For a specificity of ${percent(found.specificity)}: a threshold of ${found.threshold.toFixed(4)}, and a series is positive when ${ruleText(found.seriesRule)}.
On these same patients that gives a specificity of ${rate(found.specificityOfPatients)} and a sensitivity of ${rate(found.sensitivity)} of patients, which flatters: measure it on others.
Nothing was changed; <code>--write</code> puts it into the model's manifest.</p>` +
    table(['Calibrated on', 'Threshold'], [
      ['all, patients weighing the same', thresholds.patients.toFixed(4)],
      ['all, slices weighing the same', thresholds.slices.toFixed(4)],
      ...Object.entries(thresholds.perContrast).map(([contrast, value]) => [`${contrast} alone, patients weighing the same`, value.toFixed(4)]),
    ], `Thresholds for this specificity; proposed: ${found.calibratedOn}`) + leftOut(found)
}

function leftOut ({ leftOut: found }: Proposal): string {
  if (found === undefined) return ''
  const cell = ({ positive, count, rate, interval }: Rate): string => `${positive} of ${count}, ${percent(rate)}${range(interval)}`
  const contrasts = Object.entries(found.perContrast)
  return table(['', 'Slices', 'Series', 'Patients'], [
    ['all', cell(found.slices), cell(found.series), cell(found.patients)],
    ...contrasts.length < 2 ? [] : contrasts.map(([contrast, own]) => [contrast, cell(own.slices), cell(own.series), '–']),
  ], 'Positive without tubers when threshold and rule come from all other patients; 95 % intervals over patients') +
    `<p>The thresholds of these calibrations run from ${found.threshold.least.toFixed(4)} to ${found.threshold.greatest.toFixed(4)}.</p>`
}

function outcomes (header: readonly string[], rows: readonly (readonly string[])[], caption: string): string {
  return rows.length === 0 ? '' : table(header, rows, caption)
}

function figureTable (named: Readonly<Record<string, GroupFigures>>, caption: string): string {
  const some = Object.entries(named).filter(([, { count }]) => count > 0)
  const rows = some.map(([name, { count, patients, withTubers, figures, intervals }]) => [
    name, String(count), String(patients), String(withTubers),
    ...(Object.keys(figureNames) as (keyof typeof figureNames)[]).map(key => {
      const [value, interval] = [figures[key], intervals[key]]
      if (value === undefined) return '–'
      return interval === undefined ? value.toFixed(3) : `${value.toFixed(3)} [${interval.low.toFixed(2)}–${interval.high.toFixed(2)}]`
    }),
  ])
  return rows.length === 0 ? '' : table(['', 'Number', 'Patients', 'With tubers', ...Object.values(figureNames)], rows, caption)
}

function table (header: readonly string[], rows: readonly (readonly string[])[], caption: string): string {
  const cell = (text: string, i: number): string => i === 0
    ? `<th scope="row">${escaped(text)}</th>`
    : `<td${isNumber(text) ? ' class="n"' : ''}>${escaped(text).replace(/ \[/, '<br><small>[').replace(/\]$/, ']</small>')}</td>`
  const numeric = header.map((_, i) => i > 0 && rows.every(row => isNumber(row[i]!)))
  const title = (text: string, i: number): string =>
    text === '' ? '<td></td>' : `<th scope="col"${numeric[i] === true ? ' class="n"' : ''}>${escaped(text)}</th>`
  return `<div class="wide"><table><caption>${escaped(caption)}</caption><thead><tr>${header.map(title).join('')}</tr></thead>` +
    `<tbody>${rows.map(row => `<tr>${row.map(cell).join('')}</tr>`).join('')}</tbody></table></div>`
}

/** A figure, with its interval or unit. */
function isNumber (text: string): boolean {
  return /^(?:–|[\d.]+(?: %)?(?: \[.*\])?)$/.test(text)
}

function section (title: string, content: string): string {
  return content === '' ? '' : `<section><h2>${escaped(title)}</h2>${content}</section>`
}

function range (interval: Interval | undefined, text = percent): string {
  return interval === undefined ? '' : ` [${text(interval.low)}–${text(interval.high)}]`
}

function percent (value: number): string {
  return `${(100 * value).toFixed(1)} %`
}

function yes (label: 0 | 1): string {
  return label === 1 ? 'yes' : 'no'
}

const reading = `<p>Loss is binary cross-entropy. Intervals draw whole patients with replacement, because slices of one patient are not independent; with fewer than two patients there is
none. A series score is the greatest threshold at which the rule would still call it positive, and a patient's is that of the highest series.</p>
<p>For comparison: Sánchez Fernández et al. (PLOS ONE 2020, doi 10.1371/journal.pone.0232376) report sensitivity .95, specificity .95, PPV .94, NPV .95, F1 .95, accuracy .95 and
AUC .99 on 50 patients with hand-picked slices and obvious tubers, but sensitivity .67, specificity .68, PPV .84, NPV .46 and F1 .75 on 259 consecutive slices of six difficult
patients. Whole series are nearer to the second.</p>`

const style = `
:root{color-scheme:light}body{margin:0;background:#fff;color:#1a1a1a;font:16px/1.5 system-ui,sans-serif}
main{max-width:76rem;margin:0 auto;padding:1.5rem}h1{font-size:1.7rem;line-height:1.2}h2{font-size:1.25rem;margin:2rem 0 .5rem;border-bottom:2px solid #0b5394;padding-bottom:.2rem}
.note{background:#fff4e0;border-left:4px solid #a64d00;padding:.6rem 1rem}dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(30rem,1fr));gap:.3rem 2rem}
dl div{display:flex;gap:.6rem}dt{color:#4a4a4a;flex:0 0 11rem}dd{margin:0;overflow-wrap:anywhere}.wide{overflow-x:auto}
table{border-collapse:collapse;margin:.8rem 0 1.2rem;font-size:.9rem;font-variant-numeric:tabular-nums}caption{text-align:left;font-weight:600;padding:.2rem 0}
th,td{border-bottom:1px solid #cfcfcf;padding:.3rem .7rem;vertical-align:top;text-align:left}thead th,thead td{border-bottom:2px solid #4a4a4a}.n{text-align:right;white-space:nowrap}thead .n{white-space:normal}
small{color:#4a4a4a}.charts{display:flex;flex-wrap:wrap;gap:1.5rem}figure{margin:0;max-width:24rem}figure svg{max-width:100%;height:auto}figcaption{font-size:.85rem;color:#4a4a4a}
@media print{main{max-width:none;padding:0}body{font-size:10pt}.wide{overflow:visible}table{font-size:8pt}th,td{padding:.15rem .35rem}thead{display:table-header-group}tr,figure,.note{break-inside:avoid}h2{break-after:avoid}}
`
