import type { Attributes } from '../dicom/attributes.ts'
import { AppError } from '../errors.ts'
import type { Conclusion } from '../model/finding.ts'
import { codes } from './codes.ts'
import { researchOnly } from './common-modules.ts'
import { concept, dateTime, instant, resourceUrl, uidIdentifier } from './fhir-elements.ts'
import type { FhirElement } from './fhir-elements.ts'
import { reference, seriesObservations, studyObservation } from './fhir-observations.ts'
import type { FhirEntry } from './fhir-observations.ts'
import { readReportedSeries } from './fhir-report-reader.ts'
import type { ReportedSeries } from './fhir-report-reader.ts'

/**
 * The Structured Reports of one study as FHIR R4: a Bundle of one DiagnosticReport, its Observations (study, series, slices) and the
 * Device that made them. Read from the reports as they are stored, so that both say the same; the same reports give the same JSON.
 * The patient is named by PatientID alone.
 * @param conclusion of the study
 * @throws AppError `no-eligible-series` without reports
 */
export function fhirBundle (reports: readonly Attributes[], conclusion: Conclusion): FhirElement {
  const series = reports.map(readReportedSeries)
  const [first] = series
  if (first === undefined) throw new AppError('no-eligible-series', 'a study without reports has nothing to tell')
  const { attributes } = first
  const studyInstanceUid = attributes.string('StudyInstanceUID') ?? ''
  const device = deviceEntry(first)
  const { status, context } = sharedElements(attributes)
  const common = { status, ...context, device: reference(device), derivedFrom: [imagingStudy(studyInstanceUid)] }
  const observations = series.map(one => seriesObservations(one, common))
  const whole = studyObservation(studyInstanceUid, conclusion, observations.map(([one]) => one), common)
  const uids = series.flatMap(one => one.attributes.string('SOPInstanceUID') ?? [])
  const report: FhirEntry = {
    fullUrl: resourceUrl(`diagnostic report|${uids.join('|')}`),
    resource: {
      resourceType: 'DiagnosticReport',
      identifier: uids.map(uidIdentifier),
      status,
      category: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0074', code: 'RAD', display: 'Radiology' }] }],
      code: concept(codes.imagingMeasurementReport),
      ...context,
      ...orders(attributes),
      ...optional('issued', instant(attributes, 'ContentDate', 'ContentTime')),
      imagingStudy: [imagingStudy(studyInstanceUid)],
      result: [whole, ...observations.map(([one]) => one)].map(reference),
      conclusion: [`${researchOnly}.`, first.conclusion].join(' ').trim(),
    },
  }
  return {
    resourceType: 'Bundle',
    identifier: { system: 'urn:ietf:rfc:3986', value: resourceUrl(`bundle|${uids.join('|')}`) },
    type: 'collection',
    ...optional('timestamp', instant(attributes, 'ContentDate', 'ContentTime')),
    entry: [report, whole, ...observations.flat(), device],
  }
}

/** Status, patient and time, which report and observations have in common. A report that nobody verified is preliminary. */
function sharedElements (attributes: Attributes): { readonly status: string, readonly context: FhirElement } {
  const verified = attributes.string('VerificationFlag') === 'VERIFIED' && attributes.string('PreliminaryFlag') !== 'PRELIMINARY'
  const patient = attributes.string('PatientID')
  const issuer = attributes.string('IssuerOfPatientID')
  return {
    status: verified ? 'final' : 'preliminary',
    context: {
      ...(patient !== undefined && {
        subject: {
          type: 'Patient', identifier: { value: patient, ...(issuer !== undefined && { assigner: { display: issuer } }) },
        },
      }),
      ...optional('effectiveDateTime', dateTime(attributes, 'StudyDate', 'StudyTime')),
    },
  }
}

/** The order, by AccessionNumber (HL7 v2 table 0203: ACSN). */
function orders (attributes: Attributes): FhirElement {
  const accession = attributes.string('AccessionNumber')
  if (accession === undefined) return {}
  const type = { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'ACSN', display: 'Accession ID' }] }
  return { basedOn: [{ type: 'ServiceRequest', identifier: { type, value: accession } }] }
}

function imagingStudy (uid: string): FhirElement { return { type: 'ImagingStudy', identifier: uidIdentifier(uid) } }

/** The model, wherever it runs. */
function deviceEntry ({ observer: { uid, manufacturer, name, version }, parameters }: ReportedSeries): FhirEntry {
  return {
    fullUrl: resourceUrl(`device|${uid}|${parameters.join('|')}`),
    resource: {
      resourceType: 'Device',
      identifier: [uidIdentifier(uid)],
      ...optional('manufacturer', manufacturer),
      ...(name !== '' && { deviceName: [{ name, type: 'model-name' }] }),
      type: concept(codes.artificialIntelligence),
      ...(version !== '' && { version: [{ value: version }] }),
      note: [researchOnly, ...parameters].map(text => ({ text })),
    },
  }
}

/** An element that is left out where there is nothing to say. */
function optional (name: string, value: string | undefined): FhirElement {
  return value === undefined || value === '' ? {} : { [name]: value }
}
