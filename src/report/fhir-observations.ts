import type { Conclusion } from '../model/finding.ts'
import { codes } from './codes.ts'
import type { Code } from './codes.ts'
import { coding, concept, resourceUrl, uidIdentifier } from './fhir-elements.ts'
import type { FhirElement } from './fhir-elements.ts'
import type { ReportedSeries, ReportedSlice } from './fhir-report-reader.ts'

/** An entry of a Bundle (R4). */
export interface FhirEntry { readonly fullUrl: string, readonly resource: FhirElement }

const dataAbsentReason = 'http://terminology.hl7.org/CodeSystem/data-absent-reason'
const categories = 'http://terminology.hl7.org/CodeSystem/observation-category'

/** The result of the whole study. @param common what all observations share */
export function studyObservation (
  studyInstanceUid: string, conclusion: Conclusion, members: readonly FhirEntry[], common: FhirElement,
): FhirEntry {
  return {
    fullUrl: resourceUrl(`study observation|${members.map(({ fullUrl }) => fullUrl).join('|')}|${studyInstanceUid}`),
    resource: { ...observation(conclusion, common), hasMember: members.map(reference) },
  }
}

/** The result of one series, then one observation a slice, in the order of the report. */
export function seriesObservations (series: ReportedSeries, common: FhirElement): [series: FhirEntry, ...slices: FhirEntry[]] {
  const sop = series.attributes.string('SOPInstanceUID') ?? ''
  const slices = series.slices.map(slice => sliceObservation(slice, sop, common))
  const notes = [series.summary, ...series.comments].filter(text => text !== '')
  return [{
    fullUrl: resourceUrl(`series observation|${sop}`),
    resource: {
      ...observation(series.result, common),
      ...(notes.length > 0 && { note: notes.map(text => ({ text })) }),
      hasMember: slices.map(reference),
    },
  }, ...slices]
}

/** One slice: its result, its probability, the image and the maps. */
function sliceObservation (slice: ReportedSlice, sop: string, common: FhirElement): FhirEntry {
  const { label, trackingUid, result, probability, comments, images } = slice
  const notes = [label, ...comments].filter(text => text !== '')
  return {
    fullUrl: resourceUrl(`slice observation|${sop}|${trackingUid}`),
    resource: {
      ...observation(result, common, probability === undefined ? 'error' : 'unknown'),
      ...(trackingUid !== '' && { identifier: [uidIdentifier(trackingUid)] }),
      ...(notes.length > 0 && { note: notes.map(text => ({ text })) }),
      component: [
        {
          code: concept(codes.probability),
          ...(probability === undefined
            ? { dataAbsentReason: absentReason('error', codes.measurementFailure) }
            : { valueQuantity: { value: probability, unit: '%', system: 'http://unitsofmeasure.org', code: '%' } }),
        },
        ...images.map(({ purpose, sopInstanceUid, frameNumber }) => ({
          code: concept(purpose),
          valueString: `urn:oid:${sopInstanceUid}${frameNumber === undefined ? '' : ` frame ${frameNumber}`}`,
        })),
      ],
    },
  }
}

/** Present or absent is a value; undetermined is the reason why there is none (R4 obs-6: never both). */
function observation (result: Conclusion, common: FhirElement, absent: 'unknown' | 'error' = 'unknown'): FhirElement {
  return {
    resourceType: 'Observation',
    ...common,
    category: [{ coding: [{ system: categories, code: 'imaging', display: 'Imaging' }] }],
    code: concept(codes.tuber),
    ...(result === 'undetermined'
      ? { dataAbsentReason: absentReason(absent, codes.undetermined) }
      : { valueCodeableConcept: concept(codes[result]) }),
    bodySite: concept(codes.head),
    method: concept(codes.artificialIntelligence),
  }
}

function absentReason (reason: 'unknown' | 'error', code: Code): FhirElement {
  const display = { unknown: 'Unknown', error: 'Error' }[reason]
  return { coding: [{ system: dataAbsentReason, code: reason, display }, coding(code)] }
}

/** To a resource of the same Bundle. */
export function reference ({ fullUrl }: FhirEntry): FhirElement { return { reference: fullUrl } }
