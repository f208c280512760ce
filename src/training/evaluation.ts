import type { Classifier } from '../model/classifier.ts'
import type { SeriesRule } from '../model/manifest.ts'
import type { SeriesProbabilities } from './calibration.ts'
import { holds, proposeSeriesRule, proposeThreshold } from './calibration.ts'
import type { EvaluationSlice, JudgedSlice } from './evaluation-slice.ts'
import type { Figures, Interval } from './metrics.ts'
import { bootstrap, figures, intervals } from './metrics.ts'
import { pairedTest } from './paired-test.ts'
import type { PairedFigures } from './paired-test.ts'
import { pointsAt } from './pointing.ts'
import { seriesWithTubers } from './series-with-tubers.ts'
import type { SeriesWithTubers } from './series-with-tubers.ts'

export interface JudgeOptions { readonly signal?: AbortSignal, readonly onSlice?: (done: number) => void }

/** Slices handed to the engine at a time. */
const batchSize = 8

/** Runs a model over slices, in order; where a slice has a mask and the network an evidence map, the map's maximum is looked up. */
export async function judge (
  classifier: Classifier, slices: AsyncIterable<EvaluationSlice> | Iterable<EvaluationSlice>, options: JudgeOptions = {},
): Promise<JudgedSlice[]> {
  const out: JudgedSlice[] = []
  let waiting: EvaluationSlice[] = []
  const withMap = classifier.manifest.evidenceLayer !== undefined
  const flush = async (): Promise<void> => {
    options.signal?.throwIfAborted()
    const methods = withMap && waiting.some(slice => slice.mask !== undefined) ? ['evidence' as const] : []
    const found = await classifier.classify(waiting.map(slice => slice.raster), methods)
    for (const [i, { raster: _, mask, ...known }] of waiting.entries()) {
      const [map] = found[i]!.heatmaps
      const pointed = mask === undefined || map === undefined ? {} : { pointed: pointsAt(map, mask) }
      out.push({ ...known, probability: found[i]!.probability, ...pointed })
    }
    options.onSlice?.(out.length)
    waiting = []
  }
  for await (const slice of slices) {
    waiting.push(slice)
    if (waiting.length >= batchSize) await flush()
  }
  if (waiting.length > 0) await flush()
  return out
}

export interface SliceFigures {
  readonly slices: number
  readonly patients: number
  readonly figures: Partial<Figures>
  readonly intervals: Partial<Record<keyof Figures, Interval>>
}

export interface SeriesVerdict {
  readonly series: string
  readonly patient: string
  readonly label: 0 | 1
  readonly positiveSlices: number
  readonly slices: number
  readonly positive: boolean
}

export interface EvaluationReport {
  readonly threshold: number
  readonly seriesRule: SeriesRule
  readonly perSlice: SliceFigures
  readonly perContrast: Readonly<Record<string, SliceFigures>>
  readonly tuberFree: {
    readonly slices: number
    readonly falsePositiveRate: number
    readonly interval: Interval | undefined
    /** share of slices at 0.5 or more */
    readonly aboveHalf: number
    readonly series: number
    readonly positiveSeries: number
    readonly positiveSeriesRate: number
  }
  readonly series: readonly SeriesVerdict[]
  readonly paired: Readonly<Record<string, PairedFigures>>
  readonly withTubers: Readonly<Record<string, SeriesWithTubers>>
  /** share of slices with a mask whose evidence map is greatest on the tuber */
  readonly pointing: { readonly slices: number, readonly hits: number } | undefined
  readonly proposal: { readonly specificity: number, readonly threshold: number, readonly seriesRule: SeriesRule } | undefined
}

/** Everything that a set of judged slices says about a model. @param specificity wanted of slices and of series */
export function report (
  judged: readonly JudgedSlice[], { threshold, seriesRule, specificity }: {
    threshold: number,
    seriesRule: SeriesRule,
    specificity?: number | undefined,
  },
): EvaluationReport {
  const negatives = judged.filter(slice => slice.label === 0)
  const tuberFree = seriesOf(negatives)
  const rate = (sample: readonly JudgedSlice[]): { rate: number } =>
    ({ rate: share(sample, slice => slice.probability >= threshold) })
  const series = seriesOf(judged.filter(slice => slice.pair === undefined || slice.label === 0))
  const pointed = judged.filter(slice => slice.pointed !== undefined)
  const proposed = specificity === undefined
    ? undefined
    : proposeThreshold(negatives.map(slice => slice.probability), specificity)
  const positiveSeries = tuberFree.filter(one => holds(seriesRule, one.probabilities, threshold)).length
  return {
    threshold,
    seriesRule,
    perSlice: figuresOf(judged, threshold),
    perContrast: Object.fromEntries([...new Set(judged.map(slice => slice.contrast))].sort()
      .map(contrast => [contrast, figuresOf(judged.filter(slice => slice.contrast === contrast), threshold)])),
    tuberFree: {
      slices: negatives.length,
      falsePositiveRate: rate(negatives).rate,
      interval: bootstrap(negatives, rate).rate,
      aboveHalf: share(negatives, slice => slice.probability >= 0.5),
      series: tuberFree.length,
      positiveSeries,
      positiveSeriesRate: tuberFree.length === 0 ? 0 : positiveSeries / tuberFree.length,
    },
    series: series.map(one => ({
      series: one.name,
      patient: one.patient,
      label: judged.some(slice => slice.series === one.name && slice.label === 1) ? 1 : 0,
      positiveSlices: one.probabilities.filter(probability => probability >= threshold).length,
      slices: one.probabilities.length,
      positive: holds(seriesRule, one.probabilities, threshold),
    })),
    paired: pairedTest(judged),
    withTubers: seriesWithTubers(judged, seriesRule, threshold),
    pointing: pointed.length === 0
      ? undefined
      : { slices: pointed.length, hits: pointed.filter(slice => slice.pointed === true).length },
    proposal: specificity === undefined || proposed === undefined
      ? undefined
      : { specificity, threshold: proposed, seriesRule: proposeSeriesRule(tuberFree, proposed, specificity) },
  }
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

function figuresOf (judged: readonly JudgedSlice[], threshold: number): SliceFigures {
  // where all have tubers, or none has, only the share that was called right says anything
  const classes = new Set(judged.map(slice => slice.label))
  const telling: readonly string[] = [...classes].map(label => label === 1 ? 'sensitivity' : 'specificity')
  const pick = <Value>(values: Readonly<Record<string, Value>>, test: (value: Value) => boolean): Record<string, Value> =>
    Object.fromEntries(Object.entries(values)
      .filter(([name, value]) => (classes.size === 2 || telling.includes(name)) && test(value)))
  return {
    slices: judged.length,
    patients: new Set(judged.map(slice => slice.patient)).size,
    figures: pick({ ...figures(judged, threshold) }, value => !Number.isNaN(value)),
    intervals: pick(intervals(judged, threshold), () => true),
  }
}

function share<Item> (items: readonly Item[], test: (item: Item) => boolean): number {
  return items.length === 0 ? 0 : items.filter(test).length / items.length
}
