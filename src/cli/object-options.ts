import { AppError } from '../errors.ts'
import { heatmapScopeWords, parseHeatmapScope } from '../report/heatmap-scope.ts'
import type { ObjectSettings } from '../report/object-settings.ts'

/** The options that say which result objects are written, and in which form. */
export const objectOptions = {
  'heatmap-scope': { type: 'string', default: 'all' },
  'heatmap-multiframe': { type: 'boolean', default: false },
  'parametric-maps': { type: 'boolean', default: false },
  'sr-scope': { type: 'string', default: 'series' },
  'sc-compression': { type: 'string', default: 'none' },
} as const

type ObjectValues = { readonly [K in keyof typeof objectOptions]: typeof objectOptions[K]['type'] extends 'boolean' ? boolean : string }

/** @throws AppError `usage` */
export function objectSettings (values: ObjectValues): ObjectSettings {
  const heatmapScope = parseHeatmapScope(values['heatmap-scope'])
  if (heatmapScope === undefined) throw new AppError('usage', `--heatmap-scope must be ${heatmapScopeWords}, not "${values['heatmap-scope']}"`)
  return {
    heatmapScope,
    srScope: oneOf('sr-scope', values['sr-scope'], ['series', 'study']),
    multiFrame: values['heatmap-multiframe'],
    parametricMaps: values['parametric-maps'],
    compression: oneOf('sc-compression', values['sc-compression'], ['none', 'rle']),
  }
}

function oneOf<const T extends string> (name: string, given: string, words: readonly T[]): T {
  const word = words.find(known => known === given)
  if (word === undefined) throw new AppError('usage', `--${name} must be ${words.join(' or ')}, not "${given}"`)
  return word
}
