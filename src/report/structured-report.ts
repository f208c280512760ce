import type { Dataset } from '../dicom/dataset.ts'
import { AppError } from '../errors.ts'
import { codingSchemes } from './codes.ts'
import { contributingEquipment, deviceUid, equipment, longString, moments, referencedRequests } from './common-modules.ts'
import { evidenceSequence, hierarchical } from './evidence.ts'
import type { Evidence } from './evidence.ts'
import { measurementReport } from './measurement-report.ts'
import type { ReportPart, ReportSubject } from './measurement-report.ts'
import type { ReportContext } from './report-context.ts'
import { resultSeries } from './result-series.ts'
import { runKey, seriesIdentity, seriesReportUid, studyReportUid } from './result-uids.ts'
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
  /** One of the study's series; absent for a report of all of them. */
  readonly series?: SeriesFindings | undefined
  readonly context: ReportContext
  /** Earlier reports that this one replaces. */
  readonly predecessors?: readonly Evidence[]
}

/** Summary, key objects and PDF are 9001 to 9003: reports begin above them. */
const seriesNumberBase = 9010

/**
 * The report of one series, or of a study: TID 1500 in an SR document, in a series of its own.
 * @throws AppError `no-eligible-series` when there is no slice; `value-not-encodable`
 */
export function buildStructuredReport (input: StructuredReportInput): Dataset {
  const { study, series, context, predecessors = [] } = input
  const reported = series === undefined ? study.series : [series]
  const source = reported[0]?.slices[0]?.slice.source
  if (source === undefined) throw new AppError('no-eligible-series', 'a series without slices has nothing to report')
  const parts = reported.map((one): ReportPart => {
    const results = resultSeries(seriesIdentity(one), context)
    return { series: one, results, maps: storedMaps(one, results, context) }
  })
  const subject: ReportSubject = { study, conclusion: series?.conclusion ?? study.conclusion, parts, context }
  const key = runKey(study, context)
  const uid = (kind: 'sr' | 'sr-series') =>
    series === undefined ? studyReportUid(kind, source.studyInstanceUid, key) : seriesReportUid(kind, series, key)
  // a job that runs again makes the same report, which does not replace itself
  const replaced = predecessors.filter(({ sopInstanceUid }) => sopInstanceUid !== uid('sr'))
  const tree = measurementReport(subject)
  const requests = referencedRequests(source)
  return {
    // SOP Common
    ...sourceHeader(source).dataset,
    SOPClassUID: srSopClassUids[context.srSopClass],
    SOPInstanceUID: uid('sr'),
    ...moments(context),
    CodingSchemeIdentificationSequence: codingSchemes(longString('Manufacturer', context.software.manufacturer)),
    ContributingEquipmentSequence: contributingEquipment(context, source),
    // SR Document Series
    Modality: 'SR',
    SeriesInstanceUID: uid('sr-series'),
    SeriesNumber: seriesNumberBase + (series?.ordinal ?? 0),
    SeriesDescription: `AI ${series === undefined ? '' : `${series.contrast} `}tubers - RESEARCH ONLY`,
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
    ...(replaced.length === 0 ? {} : { PredecessorDocumentsSequence: hierarchical(replaced) }),
    CurrentRequestedProcedureEvidenceSequence: evidenceSequence(tree, parts.flatMap(part => evidence(part, context))),
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
function evidence ({ series, maps }: ReportPart, context: ReportContext): Evidence[] {
  const { studyInstanceUid, seriesInstanceUid } = series
  const sources = new Map(series.slices.map(({ slice }) => [slice.source.sopInstanceUid, slice.source.sopClassUid]))
  return [
    ...Array.from(sources, ([sopInstanceUid, sopClassUid]) =>
      ({ studyInstanceUid, seriesInstanceUid, sopClassUid, sopInstanceUid })),
    ...mapEvidence(series, maps, context),
  ]
}
