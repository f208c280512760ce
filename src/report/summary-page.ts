import type { Slice } from '../dicom/slice.ts'
import type { GrayImage } from '../imaging/raster.ts'
import { AppError } from '../errors.ts'
import { contributingEquipment } from './common-modules.ts'
import type { ReportContext } from './report-context.ts'
import { runKey, studyReportUid } from './result-uids.ts'
import { captureModules, rgbPixels } from './secondary-capture.ts'
import type { Capture } from './secondary-capture.ts'
import { byProbability } from './sentences.ts'
import type { StudyFindings } from './series-findings.ts'
import { sourceHeader } from './source-header.ts'
import { drawSummary } from './summary-picture.ts'
import type { SummarySlice } from './summary-picture.ts'

export interface SummaryInput {
  readonly study: StudyFindings
  readonly context: ReportContext
  /** The slice as a viewer would show it; asked for the three highest only. */
  readonly displayOf: (slice: Slice) => Promise<GrayImage>
}

/**
 * One page of the whole study, in a series of its own and without geometry, so that no viewer synchronises it: the only
 * summary that every viewer shows, as many hide the text of a report.
 * @throws AppError `no-eligible-series` when no series was analysed: the page takes patient and study from a source
 */
export async function buildSummaryPage ({ study, context, displayOf }: SummaryInput): Promise<Capture> {
  const source = study.series[0]?.slices[0]?.slice.source
  if (source === undefined) throw new AppError('no-eligible-series', 'a study without analysed series has no summary page')
  const highest: SummarySlice[] = []
  for (const one of byProbability(study.series).slice(0, 3)) highest.push({ ...one, display: await displayOf(one.result.slice) })
  const image = drawSummary(study, highest, context)
  const key = runKey(study, context)
  const dataset = {
    ...sourceHeader(source).dataset,
    ...captureModules(context),
    ContributingEquipmentSequence: contributingEquipment(context, source),
    SOPInstanceUID: studyReportUid('summary', source.studyInstanceUid, key),
    // General Series
    Modality: context.scModality,
    SeriesInstanceUID: studyReportUid('summary-series', source.studyInstanceUid, key),
    SeriesNumber: 9002,
    SeriesDescription: 'AI tuber summary - RESEARCH ONLY',
    BodyPartExamined: 'HEAD',
    // General Image
    InstanceNumber: 1,
    ImageType: ['DERIVED', 'SECONDARY', 'SUMMARY'],
    PatientOrientation: null,
    DerivationDescription: 'Summary page of an automated analysis; not an image of the patient',
    ...rgbPixels([image]),
  }
  return { dataset, image }
}
