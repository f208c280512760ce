import { z } from 'zod'
import { heatmapMethods } from '../model/finding.ts'
import { heatmapScopeWords, parseHeatmapScope } from '../report/heatmap-scope.ts'
import type { ObjectSettings } from '../report/object-settings.ts'
import { choice, flag, list } from './schemas.ts'
import type { Variable } from './schemas.ts'

const scope = z.string().transform((text, context) => {
  const parsed = parseHeatmapScope(text)
  if (parsed !== undefined) return parsed
  context.addIssue({ code: 'custom', message: `must be ${heatmapScopeWords}` })
  return z.NEVER
})

/** The variables of what is written, in the order of the README's table. */
export const reportVariables = {
  HEATMAP_METHODS: { schema: list.refine(areMethods, `must list some of ${heatmapMethods.join(', ')}, or none`), default: 'grad-cam,saliency', meaning: 'Heatmaps to make, separated by commas: `grad-cam`, `saliency`, `evidence`; may be empty' },
  HEATMAP_SCOPE: { schema: scope, default: 'all', meaning: 'Slices whose heatmaps are written: `all`, `positive-series`, `positive-slices`, `top-5` (or another number: the highest of each series) or `none`' },
  HEATMAP_MULTIFRAME: { schema: flag, default: 'false', meaning: 'One Multi-frame True Color Secondary Capture for each series and method, instead of one capture for each slice' },
  PARAMETRIC_MAPS: { schema: flag, default: 'false', meaning: 'Also write the maps of each series and method as numbers, in a Parametric Map' },
  SR_SOP_CLASS: { schema: choice('88.34', '88.33', '88.22'), default: '88.34', meaning: 'Class of the report: `88.34` Comprehensive 3D, `88.33` Comprehensive, `88.22` Enhanced SR' },
  SR_SCOPE: { schema: choice('series', 'study'), default: 'series', meaning: 'Whether each analysed series gets a report, or the study one for all of them' },
  SC_MODALITY: { schema: choice('MR', 'OT'), default: 'MR', meaning: 'Modality written into Secondary Captures' },
  SC_COMPRESSION: { schema: choice('none', 'rle'), default: 'none', meaning: 'Compression of Secondary Captures: `none`, or `rle` for RLE Lossless' },
  KEY_OBJECT_SELECTION: { schema: flag, default: 'false', meaning: 'Also write a Key Object Selection of the positive slices and their heatmaps, where a study has any' },
  PDF_REPORT: { schema: flag, default: 'false', meaning: 'Also write the report as PDF, in an Encapsulated PDF object' },
  STATION_NAME: { schema: z.string().regex(/^[\x20-\x5b\x5d-\x7e]{1,16}$/, 'must be 1 to 16 ASCII characters without backslash'), default: 'TUBERLENS', meaning: 'StationName of the results' },
} as const satisfies Record<string, Variable>

type ReportVariables = { readonly [K in keyof typeof reportVariables]: z.output<typeof reportVariables[K]['schema']> }

/** What the service writes of a study; which maps it computes is told to the analysis. */
export interface ReportConfig {
  readonly srSopClass: '88.34' | '88.33' | '88.22'
  readonly scModality: 'MR' | 'OT'
  readonly stationName: string
  readonly keyObjects: boolean
  readonly pdf: boolean
  readonly objects: ObjectSettings
}

export function reportOf (values: Omit<ReportVariables, 'HEATMAP_METHODS'>): ReportConfig {
  return {
    srSopClass: values.SR_SOP_CLASS,
    scModality: values.SC_MODALITY,
    stationName: values.STATION_NAME,
    keyObjects: values.KEY_OBJECT_SELECTION,
    pdf: values.PDF_REPORT,
    objects: {
      heatmapScope: values.HEATMAP_SCOPE,
      srScope: values.SR_SCOPE,
      multiFrame: values.HEATMAP_MULTIFRAME,
      parametricMaps: values.PARAMETRIC_MAPS,
      compression: values.SC_COMPRESSION,
    },
  }
}

function areMethods (names: readonly string[]): boolean {
  return new Set(names).size === names.length && names.every(name => (heatmapMethods as readonly string[]).includes(name))
}
