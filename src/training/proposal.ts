import { AppError } from '../errors.ts'
import type { SeriesRule } from '../model/manifest.ts'
import type { SeriesProbabilities } from './calibration.ts'
import { holds, proposeSeriesRule, proposeThreshold } from './calibration.ts'
import type { JudgedSlice } from './evaluation-slice.ts'
import type { Rate } from './false-positives.ts'
import { rateOf } from './false-positives.ts'

/** A tuber-free slice and the series that it makes up, as far as calibration asks. */
export type FreeSlice = Pick<JudgedSlice, 'patient' | 'contrast' | 'probability'>
export interface CalibratedSeries extends SeriesProbabilities { readonly contrast: string, readonly tuber: boolean }

/** Thresholds that let the wanted share of tuber-free slices pass. */
export interface Thresholds {
  /** patients weigh the same, however many slices they have */
  readonly patients: number
  /** slices weigh the same */
  readonly slices: number
  /** of each contrast alone, patients weighing the same */
  readonly perContrast: Readonly<Record<string, number>>
}

/** What a calibration on all other patients calls positive of the patient who was left out; over all patients. */
export interface LeftOutRates {
  readonly slices: Rate
  readonly series: Rate
  /** by the study decision: any series */
  readonly patients: Rate
  readonly perContrast: Readonly<Record<string, { readonly slices: Rate, readonly series: Rate }>>
  /** over the calibrations */
  readonly threshold: { readonly least: number, readonly greatest: number }
}

export interface Proposal {
  readonly specificity: number
  /** `patients`, `slices`, `strictest` or a contrast: which threshold is proposed */
  readonly calibratedOn: string
  readonly threshold: number
  readonly seriesRule: SeriesRule
  /** what it would have given here */
  readonly sensitivity: number | undefined
  readonly specificityOfPatients: number | undefined
  readonly thresholds: Thresholds
  /** absent for a single patient */
  readonly leftOut: LeftOutRates | undefined
}

export interface ProposalOptions {
  /** wanted of slices and of patients */
  readonly specificity: number
  /** `strictest`: the greatest of the contrasts' thresholds */
  readonly calibrateOn?: string | undefined
  readonly seed: number
}

/**
 * Threshold and series rule for a specificity, and what they are worth on a patient who did not make them.
 * @throws AppError `usage` for a contrast of which there is no tuber-free slice
 */
export function propose (
  free: readonly FreeSlice[], series: readonly CalibratedSeries[], options: ProposalOptions,
): Proposal {
  const { specificity, calibrateOn = 'patients' } = options
  const thresholds = thresholdsOf(free, specificity)
  const threshold = chosen(thresholds, calibrateOn)
  if (threshold === undefined) {
    const known = ['patients', 'slices', 'strictest', ...Object.keys(thresholds.perContrast)].join(', ')
    throw new AppError('usage', `--calibrate-on is one of ${known}; there is no tuber-free slice of ${calibrateOn}`)
  }
  const seriesRule = proposeSeriesRule(series.filter(one => !one.tuber), threshold, specificity)
  const verdicts = [...new Set(series.map(one => one.patient))].map(patient => {
    const own = series.filter(one => one.patient === patient)
    return { tuber: own.some(one => one.tuber), positive: own.some(one => holds(seriesRule, one.probabilities, threshold)) }
  })
  const rate = (tuber: boolean): number | undefined => {
    const own = verdicts.filter(one => one.tuber === tuber)
    return own.length === 0 ? undefined : own.filter(one => one.positive === tuber).length / own.length
  }
  return {
    specificity,
    calibratedOn: calibrateOn,
    threshold,
    seriesRule,
    sensitivity: rate(true),
    specificityOfPatients: rate(false),
    thresholds,
    leftOut: leaveOneOut(free, series.filter(one => !one.tuber), options),
  }
}

function chosen ({ patients, slices, perContrast }: Thresholds, on: string): number | undefined {
  if (on === 'patients') return patients
  if (on === 'slices') return slices
  return on === 'strictest' ? Math.max(patients, ...Object.values(perContrast)) : perContrast[on]
}

function thresholdsOf (free: readonly FreeSlice[], specificity: number): Thresholds {
  const joint = (slices: readonly FreeSlice[]): number => {
    const counts = new Map<string, number>()
    for (const { patient } of slices) counts.set(patient, (counts.get(patient) ?? 0) + 1)
    const weights = slices.map(slice => 1 / counts.get(slice.patient)!)
    return proposeThreshold(slices.map(slice => slice.probability), specificity, weights)
  }
  const contrasts = [...new Set(free.map(slice => slice.contrast))].sort()
  return {
    patients: joint(free),
    slices: proposeThreshold(free.map(slice => slice.probability), specificity),
    perContrast: Object.fromEntries(contrasts.map(contrast =>
      [contrast, joint(free.filter(slice => slice.contrast === contrast))])),
  }
}

function leaveOneOut (
  free: readonly FreeSlice[], series: readonly CalibratedSeries[], options: ProposalOptions,
): LeftOutRates | undefined {
  const { specificity, calibrateOn = 'patients', seed } = options
  const slices: { patient: string, contrast: string, positive: boolean }[] = []
  const whole: typeof slices = []
  const thresholds: number[] = []
  for (const patient of new Set(free.map(slice => slice.patient))) {
    const others = free.filter(slice => slice.patient !== patient)
    const threshold = others.length === 0 ? undefined : chosen(thresholdsOf(others, specificity), calibrateOn)
    if (threshold === undefined) continue
    thresholds.push(threshold)
    const rule = proposeSeriesRule(series.filter(one => one.patient !== patient), threshold, specificity)
    for (const { contrast, probability } of free.filter(slice => slice.patient === patient)) {
      slices.push({ patient, contrast, positive: probability >= threshold })
    }
    for (const { contrast, probabilities } of series.filter(one => one.patient === patient)) {
      whole.push({ patient, contrast, positive: holds(rule, probabilities, threshold) })
    }
  }
  if (thresholds.length === 0) return undefined
  const patients = [...new Set(whole.map(one => one.patient))].map(patient =>
    ({ patient, positive: whole.some(one => one.patient === patient && one.positive) }))
  const contrasts = [...new Set(slices.map(one => one.contrast))].sort()
  const of = (items: typeof slices, contrast: string): Rate => rateOf(items.filter(one => one.contrast === contrast), seed)
  return {
    slices: rateOf(slices, seed),
    series: rateOf(whole, seed),
    patients: rateOf(patients, seed),
    perContrast: Object.fromEntries(contrasts.map(contrast =>
      [contrast, { slices: of(slices, contrast), series: of(whole, contrast) }])),
    threshold: { least: Math.min(...thresholds), greatest: Math.max(...thresholds) },
  }
}
