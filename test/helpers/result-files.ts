import { mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Dataset } from '../../src/dicom/dataset.ts'
import { encodePart10 } from '../../src/dicom/write-part10.ts'
import type { Evidence } from '../../src/report/evidence.ts'
import type { ReportContext } from '../../src/report/report-context.ts'
import { resultSeries, wantedMethods } from '../../src/report/result-series.ts'
import { seriesIdentity } from '../../src/report/result-uids.ts'
import { buildSecondaryCapture } from '../../src/report/secondary-capture.ts'
import type { StudyFindings } from '../../src/report/series-findings.ts'
import { buildStructuredReport } from '../../src/report/structured-report.ts'
import { buildSummaryPage } from '../../src/report/summary-page.ts'
import { displayOf } from './report-inputs.ts'

/** All result objects of a study. */
export interface Results {
  readonly captures: readonly Dataset[]
  readonly summary: Dataset
  readonly reports: readonly Dataset[]
}

export async function resultsOf (
  study: StudyFindings, context: ReportContext, predecessors: readonly Evidence[] = [],
): Promise<Results> {
  const captures: Dataset[] = []
  for (const series of study.series) {
    const results = resultSeries(seriesIdentity(series), context)
    for (const result of series.slices) {
      if (result.finding.kind !== 'classified') continue
      const display = await displayOf(result.slice)
      for (const heatmap of result.finding.heatmaps.filter(({ method }) => wantedMethods(context).includes(method))) {
        captures.push(buildSecondaryCapture({ result, heatmap, display, series: results, context }).dataset)
      }
    }
  }
  return {
    captures,
    summary: (await buildSummaryPage({ study, context, displayOf })).dataset,
    reports: study.series.map(series => buildStructuredReport({ study, series, context, predecessors })),
  }
}

/** A folder of its own, gone after the test. */
export function folder (t: { teardown: (after: () => Promise<void>) => unknown }): string {
  const path = mkdtempSync(join(tmpdir(), 'tuberlens-test-'))
  t.teardown(() => rm(path, { recursive: true, force: true }))
  return path
}

/** Writes data sets as files 0001.dcm … and gives their paths. */
export function writeAll (directory: string, datasets: readonly Dataset[], prefix: string): string[] {
  return datasets.map((dataset, index) => {
    const path = join(directory, `${prefix}-${String(index + 1).padStart(4, '0')}.dcm`)
    writeFileSync(path, encodePart10(dataset))
    return path
  })
}
