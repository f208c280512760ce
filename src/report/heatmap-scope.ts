import { byProbability } from './sentences.ts'
import type { SeriesFindings, SliceResult } from './series-findings.ts'

/** Of which slices heatmaps are written: all, those of positive series, positive ones, the k highest of each series, or none. */
export type HeatmapScope =
  | { readonly of: 'all' | 'positive-series' | 'positive-slices' | 'none' }
  | { readonly of: 'top', readonly k: number }

/** How a scope is spelled, for messages. */
export const heatmapScopeWords = 'all, positive-series, positive-slices, none, or top- and a number from 1 to 999, such as top-5'

/** `all`, `top-5`, …; `undefined` for anything else. */
export function parseHeatmapScope (text: string): HeatmapScope | undefined {
  if (text === 'all' || text === 'positive-series' || text === 'positive-slices' || text === 'none') return { of: text }
  const k = /^top-([1-9]\d{0,2})$/.exec(text)?.[1]
  return k === undefined ? undefined : { of: 'top', k: Number(k) }
}

/** The slices of a series whose heatmaps are written; slices without a probability have none in any case. */
export function slicesInScope (series: SeriesFindings, scope: HeatmapScope, threshold: number): ReadonlySet<SliceResult> {
  const classified = byProbability([series])
  if (scope.of === 'none' || (scope.of === 'positive-series' && series.conclusion !== 'present')) return new Set()
  const taken = scope.of === 'top'
    ? classified.slice(0, scope.k)
    : scope.of === 'positive-slices' ? classified.filter(({ probability }) => probability >= threshold) : classified
  return new Set(taken.map(({ result }) => result))
}
