import { wilson } from './curves.ts'
import type { JudgedSlice } from './evaluation-slice.ts'
import type { Interval } from './metrics.ts'
import { bootstrap } from './metrics.ts'
import type { PatientOutcome, SeriesOutcome } from './outcomes.ts'

/** A share that was counted. */
export interface Rate {
  readonly count: number
  readonly positive: number
  readonly rate: number
  /** 95 %, over patients */
  readonly interval: Interval | undefined
}

/** What is called positive without tubers. */
export interface FalsePositives {
  readonly slices: number
  readonly falsePositiveRate: number
  readonly interval: Interval | undefined
  /** share of slices at 0.5 or more */
  readonly aboveHalf: number
  readonly series: number
  readonly positiveSeries: number
  readonly positiveSeriesRate: number
  readonly patients: number
  readonly positivePatients: number
}

/** @param negatives tuber-free slices; of series and patients those without tubers are taken */
export function falsePositives (
  negatives: readonly JudgedSlice[], series: readonly SeriesOutcome[], patients: readonly PatientOutcome[],
  threshold: number, seed: number,
): FalsePositives {
  const slices = rateOf(negatives.map(({ patient, probability }) => ({ patient, positive: probability >= threshold })), seed)
  const free = series.filter(one => one.label === 0)
  const freePatients = patients.filter(one => one.label === 0)
  const positive = (items: readonly { readonly outcome: string }[]): number => items.filter(one => one.outcome === 'positive').length
  return {
    slices: slices.count,
    falsePositiveRate: slices.rate,
    interval: slices.interval,
    aboveHalf: negatives.length === 0 ? 0 : negatives.filter(slice => slice.probability >= 0.5).length / negatives.length,
    series: free.length,
    positiveSeries: positive(free),
    positiveSeriesRate: free.length === 0 ? 0 : positive(free) / free.length,
    patients: freePatients.length,
    positivePatients: positive(freePatients),
  }
}

/**
 * The share that is positive, patients drawn anew for its interval. Where none is, or all are, drawing anew says nothing: then Wilson's
 * interval, as if each patient were one trial.
 */
export function rateOf (items: readonly { readonly patient: string, readonly positive: boolean }[], seed: number): Rate {
  const share = (sample: typeof items): { rate: number } =>
    ({ rate: sample.length === 0 ? 0 : sample.filter(one => one.positive).length / sample.length })
  const { rate } = share(items)
  const patients = new Set(items.map(one => one.patient)).size
  const interval = patients > 1 && (rate === 0 || rate === 1) ? wilson(rate, patients) : bootstrap(items, share, { seed }).rate
  return { count: items.length, positive: items.filter(one => one.positive).length, rate, interval }
}
