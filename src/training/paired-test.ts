import type { JudgedSlice } from './evaluation-slice.ts'
import { auc } from './metrics.ts'

/** How implanted slices compare with the same slices without. */
export interface PairedFigures {
  readonly implanted: number
  readonly without: number
  /** of implanted against all slices without */
  readonly auc: number
  /** share of implanted slices with a greater probability than their own slice without; ties half */
  readonly wins: number
}

/** Per difficulty, and per difficulty and contrast (`easy FLAIR`). Windowed pictures flatter any score; this does not. */
export function pairedTest (judged: readonly JudgedSlice[]): Record<string, PairedFigures> {
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
      if (implanted.length > 0) out[contrast === undefined ? difficulty : `${difficulty} ${contrast}`] = compare(implanted, of(without))
    }
  }
  return out
}

function compare (implanted: readonly JudgedSlice[], without: readonly JudgedSlice[]): PairedFigures {
  const own = new Map(without.map(slice => [slice.pair!.key, slice.probability]))
  const wins = implanted.reduce((sum, slice) => {
    const before = own.get(slice.pair!.key) ?? Number.NaN
    return sum + (slice.probability > before ? 1 : slice.probability === before ? 0.5 : 0)
  }, 0)
  const all = [...implanted, ...without]
  return { implanted: implanted.length, without: without.length, auc: auc(all), wins: wins / implanted.length }
}
