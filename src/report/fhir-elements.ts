import type { Attributes } from '../dicom/attributes.ts'
import { uidFromName } from '../dicom/uid.ts'
import { timezoneOffset } from './common-modules.ts'
import { privateScheme } from './codes.ts'
import type { Code } from './codes.ts'

/** A JSON object of FHIR R4. */
export type FhirElement = Readonly<Record<string, unknown>>

/** URIs of coding schemes: as FHIR names them, else the UID of the scheme. */
const systems: Readonly<Record<string, string>> = {
  DCM: 'http://dicom.nema.org/resources/ontology/DCM',
  SCT: 'http://snomed.info/sct',
  LN: 'http://loinc.org',
  UCUM: 'http://unitsofmeasure.org',
  [privateScheme.designator]: `urn:oid:${privateScheme.uid}`,
}

/** Coding: a code of a scheme without a URI keeps its value and meaning alone. */
export function coding ({ value, scheme, meaning }: Code): FhirElement {
  const system = systems[scheme]
  return { ...(system !== undefined && { system }), code: value, display: meaning }
}

/** CodeableConcept. */
export function concept (...codes: readonly Code[]): FhirElement { return { coding: codes.map(coding) } }

/** Identifier of a DICOM object (R4 ImagingStudy: system urn:dicom:uid, value an OID as URI). */
export function uidIdentifier (uid: string): FhirElement { return { system: 'urn:dicom:uid', value: `urn:oid:${uid}` } }

/** The URN of a resource in a Bundle: the version-5 UUID of a name, the same on every machine. */
export function resourceUrl (name: string): string {
  const hex = BigInt(uidFromName(`fhir|${name}`).slice('2.25.'.length)).toString(16).padStart(32, '0')
  return `urn:uuid:${hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')}`
}

/**
 * A DA and a TM as dateTime: with the time only where a whole one and the time zone are known, as FHIR has no time without zone.
 * `undefined` where there is no date.
 */
export function dateTime (attributes: Attributes, date: string, time: string): string | undefined {
  const [, year, month, day] = /^(\d{4})(\d{2})(\d{2})$/.exec(attributes.string(date) ?? '') ?? []
  if (day === undefined) return undefined
  return instant(attributes, date, time) ?? `${year}-${month}-${day}`
}

/** The same as instant; `undefined` where the time or its zone is not known. */
export function instant (attributes: Attributes, date: string, time: string): string | undefined {
  const [, year, month, day] = /^(\d{4})(\d{2})(\d{2})$/.exec(attributes.string(date) ?? '') ?? []
  const [, hours, minutes, seconds] = /^(\d{2})(\d{2})(\d{2})(?:\.\d+)?$/.exec(attributes.string(time) ?? '') ?? []
  const offset = timezoneOffset(attributes)
  if (day === undefined || seconds === undefined || offset === undefined) return undefined
  return `${year}-${month}-${day}T${hours}:${minutes}:${seconds}${offset.slice(0, 3)}:${offset.slice(3)}`
}
