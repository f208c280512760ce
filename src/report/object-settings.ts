import type { HeatmapScope } from './heatmap-scope.ts'

/** Which result objects are written, and in which form. */
export interface ObjectSettings {
  readonly heatmapScope: HeatmapScope
}

export const defaultObjectSettings: ObjectSettings = { heatmapScope: { of: 'all' } }
