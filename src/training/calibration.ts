import type { SeriesRule } from '../model/manifest.ts'

/** Probabilities of one series, slices in order along its normal. */
export interface SeriesProbabilities {
  readonly name: string
  readonly patient: string
  readonly probabilities: readonly number[]
}

/**
 * The smallest threshold at which the share of tuber-free slices below it is at least `specificity`; half way to the next
 * greater value where there is one, so that rounding does not move a slice across.
 * @param weights of the slices; absent: each counts the same
 */
export function proposeThreshold (tuberFree: readonly number[], specificity: number, weights?: readonly number[]): number {
  if (tuberFree.length === 0) return 0.5
  const sorted = tuberFree.map((value, i) => ({ value, weight: weights?.[i] ?? 1 })).sort((one, other) => one.value - other.value)
  // a billionth less: sums of weights such as 1/3 are not whole
  const needed = (specificity - 1e-9) * sorted.reduce((sum, one) => sum + one.weight, 0)
  let below = 0
  const lastNegative = (sorted.find(({ weight }) => (below += weight) >= needed) ?? sorted.at(-1)!).value
  const next = sorted.find(({ value }) => value > lastNegative)?.value
  return next === undefined ? Math.min(1, lastNegative + (1 - lastNegative) / 2) : (lastNegative + next) / 2
}

/** Whether a rule calls a series positive. */
export function holds (rule: SeriesRule, probabilities: readonly number[], threshold: number): boolean {
  return probabilities.length > 0 && ruleScore(rule, probabilities) >= ruleThreshold(rule, threshold)
}

/** What a series' score is compared with. */
export function ruleThreshold (rule: SeriesRule, threshold: number): number {
  return rule.kind === 'mean-top-k' ? rule.threshold : threshold
}

/** With fewer slices the rule could not hold whatever they show. */
export function slicesNeeded (rule: SeriesRule): number {
  return rule.kind === 'count' ? Math.max(rule.positive, rule.consecutive) : rule.k
}

/**
 * The greatest threshold at which the rule calls the series positive; 0 for too few slices. Slices in order.
 * Counting: the `positive`-th greatest probability, or the best run's least one where that is lower.
 */
export function ruleScore (rule: SeriesRule, probabilities: readonly number[]): number {
  const sorted = [...probabilities].sort((one, other) => other - one)
  if (rule.kind === 'mean-top-k') {
    if (sorted.length < rule.k) return 0
    return sorted.slice(0, rule.k).reduce((sum, value) => sum + value, 0) / rule.k
  }
  let bestRun = 0
  for (let start = 0; start + rule.consecutive <= probabilities.length; start++) {
    bestRun = Math.max(bestRun, Math.min(...probabilities.slice(start, start + rule.consecutive)))
  }
  return Math.min(sorted[rule.positive - 1] ?? 0, bestRun)
}

/**
 * The least demanding counting rule under which at least `specificity` of the tuber-free patients stay negative in all their series:
 * first more positive slices, then longer runs. What it costs in sensitivity is for `evaluate` to say.
 */
export function proposeSeriesRule (
  tuberFree: readonly SeriesProbabilities[], threshold: number, specificity: number,
): SeriesRule {
  const patients = new Set(tuberFree.map(({ patient }) => patient)).size
  const candidates: SeriesRule[] = []
  for (let positive = 1; positive <= 20; positive++) {
    for (let consecutive = 1; consecutive <= Math.min(positive, 6); consecutive++) {
      candidates.push({ kind: 'count', positive, consecutive })
    }
  }
  const passes = (rule: SeriesRule): boolean => {
    const called = tuberFree.filter(series => holds(rule, series.probabilities, threshold))
    const positive = new Set(called.map(({ patient }) => patient))
    return patients - positive.size >= specificity * patients
  }
  return candidates.find(passes) ?? { kind: 'count', positive: 20, consecutive: 6 }
}
