import type { Series } from '../dicom/series.ts'
import type { SeriesIdentity } from '../report/result-uids.ts'
import type { SliceResult } from '../report/series-findings.ts'
import type { SeriesSelection } from '../selection/series-selection.ts'
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

/**
 * Is given each result as soon as it is there, in the order of the slices, while the next ones are computed; what it gives back is kept:
 * the maps may have gone elsewhere by then.
 */
export type ResultTaker = (result: SliceResult, series: SeriesIdentity) => Promise<SliceResult>

export interface SelectionTools extends AnalysisTools {
  /** Results are kept as they are unless told. */
  readonly onResult?: ResultTaker | undefined
}

/**
 * Analyses all groups of a selection; a rejected series comes back without groups.
 * @param firstOrdinal number of its first group among those of the study
 * @throws as `analyzeSeries` and the taker of the results
 */
export async function analyzeSelection (
  selection: SeriesSelection, tools: SelectionTools, firstOrdinal = 1,
): Promise<AnalyzedSeries> {
  const total = slicesIn(selection)
  const inGroups = new Set(selection.groups.flatMap(group => group.notes))
  const ofSeries = selection.notes.filter(note => !inGroups.has(note))
  const { seriesInstanceUid, studyInstanceUid, instances } = selection.series
  const seriesNumber = instances[0]?.attributes.number('SeriesNumber')
  const groups: AnalyzedGroup[] = []
  let before = 0
  for (const [i, { contrast, completeness, notes, slices }] of selection.groups.entries()) {
    const ordinal = firstOrdinal + i
    const identity: SeriesIdentity = { seriesInstanceUid, studyInstanceUid, seriesNumber, contrast, ordinal, slices }
    const results: SliceResult[] = []
    const found = analyzeSeries(slices, { ...tools, onProgress: done => tools.onProgress?.(before + done, total) })
    for await (const result of found) results.push(await tools.onResult?.(result, identity) ?? result)
    before += slices.length
    groups.push({ contrast, complete: completeness.complete, notes: [...notes, ...ofSeries], slices: results })
  }
  return { series: selection.series, reason: selection.reason.text, groups }
}

/** How many slices of a series are analysed. */
export function slicesIn ({ groups }: SeriesSelection): number {
  return groups.reduce((sum, { slices }) => sum + slices.length, 0)
}
