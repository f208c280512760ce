import type { Dataset } from '../dicom/dataset.ts'
import type { Slice } from '../dicom/slice.ts'
import { codes } from './codes.ts'
import { contributingEquipment, equipment, moments, referencedRequests, researchOnly } from './common-modules.ts'
import { code, image, rootContainer, text } from './content-items.ts'
import { evidenceSequence } from './evidence.ts'
import type { Evidence } from './evidence.ts'
import { observerContext } from './measurement-report.ts'
import type { ReportContext } from './report-context.ts'
import { resultSeries, sliceLabel, sourceReference } from './result-series.ts'
import type { ResultSeries } from './result-series.ts'
import { runKey, seriesIdentity, studyReportUid } from './result-uids.ts'
import { thresholdText } from './sentences.ts'
import type { StudyFindings } from './series-findings.ts'
import { sourceHeader } from './source-header.ts'
import { evidenceOf, isPicture, storedMaps } from './stored-maps.ts'
import type { StoredMap } from './stored-maps.ts'

export const keyObjectSelectionClassUid = '1.2.840.10008.5.1.4.1.1.88.59'

interface KeySlice { readonly slice: Slice, readonly results: ResultSeries, readonly maps: readonly StoredMap[] }

/**
 * The positive slices of a study and their heatmaps, by series and in source order: TID 2010 "Key Object Selection" (PS3.16).
 * `undefined` where no slice is positive: a selection of nothing is not one (Current Requested Procedure Evidence is Type 1).
 */
export function buildKeyObjectSelection (study: StudyFindings, context: ReportContext): Dataset | undefined {
  const slices = positiveSlices(study, context)
  const source = slices[0]?.slice.source
  if (source === undefined) return undefined
  const tree = keyObjects(slices, context)
  const requests = referencedRequests(source)
  const key = runKey(study, context)
  return {
    // SOP Common
    ...sourceHeader(source).dataset,
    SOPClassUID: keyObjectSelectionClassUid,
    SOPInstanceUID: studyReportUid('key-objects', source.studyInstanceUid, key),
    ...moments(context),
    ContributingEquipmentSequence: contributingEquipment(context, source),
    // Key Object Document Series
    Modality: 'KO',
    SeriesInstanceUID: studyReportUid('key-objects-series', source.studyInstanceUid, key),
    SeriesNumber: 9001,
    SeriesDescription: 'AI positive slices - RESEARCH ONLY',
    ReferencedPerformedProcedureStepSequence: [],
    // Equipment
    ...equipment(context),
    // Key Object Document
    InstanceNumber: 1,
    ...(requests.length === 0 ? {} : { ReferencedRequestSequence: requests }),
    CurrentRequestedProcedureEvidenceSequence: evidenceSequence(tree, slices.flatMap(evidenceOfSlice)),
    // SR Document Content
    ...tree,
  }
}

function positiveSlices ({ series }: StudyFindings, context: ReportContext): KeySlice[] {
  const { threshold } = context.model.manifest.output
  return series.flatMap(one => {
    const results = resultSeries(seriesIdentity(one), context)
    const maps = storedMaps(one, results, context)
    return one.slices.filter(({ finding }) => finding.kind === 'classified' && finding.probability >= threshold)
      .map(result => ({ slice: result.slice, results, maps: (maps.get(result) ?? []).filter(isPicture) }))
  })
}

/** IMAGE items have no concept name here (TID 2010 row 8). */
function keyObjects (slices: readonly KeySlice[], context: ReportContext): Dataset {
  const { manifest } = context.model
  const description = `${researchOnly}. Slices at or above the threshold ${thresholdText(manifest.output.threshold)} and their heatmaps, ` +
    `by ${manifest.name} ${manifest.version}: ${slices.map(({ slice, results }) => sliceLabel(slice, results)).join(', ')}`
  return rootContainer(codes.ofInterest, [
    code('HAS CONCEPT MOD', codes.language, codes.english),
    ...observerContext(context),
    text('CONTAINS', codes.keyObjectDescription, description),
    ...slices.flatMap(({ slice, maps }) => [
      image('CONTAINS', null, sourceReference(slice)),
      ...maps.map(map => image('CONTAINS', null, map)),
    ]),
  ], '2010')
}

function evidenceOfSlice ({ slice, maps }: KeySlice): Evidence[] {
  const { studyInstanceUid, seriesInstanceUid, sopClassUid, sopInstanceUid } = slice.source
  return [
    { studyInstanceUid, seriesInstanceUid, sopClassUid, sopInstanceUid },
    ...maps.map(map => evidenceOf(map, studyInstanceUid)),
  ]
}
