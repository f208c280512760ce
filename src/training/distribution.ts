import { AppError } from '../errors.ts'
import { distance, nearerTurned } from '../imaging/out-of-distribution.ts'
import type { Distribution, Likeness } from '../imaging/out-of-distribution.ts'
import { sliceStatisticNames } from '../imaging/slice-statistics.ts'

/** The statistics of a slice that the model is made for, and where it comes from. */
export interface StatisticsSample {
  readonly statistics: readonly number[]
  readonly repetition: number
  readonly contrast: string
  readonly patient: string
  /** a synthetic slice shapes the kinds; the limit is set by real ones where there are any */
  readonly synthetic: boolean
}

/** Of the correlations this share is taken away: few patients make them look firmer than they are. */
const shrinkage = 0.2
/** Slices that a kind needs at least. */
const leastSlices = 40
/** Repetition and turning say little of most slices: they are to cost hardly a good one. */
const acceptedOfRare = 0.995
/** Heads have less repetition than this, whatever the few slices of a fit say. */
const leastRepetition = 0.3
const areaAt = sliceStatisticNames.indexOf('area')

/**
 * What the slices look like, kind by kind: for each contrast the slices with a small head and those with a large one, overlapping by a
 * quarter. The limit lets `accepted` of the slices pass when their patient is left out of the fit, every patient once; those of turning
 * and repetition 99.5 % each.
 * @param accepted share of slices, such as 0.985
 * @throws AppError `training-data-invalid` for fewer than 40 slices or 2 patients
 */
export function fitDistribution (samples: readonly StatisticsSample[], accepted: number): Distribution {
  const kinds = kindsOf(samples)
  const patients = [...new Set(samples.filter(sample => !sample.synthetic).map(sample => sample.patient))]
  const judges = patients.length > 0 ? patients : [...new Set(samples.map(sample => sample.patient))]
  if (kinds.length === 0 || judges.length < 2) {
    throw new AppError('training-data-invalid', `what the model is made for is told from at least ${leastSlices} slices of one contrast and 2 patients`)
  }
  const own = (patient: string): StatisticsSample[] =>
    samples.filter(sample => sample.patient === patient && sample.synthetic === (patients.length === 0))
  const judged = judges.flatMap(patient => {
    const others = { kinds: kindsOf(samples.filter(sample => sample.patient !== patient)) }
    if (others.kinds.length === 0) return []
    return own(patient).map(({ statistics }) => ({ far: distance(others, statistics), nearer: nearerTurned(others, statistics) }))
  })
  if (judged.length === 0) throw new AppError('training-data-invalid', 'too few patients to leave one out')
  const round = (value: number): number => Number(value.toPrecision(3))
  const repetitions = judges.flatMap(own).map(one => one.repetition)
  return {
    statistics: 1,
    kinds,
    limit: round(quantileOf(judged.map(one => one.far), accepted)),
    repetition: round(Math.max(leastRepetition, 1.25 * quantileOf(repetitions, acceptedOfRare))),
    turned: round(Math.max(0, quantileOf(judged.map(one => one.nearer), acceptedOfRare))),
  }
}

/** The least value that at least this share does not exceed. */
function quantileOf (values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!
}

function kindsOf (samples: readonly StatisticsSample[]): Likeness[] {
  return [...new Set(samples.map(sample => sample.contrast))].sort().flatMap(contrast => {
    const own = samples.filter(sample => sample.contrast === contrast)
    if (own.length < leastSlices) return []
    if (own.length < 2 * leastSlices) return [likenessOf(contrast, own)]
    const areas = own.map(sample => sample.statistics[areaAt]!).sort((one, other) => one - other)
    const at = (share: number): number => areas[Math.floor(share * (areas.length - 1))]!
    const [low, middle, high] = [areas[0]!, at(0.5), areas.at(-1)!]
    return [
      likenessOf(`${contrast}, small`, own.filter(sample => sample.statistics[areaAt]! <= middle + 0.25 * (middle - low))),
      likenessOf(`${contrast}, large`, own.filter(sample => sample.statistics[areaAt]! >= middle - 0.25 * (high - middle))),
    ]
  })
}

/** Weighted mean, spread and inverse correlation; the slices of a patient weigh together as the square root of their number. */
function likenessOf (name: string, samples: readonly StatisticsSample[]): Likeness {
  const counts = new Map<string, number>()
  for (const { patient } of samples) counts.set(patient, (counts.get(patient) ?? 0) + 1)
  const raw = samples.map(({ patient }) => 1 / Math.sqrt(counts.get(patient)!))
  const all = raw.reduce((sum, weight) => sum + weight, 0)
  const weights = raw.map(weight => weight / all)
  const size = sliceStatisticNames.length
  const mean = Array.from({ length: size }, (_, i) =>
    samples.reduce((sum, { statistics }, s) => sum + weights[s]! * statistics[i]!, 0))
  const covariance = (i: number, k: number): number => samples.reduce((sum, { statistics }, s) =>
    sum + weights[s]! * (statistics[i]! - mean[i]!) * (statistics[k]! - mean[k]!), 0)
  // a statistic that never changes must not make everything else infinitely far
  const spread = mean.map((_, i) => Math.max(1e-3, Math.sqrt(covariance(i, i))))
  const correlation = mean.map((_, i) => mean.map((__, k) =>
    i === k ? 1 : (1 - shrinkage) * covariance(i, k) / (spread[i]! * spread[k]!)))
  const inverse = inverted(correlation)
  const round = (value: number): number => Number(value.toPrecision(5))
  return {
    name,
    mean: mean.map(round),
    spread: spread.map(round),
    precision: inverse.flatMap((row, i) => row.slice(0, i + 1)).map(round),
  }
}

/** Gauss–Jordan; a shrunk correlation matrix is positive definite, so that no pivot vanishes. */
function inverted (matrix: readonly (readonly number[])[]): number[][] {
  const size = matrix.length
  const rows = matrix.map((row, i) => [...row, ...row.map((_, k) => i === k ? 1 : 0)])
  for (let i = 0; i < size; i++) {
    const pivot = rows[i]![i]!
    rows[i] = rows[i]!.map(value => value / pivot)
    for (let k = 0; k < size; k++) {
      if (k === i) continue
      const factor = rows[k]![i]!
      rows[k] = rows[k]!.map((value, j) => value - factor * rows[i]![j]!)
    }
  }
  return rows.map(row => row.slice(size))
}
