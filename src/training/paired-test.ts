import type { JudgedSlice } from './evaluation-slice.ts'
import type { Interval } from './metrics.ts'
import { auc, bootstrap } from './metrics.ts'

/** How implanted slices compare with the same slices without. */
export interface PairedFigures {
  readonly implanted: number
  readonly without: number
  readonly patients: number
  /** of implanted against all slices without */
  readonly auc: number
  /** 95 %, over patients */
  readonly interval: Interval | undefined
  /** each patient's implanted slices against its own slices without: what differs between patients or their networks does not count */
  readonly withinPatients: WithinPatients | undefined
  /** share of implanted slices with a greater probability than their own slice without; ties half, and those without it do not count */
  readonly wins: number
  readonly winsInterval: Interval | undefined
}

export interface WithinPatients {
  readonly mean: number
  readonly least: number
  readonly greatest: number
  /** 95 %, of the mean */
  readonly interval: Interval | undefined
}

/** Per difficulty, and per difficulty and contrast (`easy FLAIR`). Windowed pictures flatter any score; this does not. */
export function pairedTest (judged: readonly JudgedSlice[], seed = 1): Record<string, PairedFigures> {
  const paired = judged.filter(slice => slice.pair !== undefined)
  const without = paired.filter(slice => slice.pair?.difficulty === 'without')
  const difficulties = [...new Set(paired.map(slice => slice.pair!.difficulty))].filter(name => name !== 'without')
  const contrasts = [...new Set(paired.map(slice => slice.contrast))].sort()
  const out: Record<string, PairedFigures> = {}
  for (const difficulty of difficulties) {
    for (const contrast of [undefined, ...contrasts.length > 1 ? contrasts : []]) {
      const of = (slices: readonly JudgedSlice[]): JudgedSlice[] =>
        slices.filter(slice => contrast === undefined || slice.contrast === contrast)
      const implanted = of(paired.filter(slice => slice.pair?.difficulty === difficulty))
      if (implanted.length > 0) out[contrast === undefined ? difficulty : `${difficulty} ${contrast}`] = compare(implanted, of(without), seed)
    }
  }
  return out
}

function compare (implanted: readonly JudgedSlice[], without: readonly JudgedSlice[], seed: number): PairedFigures {
  const own = new Map(without.map(slice => [slice.pair!.key, slice.probability]))
  const wins = implanted.flatMap(({ pair, patient, probability }): OfPatient[] => {
    const before = own.get(pair!.key)
    return before === undefined ? [] : [{ patient, value: probability > before ? 1 : probability === before ? 0.5 : 0 }]
  })
  const all = [...implanted, ...without]
  const within = [...new Set(all.map(slice => slice.patient))].map(patient =>
    ({ patient, value: auc(all.filter(slice => slice.patient === patient)) })).filter(one => !Number.isNaN(one.value))
  const aucs = within.map(one => one.value)
  return {
    implanted: implanted.length,
    without: without.length,
    patients: new Set(all.map(slice => slice.patient)).size,
    auc: auc(all),
    interval: bootstrap(all, sample => ({ auc: auc(sample) }), { seed }).auc,
    withinPatients: aucs.length === 0
      ? undefined
      : { mean: mean(within), least: Math.min(...aucs), greatest: Math.max(...aucs), interval: intervalOf(within, seed) },
    wins: mean(wins),
    winsInterval: intervalOf(wins, seed),
  }
}

interface OfPatient { readonly patient: string, readonly value: number }

function intervalOf (values: readonly OfPatient[], seed: number): Interval | undefined {
  return bootstrap(values, sample => ({ mean: mean(sample) }), { seed }).mean
}

function mean (values: readonly OfPatient[]): number {
  return values.reduce((sum, one) => sum + one.value, 0) / values.length
}
