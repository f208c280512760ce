import type { Series } from '../dicom/series.ts'
import type { StudyFindings } from '../report/series-findings.ts'
import type { SelectionCriteria } from '../selection/criteria.ts'
import { selectStudy } from '../selection/select-study.ts'
import type { AnalysisTools } from './analyze-series.ts'
import { analyzeSelection } from './analyzed-series.ts'
import { studyFindings } from './study-findings.ts'

/** Selects, analyses and concludes one study in memory: what the command line does with files. @throws as `analyzeSeries` */
export async function analyzeStudy (
  series: readonly Series[], tools: AnalysisTools, criteria?: SelectionCriteria,
): Promise<StudyFindings> {
  const { series: selections } = selectStudy(series, criteria)
  const total = selections.flatMap(({ groups }) => groups).reduce((sum, { slices }) => sum + slices.length, 0)
  const analyzed = []
  let before = 0
  for (const selection of selections) {
    analyzed.push(await analyzeSelection(selection, { ...tools, onProgress: done => tools.onProgress?.(before + done, total) }))
    before += selection.groups.reduce((sum, { slices }) => sum + slices.length, 0)
  }
  return studyFindings(analyzed, tools.classifier.manifest)
}
