import type { HeatmapScope } from './heatmap-scope.ts'

/** Which result objects are written, and in which form. */
export interface ObjectSettings {
  readonly heatmapScope: HeatmapScope
  /** One report for each analysed series, or one for the whole study. */
  readonly srScope: 'series' | 'study'
  /** One Multi-frame True Color Secondary Capture for each series and method instead of one capture for each slice. */
  readonly multiFrame: boolean
  /** The maps of each series and method as numbers, too. */
  readonly parametricMaps: boolean
  /** Of Secondary Captures; RLE Lossless (PS3.5 Annex G). */
  readonly compression: 'none' | 'rle'
}

export const defaultObjectSettings: ObjectSettings = { heatmapScope: { of: 'all' }, srScope: 'series', multiFrame: false, parametricMaps: false, compression: 'none' }
