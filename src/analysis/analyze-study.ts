import type { Series } from '../dicom/series.ts'
import type { StudyFindings } from '../report/series-findings.ts'
import type { SelectionCriteria } from '../selection/criteria.ts'
import { selectStudy } from '../selection/select-study.ts'
import type { SeriesSelection } from '../selection/series-selection.ts'
import { analyzeSelection, slicesIn } from './analyzed-series.ts'
import type { SelectionTools } from './analyzed-series.ts'
import { inStudyOrder, studyFindings } from './study-findings.ts'

/** What of a study is analysed, in the order in which its series are numbered. */
export function selectInOrder (series: readonly Series[], criteria?: SelectionCriteria): SeriesSelection[] {
  return inStudyOrder(selectStudy(series, criteria).series)
}

/**
 * Analyses and concludes one study: what the command line does with files.
 * @param selections as `selectInOrder` gives them
 * @throws as `analyzeSelection`
 */
export async function analyzeStudy (selections: readonly SeriesSelection[], tools: SelectionTools): Promise<StudyFindings> {
  const total = selections.reduce((sum, selection) => sum + slicesIn(selection), 0)
  const analyzed = []
  let before = 0
  let ordinal = 1
  for (const selection of selections) {
    const own = { ...tools, onProgress: (done: number) => tools.onProgress?.(before + done, total) }
    analyzed.push(await analyzeSelection(selection, own, ordinal))
    before += slicesIn(selection)
    ordinal += selection.groups.length
  }
  return studyFindings(analyzed, tools.classifier.manifest)
}
