import { dirname } from 'node:path'
import type { Instance } from '../dicom/instance.ts'
import { groupBySeries } from '../dicom/group-by-series.ts'
import { readInstanceFile } from '../dicom/read-instance.ts'
import type { Series } from '../dicom/series.ts'
import { AppError } from '../errors.ts'
import type { SelectionCriteria } from '../selection/criteria.ts'
import { selectSeries } from '../selection/select-series.ts'
import type { RejectedFrame, SeriesSelection } from '../selection/series-selection.ts'
import type { AnalysisTools } from './analyze-series.ts'
import { analyzeSelection } from './analyzed-series.ts'
import type { AnalyzedSeries, ResultTaker } from './analyzed-series.ts'
import { writeFindings } from './findings-file.ts'
import type { StoredFindings } from './findings-file.ts'
import { MapScratch } from './map-scratch.ts'

/** Analyse one series: all its instances as files, and where its findings go. */
export interface SeriesJob { readonly paths: readonly string[], readonly outFile: string }

export interface SeriesJobResult {
  readonly selected: boolean
  readonly contrasts: readonly ('T2' | 'FLAIR')[]
  /** Stable code of the selection, such as `selected` or `not-axial`. */
  readonly reasonCode: string
  readonly slices: number
  readonly failedSlices: number
}

/** Selects, analyses and keeps the findings. A series that is not selected is a result too. @throws as `analyzeSeries` */
export async function runSeriesJob (
  job: SeriesJob, tools: AnalysisTools, criteria?: SelectionCriteria,
): Promise<SeriesJobResult> {
  const selection = selectSeries(await readSeries(job.paths), criteria)
  const scratch = await MapScratch.open(dirname(job.outFile))
  try {
    const onResult: ResultTaker = async result => ({ ...result, finding: await scratch.keep(result.finding) })
    const analyzed = await analyzeSelection(selection, { ...tools, onResult })
    await writeFindings(job.outFile, storable(analyzed, selection.rejected, tools))
    return resultOf(selection, analyzed)
  } finally {
    await scratch.close()
  }
}

function resultOf (selection: SeriesSelection, analyzed: AnalyzedSeries): SeriesJobResult {
  const slices = analyzed.groups.flatMap(group => group.slices)
  return {
    selected: slices.length > 0,
    contrasts: analyzed.groups.map(({ contrast }) => contrast),
    reasonCode: selection.reason.code,
    slices: slices.length,
    failedSlices: slices.filter(({ finding }) => finding.kind === 'failed').length,
  }
}

/** The one series that some files hold. @throws AppError `no-dicom-found`, `internal` when they hold several; as `readInstanceFile` */
export async function readSeries (paths: readonly string[]): Promise<Series> {
  const instances: Instance[] = []
  for (const path of paths) instances.push(await readInstanceFile(path))
  const [series, other] = groupBySeries(instances)
  if (series === undefined) throw new AppError('no-dicom-found', 'a series without instances cannot be analysed')
  if (other !== undefined) throw new AppError('internal', 'the instances of a job belong to several series')
  return series
}

function storable (
  { series, reason, groups }: AnalyzedSeries, rejected: readonly RejectedFrame[], { classifier }: AnalysisTools,
): StoredFindings {
  return {
    seriesInstanceUid: series.seriesInstanceUid,
    reason,
    model: { manifest: classifier.manifest, sha256: classifier.sha256, engine: classifier.engine },
    // without the evidence, which may hold what people typed
    rejected: rejected.map(({ sopInstanceUid, frameNumber, reason: { code, text } }) =>
      ({ sopInstanceUid, frameNumber, reason: { code, text } })),
    groups: groups.map(group => ({
      ...group,
      notes: [...group.notes],
      slices: group.slices.map(({ slice, toSource, finding }) =>
        ({ sopInstanceUid: slice.source.sopInstanceUid, frameNumber: slice.frameNumber, toSource, finding })),
    })),
  }
}
