import type { HeatmapMethod } from '../model/finding.ts'
import type { SeriesRule } from '../model/manifest.ts'
import type { SeriesProbabilities } from './calibration.ts'
import { ruleThreshold } from './calibration.ts'
import type { ReliabilityBin, RocPoint } from './curves.ts'
import { calibrationError, reliability, rocCurve } from './curves.ts'
import type { Judgement } from './evaluation.ts'
import type { JudgedSlice, KnownSlice, UnjudgedSlice } from './evaluation-slice.ts'
import { falsePositives } from './false-positives.ts'
import type { FalsePositives } from './false-positives.ts'
import type { MapChecks } from './map-checks.ts'
import type { Confusion, Figures, Interval, Judged } from './metrics.ts'
import { confusion, figures, intervals } from './metrics.ts'
import type { PatientOutcome, SeriesOutcome } from './outcomes.ts'
import { patientOutcomes, seriesOutcomes } from './outcomes.ts'
import { pairedTest } from './paired-test.ts'
import type { PairedFigures } from './paired-test.ts'
import { propose } from './proposal.ts'
import type { CalibratedSeries, Proposal } from './proposal.ts'
import { seriesWithTubers } from './series-with-tubers.ts'
import type { SeriesWithTubers } from './series-with-tubers.ts'
import type { CaughtCount } from './unlike-slices.ts'

/** The figures of one group of slices, series or patients. */
export interface GroupFigures {
  readonly count: number
  readonly patients: number
  readonly withTubers: number
  readonly confusion: Confusion
  /** where all have tubers, or none has, only the share that was called right */
  readonly figures: Partial<Figures>
  /** 95 %, over patients */
  readonly intervals: Partial<Record<keyof Figures, Interval>>
}

/** What an explanation's maps say of the masks. */
export interface PointingFigures {
  readonly slices: number
  /** share of slices whose map is greatest on the tuber */
  readonly hits: number
  /** mean share of the map inside the mask */
  readonly mass: number
  /** mean share of the raster inside the mask */
  readonly chance: number
}

/** Of one kind of reason, how many slices or rows have no probability. */
export interface WithoutProbability {
  readonly outcome: UnjudgedSlice['outcome']
  readonly reason: string
  readonly count: number
  /** the files or series, the first twenty */
  readonly examples: readonly string[]
}

export interface Curves {
  readonly roc: readonly RocPoint[]
  readonly reliability: readonly ReliabilityBin[]
  readonly calibrationError: number
}

export interface EvaluationReport {
  readonly threshold: number
  readonly seriesRule: SeriesRule
  readonly perSlice: GroupFigures
  readonly perSeries: GroupFigures
  readonly perPatient: GroupFigures
  readonly perContrast: Readonly<Record<string, GroupFigures>>
  readonly perVendor: Readonly<Record<string, GroupFigures>>
  readonly seriesPerContrast: Readonly<Record<string, GroupFigures>>
  readonly seriesPerVendor: Readonly<Record<string, GroupFigures>>
  /** slices of series with tubers of which no one said which slices have them: not in `perSlice` */
  readonly unlabelledSlices: number
  readonly undetermined: { readonly series: number, readonly patients: number }
  readonly curves: { readonly slice: Curves, readonly series: Curves, readonly patient: Curves }
  readonly tuberFree: FalsePositives & { readonly perContrast: Readonly<Record<string, FalsePositives>> }
  readonly series: readonly SeriesOutcome[]
  readonly patients: readonly PatientOutcome[]
  readonly paired: Readonly<Record<string, PairedFigures>>
  readonly withTubers: Readonly<Record<string, SeriesWithTubers>>
  /** of each map, over slices with a mask */
  readonly pointing: Readonly<Partial<Record<HeatmapMethod, PointingFigures>>>
  /** of each map, where it was asked for: what randomised weights and a moved tuber do to it */
  readonly mapChecks: Readonly<Partial<Record<HeatmapMethod, MapChecks>>>
  readonly without: readonly WithoutProbability[]
  /** the rule against unlike slices: wrongly undetermined of what was given, and rightly of what should be */
  readonly outOfDistribution: { readonly given: CaughtCount, readonly unlike: Readonly<Record<string, CaughtCount>> }
  readonly proposal: Proposal | undefined
}

export interface ReportOptions {
  readonly threshold: number
  readonly seriesRule: SeriesRule
  /** wanted of slices and of patients */
  readonly specificity?: number | undefined
  /** `patients` (the default), `slices`, `strictest` or a contrast */
  readonly calibrateOn?: string | undefined
  readonly unlike?: Readonly<Record<string, CaughtCount>>
  readonly mapChecks?: EvaluationReport['mapChecks'] | undefined
  /** of the bootstrap */
  readonly seed?: number
}

/** Everything that a set of judged slices says about a model. */
export function report (judgement: Judgement, options: ReportOptions): EvaluationReport {
  const { threshold, seriesRule, specificity, calibrateOn, unlike = {}, mapChecks = {}, seed = 1 } = options
  const { unjudged } = judgement
  const judged = onceEach(judgement.judged)
  // implanted slices are compared with their own slices; they make no series of their own
  const isReal = (slice: KnownSlice): boolean => slice.pair === undefined || slice.label === 0
  const real = { judged: judged.filter(isReal), unjudged: unjudged.filter(isReal) }
  const labelled = judged.filter(slice => !(slice.ofSeries === true && slice.label === 1))
  const negatives = judged.filter(slice => slice.label === 0)
  const contrasts = [...new Set(negatives.map(slice => slice.contrast))].sort()
  const series = seriesOutcomes(real, seriesRule, threshold)
  const patients = patientOutcomes(series, unjudged.filter(slice => slice.series === undefined))
  const level = ruleThreshold(seriesRule, threshold)
  const asJudged = <Item extends { readonly score: number, readonly outcome: string }>(items: readonly Item[]) =>
    items.filter(item => item.outcome !== 'undetermined').map(item => ({ ...item, probability: item.score }))
  const [decidedSeries, decidedPatients] = [asJudged(series), asJudged(patients)]
  const group = (items: readonly Judged[], at: number): GroupFigures => figuresOf(items, at, seed)
  return {
    threshold,
    seriesRule,
    perSlice: group(labelled, threshold),
    perSeries: group(decidedSeries, level),
    perPatient: group(decidedPatients, level),
    perContrast: by(labelled, slice => slice.contrast, items => group(items, threshold)),
    perVendor: by(labelled, slice => slice.vendor ?? 'unknown', items => group(items, threshold)),
    seriesPerContrast: by(decidedSeries, one => one.contrast, items => group(items, level)),
    seriesPerVendor: by(decidedSeries, one => one.vendor, items => group(items, level)),
    unlabelledSlices: judged.length - labelled.length,
    undetermined: { series: series.length - decidedSeries.length, patients: patients.length - decidedPatients.length },
    curves: { slice: curvesOf(labelled), series: curvesOf(decidedSeries), patient: curvesOf(decidedPatients) },
    tuberFree: {
      ...falsePositives(negatives, series, patients, threshold, seed),
      perContrast: Object.fromEntries(contrasts.map(contrast => {
        const own = series.filter(one => one.contrast === contrast)
        const slices = negatives.filter(slice => slice.contrast === contrast)
        return [contrast, falsePositives(slices, own, patientOutcomes(own, []), threshold, seed)]
      })),
    },
    series,
    patients,
    paired: pairedTest(judgement.judged, seed),
    withTubers: seriesWithTubers(judgement.judged, seriesRule, threshold),
    pointing: pointingOf(judged),
    mapChecks,
    without: withoutProbability(unjudged),
    outOfDistribution: { given: givenCount(judgement), unlike },
    proposal: specificity === undefined
      ? undefined
      : propose(negatives, calibratedSeries(real), { specificity, calibrateOn, seed }),
  }
}

/** A series given both as tuber-free and as canvas counts as the former: of the pairs' slices without, only the comparison is left. */
function onceEach (judged: readonly JudgedSlice[]): readonly JudgedSlice[] {
  const whole = new Set(judged.filter(slice => slice.pair === undefined).map(slice => slice.series))
  return judged.filter(slice => slice.pair?.difficulty !== 'without' || !whole.has(slice.series))
}

/** Probabilities series by series, slices in order; slices that belong to none are left out. */
export function seriesOf (judged: readonly JudgedSlice[]): SeriesProbabilities[] {
  const found = new Map<string, JudgedSlice[]>()
  for (const slice of judged) {
    if (slice.series === undefined) continue
    const known = found.get(slice.series)
    if (known === undefined) found.set(slice.series, [slice])
    else known.push(slice)
  }
  return [...found].map(([name, slices]) => ({
    name,
    patient: slices[0]!.patient,
    probabilities: [...slices].sort((one, other) => one.index - other.index).map(slice => slice.probability),
  }))
}

function figuresOf (judged: readonly Judged[], threshold: number, seed: number): GroupFigures {
  const classes = new Set(judged.map(slice => slice.label))
  const telling: readonly string[] = [...classes].map(label => label === 1 ? 'sensitivity' : 'specificity')
  const pick = <Value>(values: Readonly<Record<string, Value>>, test: (value: Value) => boolean): Record<string, Value> =>
    Object.fromEntries(Object.entries(values)
      .filter(([name, value]) => (classes.size === 2 || telling.includes(name)) && test(value)))
  return {
    count: judged.length,
    patients: new Set(judged.map(slice => slice.patient)).size,
    withTubers: judged.filter(slice => slice.label === 1).length,
    confusion: confusion(judged, threshold),
    figures: pick({ ...figures(judged, threshold) }, value => !Number.isNaN(value)),
    intervals: pick(intervals(judged, threshold, { seed }), () => true),
  }
}

function by<Item> (
  items: readonly Item[], keyOf: (item: Item) => string, make: (items: readonly Item[]) => GroupFigures,
): Record<string, GroupFigures> {
  const keys = [...new Set(items.map(keyOf))].sort()
  return Object.fromEntries(keys.map(key => [key, make(items.filter(item => keyOf(item) === key))]))
}

function curvesOf (judged: readonly Judged[]): Curves {
  const bins = reliability(judged)
  return { roc: rocCurve(judged), reliability: bins, calibrationError: bins.length === 0 ? 0 : calibrationError(bins) }
}

/** Series for calibration: with the contrast, and whether anyone has tubers in it. */
function calibratedSeries ({ judged, unjudged }: Judgement): CalibratedSeries[] {
  const withTubers = new Set([...judged, ...unjudged].filter(slice => slice.label === 1).map(slice => slice.series))
  const contrasts = new Map(judged.map(slice => [slice.series, slice.contrast]))
  return seriesOf(judged).map(one => ({ ...one, contrast: contrasts.get(one.name)!, tuber: withTubers.has(one.name) }))
}

function pointingOf (judged: readonly JudgedSlice[]): EvaluationReport['pointing'] {
  const methods = [...new Set(judged.flatMap(slice => Object.keys(slice.maps ?? {}) as HeatmapMethod[]))]
  return Object.fromEntries(methods.map(method => {
    const found = judged.flatMap(slice => slice.maps?.[method] ?? [])
    const mean = (value: (one: typeof found[number]) => number): number =>
      found.reduce((sum, one) => sum + value(one), 0) / found.length
    const hits = found.filter(one => one.hit).length
    return [method, { slices: found.length, hits, mass: mean(one => one.mass), chance: mean(one => one.chance) }]
  }))
}

/** Examples that are named for each reason. */
const mostExamples = 20

function withoutProbability (unjudged: readonly UnjudgedSlice[]): WithoutProbability[] {
  const found = new Map<string, UnjudgedSlice[]>()
  for (const slice of unjudged) {
    // the measure in the sentence differs from slice to slice
    const key = `${slice.outcome}: ${slice.reason.text.replace(/ \([^()]*, limit [\d.]+\)$/, '')}`
    found.set(key, [...found.get(key) ?? [], slice])
  }
  return [...found].map(([key, slices]) => ({
    outcome: slices[0]!.outcome,
    reason: key.slice(slices[0]!.outcome.length + 2),
    count: slices.length,
    examples: [...new Set(slices.map(slice => slice.source ?? slice.series ?? slice.patient))].slice(0, mostExamples),
  }))
}

function givenCount ({ judged, unjudged }: Judgement): CaughtCount {
  const caught = unjudged.filter(slice => slice.outcome === 'undetermined').length
  return { slices: judged.length + caught, caught }
}
