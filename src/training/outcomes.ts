import type { SeriesRule } from '../model/manifest.ts'
import { ruleScore, ruleThreshold, slicesNeeded } from './calibration.ts'
import type { Judgement } from './evaluation.ts'
import type { JudgedSlice, KnownSlice, UnjudgedSlice } from './evaluation-slice.ts'

export type Outcome = 'positive' | 'negative' | 'undetermined'

/** A series that was concluded as `analyze` concludes it. */
export interface SeriesOutcome {
  readonly series: string
  readonly patient: string
  readonly label: 0 | 1
  readonly contrast: string
  readonly vendor: string
  /** with a probability */
  readonly slices: number
  readonly positiveSlices: number
  /** failed or undetermined */
  readonly without: number
  /** the greatest threshold at which the rule would hold: what the series' curve is drawn from */
  readonly score: number
  readonly outcome: Outcome
}

/** A patient, by the study decision: any positive series, else any undetermined one, else negative. */
export interface PatientOutcome {
  readonly patient: string
  readonly label: 0 | 1
  readonly series: number
  readonly score: number
  readonly outcome: Outcome
}

/** A series in which more than this share of the slices has no probability cannot be called negative (pipeline: study decision). */
const largestShareWithout = 0.2

/** Every series, in the order in which its first slice came. Slices that belong to none make none. */
export function seriesOutcomes ({ judged, unjudged }: Judgement, rule: SeriesRule, threshold: number): SeriesOutcome[] {
  const groups = new Map<string, { judged: JudgedSlice[], unjudged: UnjudgedSlice[] }>()
  const groupOf = (slice: KnownSlice): { judged: JudgedSlice[], unjudged: UnjudgedSlice[] } | undefined => {
    if (slice.series === undefined) return undefined
    const group = groups.get(slice.series) ?? { judged: [], unjudged: [] }
    groups.set(slice.series, group)
    return group
  }
  for (const slice of judged) groupOf(slice)?.judged.push(slice)
  // what selection left out is no part of the series that is judged
  for (const slice of unjudged) if (slice.outcome !== 'not selected') groupOf(slice)?.unjudged.push(slice)
  return [...groups].map(([series, group]): SeriesOutcome => {
    const slices = [...group.judged].sort((one, other) => one.index - other.index)
    const all: KnownSlice[] = [...slices, ...group.unjudged]
    const probabilities = slices.map(slice => slice.probability)
    const score = ruleScore(rule, probabilities)
    const without = group.unjudged.length
    const missing = without > largestShareWithout * all.length || slices.length < slicesNeeded(rule)
    return {
      series,
      patient: all[0]!.patient,
      label: all.some(slice => slice.label === 1) ? 1 : 0,
      contrast: all[0]!.contrast,
      vendor: all[0]!.vendor ?? 'unknown',
      slices: slices.length,
      positiveSlices: probabilities.filter(probability => probability >= threshold).length,
      without,
      score,
      outcome: probabilities.length > 0 && score >= ruleThreshold(rule, threshold) ? 'positive' : missing ? 'undetermined' : 'negative',
    }
  })
}

/** Every patient; one of whom no series could be judged is undetermined. */
export function patientOutcomes (series: readonly SeriesOutcome[], unjudged: readonly UnjudgedSlice[]): PatientOutcome[] {
  const names = [...new Set([...series, ...unjudged].map(one => one.patient))]
  return names.map(patient => {
    const own = series.filter(one => one.patient === patient)
    const lost = unjudged.filter(slice => slice.patient === patient)
    return {
      patient,
      label: [...own, ...lost].some(one => one.label === 1) ? 1 : 0,
      series: own.length,
      score: Math.max(0, ...own.map(one => one.score)),
      outcome: own.some(one => one.outcome === 'positive')
        ? 'positive'
        : own.length === 0 || own.some(one => one.outcome === 'undetermined') ? 'undetermined' : 'negative',
    }
  })
}
