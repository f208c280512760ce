import type { Judged } from './metrics.ts'

/** A point of the ROC curve. */
export interface RocPoint { readonly threshold: number, readonly falsePositiveRate: number, readonly sensitivity: number }

/** Points of a curve beyond which it is thinned: what a page can show. */
const mostPoints = 400

/**
 * The ROC curve from (0, 0) to (1, 1), one point for each value that occurs; empty where one class is missing.
 */
export function rocCurve (judged: readonly Judged[]): RocPoint[] {
  const positives = judged.filter(one => one.label === 1).length
  const negatives = judged.length - positives
  if (positives === 0 || negatives === 0) return []
  const sorted = [...judged].sort((one, other) => other.probability - one.probability)
  const points: RocPoint[] = [{ threshold: 1, falsePositiveRate: 0, sensitivity: 0 }]
  let [tp, fp] = [0, 0]
  for (let i = 0; i < sorted.length;) {
    const threshold = sorted[i]!.probability
    for (; i < sorted.length && sorted[i]!.probability === threshold; i++) {
      if (sorted[i]!.label === 1) tp++
      else fp++
    }
    points.push({ threshold, falsePositiveRate: fp / negatives, sensitivity: tp / positives })
  }
  const step = Math.ceil(points.length / mostPoints)
  return points.filter((_, i) => i % step === 0 || i === points.length - 1)
}

/** How often what was given a probability in a range has a tuber. */
export interface ReliabilityBin {
  readonly low: number
  readonly high: number
  readonly count: number
  /** mean probability of those in the bin */
  readonly predicted: number
  /** share of them with a tuber */
  readonly observed: number
  /** 95 % interval of `observed` (Wilson 1927); as if slices were independent */
  readonly interval: { readonly low: number, readonly high: number }
}

/** Ten bins of equal width; empty ones are left out. */
export function reliability (judged: readonly Judged[], bins = 10): ReliabilityBin[] {
  const out: ReliabilityBin[] = []
  for (let bin = 0; bin < bins; bin++) {
    const inside = judged.filter(({ probability }) => Math.min(bins - 1, Math.floor(probability * bins)) === bin)
    if (inside.length === 0) continue
    const observed = inside.filter(one => one.label === 1).length / inside.length
    out.push({
      low: bin / bins,
      high: (bin + 1) / bins,
      count: inside.length,
      predicted: inside.reduce((sum, one) => sum + one.probability, 0) / inside.length,
      observed,
      interval: wilson(observed, inside.length),
    })
  }
  return out
}

/** Expected calibration error: the mean distance of predicted from observed, weighed by count. */
export function calibrationError (bins: readonly ReliabilityBin[]): number {
  const all = bins.reduce((sum, { count }) => sum + count, 0)
  return bins.reduce((sum, { count, predicted, observed }) => sum + count * Math.abs(predicted - observed), 0) / all
}

/** Wilson's score interval of a share, 95 %. */
export function wilson (share: number, count: number): { low: number, high: number } {
  const z = 1.96
  const middle = (share + z * z / (2 * count)) / (1 + z * z / count)
  const half = z / (1 + z * z / count) * Math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
  return { low: Math.max(0, middle - half), high: Math.min(1, middle + half) }
}
