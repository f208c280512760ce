import type { Series } from '../dicom/series.ts'
import type { SeriesSelection } from '../selection/series-selection.ts'
import type { SliceResult } from '../report/series-findings.ts'
import { analyzeSeries, type AnalysisTools } from './analyze-series.ts'

/** The slices of one contrast and one echo with what was found in them, before any conclusion. */
export interface AnalyzedGroup {
  readonly contrast: 'T2' | 'FLAIR'
  /** No gap, and no header count that is not reached. */
  readonly complete: boolean
  /** Sentences for people. */
  readonly notes: readonly string[]
  readonly slices: readonly SliceResult[]
}

/** A series with its selection and, where it was selected, its findings. */
export interface AnalyzedSeries {
  readonly series: Series
  /** Why it was taken or left. */
  readonly reason: string
  /** Empty when it was left. */
  readonly groups: readonly AnalyzedGroup[]
}

/** Analyses all groups of a selection; a rejected series comes back without groups. @throws as `analyzeSeries` */
export async function analyzeSelection (selection: SeriesSelection, tools: AnalysisTools): Promise<AnalyzedSeries> {
  const total = selection.groups.reduce((sum, group) => sum + group.slices.length, 0)
  const inGroups = new Set(selection.groups.flatMap(group => group.notes))
  const ofSeries = selection.notes.filter(note => !inGroups.has(note))
  const groups: AnalyzedGroup[] = []
  let before = 0
  for (const group of selection.groups) {
    const slices = await analyzeSeries(group.slices, {
      ...tools, onProgress: done => tools.onProgress?.(before + done, total),
    })
    before += slices.length
    groups.push({ contrast: group.contrast, complete: group.completeness.complete, notes: [...group.notes, ...ofSeries], slices })
  }
  return { series: selection.series, reason: selection.reason.text, groups }
}
