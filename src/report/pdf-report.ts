import { AppError } from '../errors.ts'
import { researchOnly } from './common-modules.ts'
import { PdfDocument } from './pdf-document.ts'
import { PdfFlow } from './pdf-flow.ts'
import { drawSlices } from './pdf-slices.ts'
import type { PdfSource } from './pdf-slices.ts'
import { drawSummaryPage } from './pdf-summary.ts'
import { runKey, studyReportUid } from './result-uids.ts'
import type { StudyFindings } from './series-findings.ts'

export interface PdfReportInput extends PdfSource { readonly study: StudyFindings }

/**
 * The report for paper: a summary, then every slice with its maps. Nothing in it identifies the patient but the UID that it bears
 * itself. The same findings and context give the same bytes.
 * @throws AppError `no-eligible-series` when no series was analysed
 */
export async function buildPdfReport ({ study, ...source }: PdfReportInput): Promise<Uint8Array> {
  const { software, date, time } = source.context
  const first = study.series[0]
  if (first === undefined) throw new AppError('no-eligible-series', 'a study without analysed series has no report')
  const document = await PdfDocument.open({
    title: 'Cortical tubers by algorithm - RESEARCH ONLY',
    subject: researchOnly,
    author: software.manufacturer,
    creator: `${software.modelName} ${software.version}`,
    at: utc(date, time),
  })
  const flow = new PdfFlow(document)
  await drawSummaryPage(flow, study, source)
  for (const series of study.series) await drawSlices(flow, series, source)
  flow.foot(`Report ${studyReportUid('pdf', first.studyInstanceUid, runKey(study, source.context))}`)
  return await document.finish()
}

/** DA and TM without a zone, as if they were UTC: the library writes UTC, and the machine's own zone must not change the bytes. */
function utc (date: string, time: string): Date {
  const [year, month, day] = [date.slice(0, 4), date.slice(4, 6), date.slice(6, 8)].map(Number)
  const [hours, minutes, seconds] = [time.slice(0, 2), time.slice(2, 4), time.slice(4, 6)].map(Number)
  return new Date(Date.UTC(year!, month! - 1, day, hours, minutes, seconds))
}
