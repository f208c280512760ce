import type { Evidence } from '../report/evidence.ts'
import type { ReportContext } from '../report/report-context.ts'
import { resultSeries, wantedMethods } from '../report/result-series.ts'
import { seriesIdentity } from '../report/result-uids.ts'
import { buildKeyObjectSelection } from '../report/key-object-selection.ts'
import { buildPdfObject } from '../report/pdf-object.ts'
import { buildParametricMap } from '../report/parametric-map.ts'
import type { EncodeJpeg } from '../report/pdf-pictures.ts'
import type { SeriesFindings, StudyFindings } from '../report/series-findings.ts'
import { buildStructuredReport } from '../report/structured-report.ts'
import { parametricStacks } from '../report/stored-maps.ts'
import { buildSummaryPage } from '../report/summary-page.ts'
import { captured, deliverable } from './deliverable.ts'
import type { Deliverable, ExtraKind } from './deliverable.ts'
import { heatmapsOfSeries } from './heatmap-deliverables.ts'
import type { HeatmapOptions } from './heatmap-deliverables.ts'

export interface DeliverableOptions extends HeatmapOptions {
  readonly encodeJpeg: EncodeJpeg
  /** None by default. */
  readonly extras?: readonly ExtraKind[] | undefined
  /** Earlier reports that the report of a series replaces, by ordinal; a report of the study replaces those of all its series. */
  readonly predecessors?: ReadonlyMap<number, readonly Evidence[]>
  /** The heatmaps were written as the slices were found: see `drawnAtOnce`. */
  readonly heatmapsWritten?: boolean
}

/**
 * All result objects of a study, one at a time, in the order in which they are stored: heatmaps, parametric maps, summary, what was asked
 * for besides, reports last, so that a document never refers to what is not there yet. Nothing for a study without an analysed series.
 */
export async function * buildDeliverables (
  study: StudyFindings, context: ReportContext, options: DeliverableOptions,
): AsyncGenerator<Deliverable> {
  if (study.series.length === 0) return
  const { displayOf, encodeJpeg, encodeRle, extras = [], heatmapsWritten = false } = options
  if (!heatmapsWritten) for (const series of study.series) yield * heatmapsOfSeries(series, context, options)
  if (context.objects.parametricMaps) for (const series of study.series) yield * parametricMaps(series, context)
  const { dataset, image } = await buildSummaryPage({ study, context, displayOf })
  yield await captured('summary', undefined, { dataset, images: [image] }, context, encodeRle)
  const keyObjects = extras.includes('key-objects') ? buildKeyObjectSelection(study, context) : undefined
  if (keyObjects !== undefined) yield deliverable('key-objects', undefined, keyObjects)
  if (extras.includes('pdf')) {
    const { dataset, file } = await buildPdfObject({ study, context, displayOf, encodeJpeg })
    yield deliverable('pdf', undefined, dataset, { document: file })
  }
  yield * reports(study, context, options)
}

function * reports (
  study: StudyFindings, context: ReportContext, { predecessors = new Map() }: DeliverableOptions,
): Generator<Deliverable> {
  if (context.objects.srScope === 'study') {
    const replaced = new Map([...predecessors.values()].flat().map(one => [one.sopInstanceUid, one]))
    yield deliverable('sr', undefined, buildStructuredReport({ study, context, predecessors: [...replaced.values()] }))
    return
  }
  for (const series of study.series) {
    const dataset = buildStructuredReport({ study, series, context, predecessors: predecessors.get(series.ordinal) ?? [] })
    yield deliverable('sr', series.ordinal, dataset)
  }
}

function * parametricMaps (series: SeriesFindings, context: ReportContext): Generator<Deliverable> {
  const results = resultSeries(seriesIdentity(series), context)
  for (const method of wantedMethods(context)) {
    for (const stack of parametricStacks(series, method, results, context)) {
      yield deliverable('parametric-map', series.ordinal, buildParametricMap({ stack, method, results, context }))
    }
  }
}
