import type { Dataset } from '../dicom/dataset.ts'
import { AppError } from '../errors.ts'
import { codeItem, codes } from './codes.ts'
import { contributingEquipment, equipment, moments } from './common-modules.ts'
import { buildPdfReport } from './pdf-report.ts'
import type { PdfReportInput } from './pdf-report.ts'
import { sourceReference } from './result-series.ts'
import { runKey, studyReportUid } from './result-uids.ts'
import { sopReference } from './content-items.ts'
import { sourceHeader } from './source-header.ts'

export const encapsulatedPdfClassUid = '1.2.840.10008.5.1.4.1.1.104.1'

/** An object and the document in it. */
export interface PdfObject { readonly dataset: Dataset, readonly file: Uint8Array }

/**
 * The report for paper as Encapsulated PDF (PS3.3 A.45.1), in a series of its own.
 * @throws AppError `no-eligible-series` when no series was analysed
 */
export async function buildPdfObject (input: PdfReportInput): Promise<PdfObject> {
  const { study, context } = input
  const source = study.series[0]?.slices[0]?.slice.source
  if (source === undefined) throw new AppError('no-eligible-series', 'a study without analysed series has no report')
  const file = await buildPdfReport(input)
  const key = runKey(study, context)
  // an element has an even length; what the document itself has is told apart
  const bytes = new Uint8Array(file.length + file.length % 2)
  bytes.set(file)
  const references = new Map(study.series.flatMap(({ slices }) => slices.map(({ slice }) => {
    const { sopClassUid, sopInstanceUid } = sourceReference(slice)
    return [sopInstanceUid, sopReference({ sopClassUid, sopInstanceUid })] as const
  })))
  const dataset: Dataset = {
    // SOP Common
    ...sourceHeader(source).dataset,
    SOPClassUID: encapsulatedPdfClassUid,
    SOPInstanceUID: studyReportUid('pdf', source.studyInstanceUid, key),
    ...moments(context),
    ContributingEquipmentSequence: contributingEquipment(context, source),
    // Encapsulated Document Series
    Modality: 'DOC',
    SeriesInstanceUID: studyReportUid('pdf-series', source.studyInstanceUid, key),
    SeriesNumber: 9003,
    SeriesDescription: 'AI tuber report - RESEARCH ONLY',
    // Equipment, SC Equipment
    ...equipment(context),
    ConversionType: 'WSD',
    // Encapsulated Document (PS3.3 C.24.2)
    InstanceNumber: 1,
    AcquisitionDateTime: null,
    BurnedInAnnotation: 'NO',
    SourceInstanceSequence: [...references.values()],
    DocumentTitle: 'Cortical tubers by algorithm - RESEARCH ONLY',
    ConceptNameCodeSequence: [codeItem(codes.mriHeadReport)],
    VerificationFlag: 'UNVERIFIED',
    MIMETypeOfEncapsulatedDocument: 'application/pdf',
    EncapsulatedDocumentLength: file.length,
    EncapsulatedDocument: [bytes.buffer],
  }
  return { dataset, file }
}
