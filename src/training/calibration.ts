import type { SeriesRule } from '../model/manifest.ts'

/** Probabilities of one series, slices in order along its normal. */
export interface SeriesProbabilities {
  readonly name: string
  readonly patient: string
  readonly probabilities: readonly number[]
}

/**
 * The smallest threshold at which the share of tuber-free slices below it is at least `specificity`; half way to the next
 * lower value where there is one, so that rounding does not move a slice across.
 */
export function proposeThreshold (tuberFree: readonly number[], specificity: number): number {
  if (tuberFree.length === 0) return 0.5
  const sorted = [...tuberFree].sort((one, other) => one - other)
  const needed = Math.ceil(specificity * sorted.length)
  const lastNegative = sorted[Math.max(0, needed - 1)]!
  const next = sorted.find(value => value > lastNegative)
  return next === undefined ? Math.min(1, lastNegative + (1 - lastNegative) / 2) : (lastNegative + next) / 2
}

/** Whether a rule calls a series positive. */
export function holds (rule: SeriesRule, probabilities: readonly number[], threshold: number): boolean {
  if (rule.kind === 'mean-top-k') {
    const top = [...probabilities].sort((one, other) => other - one).slice(0, rule.k)
    return top.length > 0 && top.reduce((sum, value) => sum + value, 0) / top.length >= rule.threshold
  }
  let count = 0
  let run = 0
  let longest = 0
  for (const probability of probabilities) {
    run = probability >= threshold ? run + 1 : 0
    if (run > 0) count++
    longest = Math.max(longest, run)
  }
  return count >= rule.positive && longest >= rule.consecutive
}

/**
 * The least demanding counting rule under which at least `specificity` of the tuber-free series stay negative: first more
 * positive slices with two in a row, then longer runs. What it costs in sensitivity is for `evaluate` to say.
 */
export function proposeSeriesRule (
  tuberFree: readonly SeriesProbabilities[], threshold: number, specificity: number,
): SeriesRule {
  const candidates: SeriesRule[] = []
  for (let positive = 1; positive <= 20; positive++) {
    for (let consecutive = 1; consecutive <= Math.min(positive, 6); consecutive++) {
      candidates.push({ kind: 'count', positive, consecutive })
    }
  }
  const passes = (rule: SeriesRule): boolean => {
    const negative = tuberFree.filter(series => !holds(rule, series.probabilities, threshold)).length
    return negative >= specificity * tuberFree.length
  }
  return candidates.find(passes) ?? { kind: 'count', positive: 20, consecutive: 6 }
}
