import type { SeriesRule } from '../model/manifest.ts'
import { holds } from './calibration.ts'
import type { JudgedSlice } from './evaluation-slice.ts'

/** Slices in a row that are given tubers. */
const run = 5

/** Of real series in which five slices in a row were replaced by the same slices with tubers: how many a rule finds. */
export interface SeriesWithTubers { readonly series: number, readonly positive: number }

/** Every place of the run in every series, implantation by implantation; per difficulty, and per difficulty and contrast. */
export function seriesWithTubers (
  judged: readonly JudgedSlice[], rule: SeriesRule, threshold: number,
): Record<string, SeriesWithTubers> {
  const paired = judged.filter(slice => slice.pair !== undefined)
  const contrasts = [...new Set(paired.map(slice => slice.contrast))].sort()
  const named = contrasts.length < 2
    ? []
    : contrasts.flatMap(contrast => Object.entries(count(paired.filter(slice => slice.contrast === contrast), rule, threshold))
      .map(([difficulty, counts]) => [`${difficulty} ${contrast}`, counts] as const))
  return { ...count(paired, rule, threshold), ...Object.fromEntries(named) }
}

function count (judged: readonly JudgedSlice[], rule: SeriesRule, threshold: number): Record<string, SeriesWithTubers> {
  const found = new Map<string, { series: number, positive: number }>()
  const without = new Map<string, JudgedSlice[]>()
  const implanted = new Map<string, Map<string, number[]>>()
  for (const slice of judged) {
    if (slice.pair === undefined) continue
    if (slice.pair.difficulty === 'without') push(without, slice.series ?? '', slice)
    else push(ensured(implanted, slice.pair.difficulty), slice.pair.key, slice.probability)
  }
  for (const [difficulty, byKey] of implanted) {
    const counts = { series: 0, positive: 0 }
    for (const slices of without.values()) {
      const ordered = [...slices].sort((one, other) => one.index - other.index)
      const repeats = Math.max(...ordered.map(slice => byKey.get(slice.pair!.key)?.length ?? 0))
      for (let k = 0; k < repeats; k++) {
        for (let start = 0; start + run <= ordered.length; start++) {
          const probabilities = ordered.map((slice, i) =>
            i >= start && i < start + run ? byKey.get(slice.pair!.key)?.[k] ?? slice.probability : slice.probability)
          counts.series++
          if (holds(rule, probabilities, threshold)) counts.positive++
        }
      }
    }
    found.set(difficulty, counts)
  }
  return Object.fromEntries(found)
}

function push<Value> (map: Map<string, Value[]>, key: string, value: Value): void {
  const known = map.get(key)
  if (known === undefined) map.set(key, [value])
  else known.push(value)
}

function ensured<Value> (map: Map<string, Map<string, Value>>, key: string): Map<string, Value> {
  const known = map.get(key) ?? new Map<string, Value>()
  map.set(key, known)
  return known
}
