import type { Dataset } from '../dicom/dataset.ts'
import { AppError } from '../errors.ts'
import { codingSchemes } from './codes.ts'
import { contributingEquipment, deviceUid, equipment, longString, moments, referencedRequests } from './common-modules.ts'
import { evidenceSequence, hierarchical } from './evidence.ts'
import type { Evidence } from './evidence.ts'
import { measurementReport } from './measurement-report.ts'
import type { ReportSubject } from './measurement-report.ts'
import type { ReportContext } from './report-context.ts'
import { resultSeries } from './result-series.ts'
import { runKey, seriesIdentity, seriesReportUid } from './result-uids.ts'
import type { SeriesFindings, StudyFindings } from './series-findings.ts'
import { sourceHeader } from './source-header.ts'
import { mapEvidence, storedMaps } from './stored-maps.ts'

/** Comprehensive 3D, Comprehensive and Enhanced SR: the tree keeps to what all three allow (PS3.3 A.35). */
export const srSopClassUids = {
  88.34: '1.2.840.10008.5.1.4.1.1.88.34',
  88.33: '1.2.840.10008.5.1.4.1.1.88.33',
  88.22: '1.2.840.10008.5.1.4.1.1.88.22',
} as const satisfies Record<ReportContext['srSopClass'], string>

export interface StructuredReportInput {
  readonly study: StudyFindings
  /** One of the study's series. */
  readonly series: SeriesFindings
  readonly context: ReportContext
  /** Earlier reports that this one replaces. */
  readonly predecessors?: readonly Evidence[]
}

/**
 * The report of one series: TID 1500 in an SR document, in a series of its own.
 * @throws AppError `no-eligible-series` when the series has no slice; `value-not-encodable`
 */
export function buildStructuredReport (input: StructuredReportInput): Dataset {
  const { study, series, context, predecessors = [] } = input
  const source = series.slices[0]?.slice.source
  if (source === undefined) throw new AppError('no-eligible-series', 'a series without slices has nothing to report')
  const results = resultSeries(seriesIdentity(series), context)
  const subject: ReportSubject = { study, series, context, results, maps: storedMaps(series, results, context) }
  const key = runKey(study, context)
  const tree = measurementReport(subject)
  const requests = referencedRequests(source)
  return {
    // SOP Common
    ...sourceHeader(source).dataset,
    SOPClassUID: srSopClassUids[context.srSopClass],
    SOPInstanceUID: seriesReportUid('sr', series, key),
    ...moments(context),
    CodingSchemeIdentificationSequence: codingSchemes(longString('Manufacturer', context.software.manufacturer)),
    ContributingEquipmentSequence: contributingEquipment(context, source),
    // SR Document Series
    Modality: 'SR',
    SeriesInstanceUID: seriesReportUid('sr-series', series, key),
    SeriesNumber: 9000 + series.ordinal,
    SeriesDescription: `AI ${series.contrast} tubers - RESEARCH ONLY`,
    ReferencedPerformedProcedureStepSequence: [],
    // Equipment
    ...equipment(context),
    // SR Document General
    InstanceNumber: 1,
    CompletionFlag: 'COMPLETE',
    VerificationFlag: 'UNVERIFIED',
    PreliminaryFlag: 'PRELIMINARY',
    PerformedProcedureCodeSequence: [],
    ...(requests.length === 0 ? {} : { ReferencedRequestSequence: requests }),
    ...(predecessors.length === 0 ? {} : { PredecessorDocumentsSequence: hierarchical(predecessors) }),
    CurrentRequestedProcedureEvidenceSequence: evidenceSequence(tree, evidence(subject)),
    AuthorObserverSequence: [{
      ObserverType: 'DEV',
      StationName: context.software.stationName,
      DeviceUID: deviceUid(context),
      Manufacturer: context.software.manufacturer,
      ManufacturerModelName: longString('ManufacturerModelName', context.model.manifest.name),
      InstitutionName: null,
      InstitutionCodeSequence: [],
    }],
    // SR Document Content
    ...tree,
  }
}

/** All that the tree may point at: source instances once each, then the maps, method by method. */
function evidence ({ series, maps, context }: ReportSubject): Evidence[] {
  const { studyInstanceUid, seriesInstanceUid } = series
  const sources = new Map(series.slices.map(({ slice }) => [slice.source.sopInstanceUid, slice.source.sopClassUid]))
  return [
    ...Array.from(sources, ([sopInstanceUid, sopClassUid]) =>
      ({ studyInstanceUid, seriesInstanceUid, sopClassUid, sopInstanceUid })),
    ...mapEvidence(series, maps, context),
  ]
}
