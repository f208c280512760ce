import { Random } from './random.ts'

/** One judged thing (a slice, series or patient): what was said of it and what it is. */
export interface Judged {
  /** of the tuber class, 0..1 */
  readonly probability: number
  /** 1: has a tuber */
  readonly label: 0 | 1
  /** what belongs together when patients are drawn anew for an interval */
  readonly patient: string
}

/** Counts at a threshold. */
export interface Confusion {
  readonly truePositive: number
  readonly falsePositive: number
  readonly trueNegative: number
  readonly falseNegative: number
}

/** The figures of the paper. A ratio without a denominator is NaN: it was not measured. */
export interface Figures {
  readonly sensitivity: number
  readonly specificity: number
  readonly ppv: number
  readonly npv: number
  readonly f1: number
  readonly accuracy: number
  readonly auc: number
  readonly logLoss: number
}

/** Positive is probability ≥ threshold. */
export function confusion (judged: readonly Judged[], threshold: number): Confusion {
  const count = (label: 0 | 1, positive: boolean): number =>
    judged.filter(one => one.label === label && (one.probability >= threshold) === positive).length
  return {
    truePositive: count(1, true),
    falsePositive: count(0, true),
    trueNegative: count(0, false),
    falseNegative: count(1, false),
  }
}

export function figures (judged: readonly Judged[], threshold: number): Figures {
  const { truePositive: tp, falsePositive: fp, trueNegative: tn, falseNegative: fn } = confusion(judged, threshold)
  return {
    sensitivity: tp / (tp + fn),
    specificity: tn / (tn + fp),
    ppv: tp / (tp + fp),
    npv: tn / (tn + fn),
    f1: 2 * tp / (2 * tp + fp + fn),
    accuracy: (tp + tn) / judged.length,
    auc: auc(judged),
    logLoss: logLoss(judged),
  }
}

/**
 * Area under the ROC curve by the trapezoid rule: the share of pairs in which the tuber has the greater probability, ties half
 * (Hanley & McNeil 1982). NaN where one class is missing.
 */
export function auc (judged: readonly Judged[]): number {
  const sorted = [...judged].sort((one, other) => one.probability - other.probability)
  let negativesBelow = 0
  let wins = 0
  let positives = 0
  for (let i = 0; i < sorted.length;) {
    let tiedPositives = 0
    let tiedNegatives = 0
    const value = sorted[i]!.probability
    for (; i < sorted.length && sorted[i]!.probability === value; i++) {
      if (sorted[i]!.label === 1) tiedPositives++
      else tiedNegatives++
    }
    wins += tiedPositives * (negativesBelow + tiedNegatives / 2)
    negativesBelow += tiedNegatives
    positives += tiedPositives
  }
  return wins / (positives * negativesBelow)
}

/** Mean of −ln of the probability given to the truth; probabilities are kept 1e-7 from 0 and 1, as Keras does. */
export function logLoss (judged: readonly Judged[]): number {
  const sum = judged.reduce((total, { probability, label }) => {
    const p = Math.min(1 - 1e-7, Math.max(1e-7, probability))
    return total - Math.log(label === 1 ? p : 1 - p)
  }, 0)
  return sum / judged.length
}

export interface Interval { readonly low: number, readonly high: number }

export interface BootstrapOptions { readonly draws?: number, readonly seed?: number }

/**
 * 95 % intervals of several figures by the percentile bootstrap, patients drawn with replacement: slices of one patient are not
 * independent. A draw in which a figure is not defined does not count for it; below two patients there is no interval.
 */
export function bootstrap<Name extends string, Item extends { readonly patient: string }> (
  items: readonly Item[], statistic: (sample: readonly Item[]) => Readonly<Record<Name, number>>, options: BootstrapOptions = {},
): Partial<Record<Name, Interval>> {
  const { draws = 1000, seed = 1 } = options
  const byPatient = new Map<string, Item[]>()
  for (const item of items) {
    const known = byPatient.get(item.patient)
    if (known === undefined) byPatient.set(item.patient, [item])
    else known.push(item)
  }
  const groups = [...byPatient.values()]
  if (groups.length < 2) return {}
  const random = new Random(seed, 0xb007)
  const samples = Array.from({ length: draws }, () =>
    statistic(Array.from({ length: groups.length }, () => random.choice(groups)).flat()))
  const out: Partial<Record<Name, Interval>> = {}
  for (const name of Object.keys(samples[0]!) as Name[]) {
    const values = samples.map(sample => sample[name]).filter(value => !Number.isNaN(value)).sort((one, other) => one - other)
    if (values.length === 0) continue
    const at = (share: number): number => values[Math.min(values.length - 1, Math.floor(share * values.length))]!
    out[name] = { low: at(0.025), high: at(0.975) }
  }
  return out
}

/** The figures' intervals. */
export function intervals (
  judged: readonly Judged[], threshold: number, options: BootstrapOptions = {},
): Partial<Record<keyof Figures, Interval>> {
  return bootstrap(judged, sample => ({ ...figures(sample, threshold) }), options)
}
