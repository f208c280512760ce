import type { Dataset } from '../dicom/dataset.ts'
import type { Attributes } from '../dicom/attributes.ts'
import type { Instance } from '../dicom/instance.ts'
import { codeItems, timezoneOffset } from './common-modules.ts'
import { isLegal } from './legal-values.ts'
import type { CopiedVr } from './legal-values.ts'

/** The Patient and Study modules of a source as every result repeats them, and what could not be repeated. */
export interface SourceHeader { readonly dataset: Dataset, readonly warnings: readonly string[] }

interface Rule {
  readonly name: string
  readonly vr: CopiedVr
  /** The only values allowed. */
  readonly values?: readonly string[]
  /** Archives write 0 for a weight or height that nobody took. */
  readonly positive?: boolean
}

/** Present even if empty (Type 2): Patient, General Study. */
const required: readonly Rule[] = [
  { name: 'PatientID', vr: 'LO' },
  { name: 'PatientBirthDate', vr: 'DA' },
  { name: 'PatientSex', vr: 'CS', values: ['M', 'F', 'O'] },
  { name: 'StudyDate', vr: 'DA' },
  { name: 'StudyTime', vr: 'TM' },
  { name: 'StudyID', vr: 'SH' },
  { name: 'AccessionNumber', vr: 'SH' },
]

/** Copied where the source has a value (Type 3): Patient, General Study, Patient Study. */
const optional: readonly Rule[] = [
  { name: 'IssuerOfPatientID', vr: 'LO' },
  { name: 'StudyDescription', vr: 'LO' },
  { name: 'PatientAge', vr: 'AS' },
  { name: 'PatientSize', vr: 'DS', positive: true },
  { name: 'PatientWeight', vr: 'DS', positive: true },
  { name: 'LongitudinalTemporalInformationModified', vr: 'CS', values: ['UNMODIFIED', 'MODIFIED', 'REMOVED'] },
]

/**
 * Copies what identifies patient and study. Text arrives without padding; a value that its VR or its list of values does
 * not allow becomes empty and is a warning (the attribute's name, never its value).
 */
export function sourceHeader (source: Instance): SourceHeader {
  const warnings: string[] = []
  const { attributes } = source
  const copy = (rule: Rule) => copied(attributes, rule, warnings)
  const dataset: Dataset = {
    SpecificCharacterSet: 'ISO_IR 192',
    ...timezone(attributes, warnings),
    PatientName: personName(attributes, 'PatientName', warnings),
    StudyInstanceUID: source.studyInstanceUid,
    ReferringPhysicianName: personName(attributes, 'ReferringPhysicianName', warnings),
  }
  for (const rule of required) dataset[rule.name] = copy(rule) ?? null
  for (const rule of optional) {
    const value = copy(rule)
    if (value !== undefined) dataset[rule.name] = value
  }
  const pregnancy = attributes.number('PregnancyStatus')
  if (pregnancy !== undefined && [1, 2, 3, 4].includes(pregnancy)) dataset['PregnancyStatus'] = pregnancy
  Object.assign(dataset, deidentification(attributes, warnings), clinicalTrial(attributes, warnings))
  return { dataset, warnings }
}

function copied (attributes: Attributes, rule: Rule, warnings: string[]): string | undefined {
  const value = attributes.string(rule.name)
  if (value === undefined) {
    // the reader gives nothing for bytes that break the VR; padding alone is simply empty
    const bytes = attributes.bytes(rule.name)
    if (bytes?.some(byte => byte !== 0x20 && byte !== 0) === true) warnings.push(notCopied(rule.name))
    return undefined
  }
  const allowed = (rule.values?.includes(value) ?? true) && (rule.positive !== true || Number(value) > 0)
  if (allowed && isLegal(rule.vr, value)) return value
  warnings.push(notCopied(rule.name))
  return undefined
}

function notCopied (name: string): string {
  return `${name} of the source is not a legal value and was left empty`
}

function personName (attributes: Attributes, name: string, warnings: string[]): Dataset[string] {
  const value = attributes.personName(name)
  if (value === undefined) return null
  const { alphabetic, ideographic, phonetic } = value
  if (![alphabetic, ideographic, phonetic].every(group => isLegal('PN', group))) {
    warnings.push(notCopied(name))
    return null
  }
  if (alphabetic === '' && ideographic === '' && phonetic === '') return null
  return {
    Alphabetic: alphabetic,
    ...(ideographic === '' ? {} : { Ideographic: ideographic }),
    ...(phonetic === '' ? {} : { Phonetic: phonetic }),
  }
}

function timezone (attributes: Attributes, warnings: string[]): Dataset {
  const offset = timezoneOffset(attributes)
  if (offset !== undefined) return { TimezoneOffsetFromUTC: offset }
  if (attributes.string('TimezoneOffsetFromUTC') !== undefined) warnings.push('TimezoneOffsetFromUTC of the source is not legal and was left out')
  return {}
}

/** PS3.3 C.7.1.1: a removed identity is legal only with the method, as text or as codes. */
function deidentification (attributes: Attributes, warnings: string[]): Dataset {
  const removed = attributes.string('PatientIdentityRemoved')
  if (removed === 'NO') return { PatientIdentityRemoved: 'NO' }
  if (removed !== 'YES') return {}
  const method = attributes.strings('DeidentificationMethod').filter(value => value !== '' && isLegal('LO', value))
  const methodCodes = codeItems(attributes, 'DeidentificationMethodCodeSequence')
  if (method.length === 0 && methodCodes.length === 0) {
    warnings.push('PatientIdentityRemoved of the source names no method and was left out')
    return {}
  }
  return {
    PatientIdentityRemoved: 'YES',
    ...(method.length === 0 ? {} : { DeidentificationMethod: method }),
    ...(methodCodes.length === 0 ? {} : { DeidentificationMethodCodeSequence: methodCodes }),
  }
}

/** Clinical Trial Subject and Study (PS3.3 C.7.1.3, C.7.2.3): all that the modules require, or nothing. */
function clinicalTrial (attributes: Attributes, warnings: string[]): Dataset {
  const copy = (name: string) => copied(attributes, { name, vr: 'LO' }, warnings)
  const sponsor = copy('ClinicalTrialSponsorName')
  const protocol = copy('ClinicalTrialProtocolID')
  const subject = copy('ClinicalTrialSubjectID')
  const reading = copy('ClinicalTrialSubjectReadingID')
  if (sponsor === undefined || protocol === undefined || (subject === undefined && reading === undefined)) {
    if ([sponsor, protocol, subject, reading].some(value => value !== undefined)) {
      warnings.push('the clinical trial of the source is incomplete and was left out')
    }
    return {}
  }
  const timePoint = copy('ClinicalTrialTimePointID')
  return {
    ClinicalTrialSponsorName: sponsor,
    ClinicalTrialProtocolID: protocol,
    ClinicalTrialProtocolName: copy('ClinicalTrialProtocolName') ?? null,
    ClinicalTrialSiteID: copy('ClinicalTrialSiteID') ?? null,
    ClinicalTrialSiteName: copy('ClinicalTrialSiteName') ?? null,
    ...(subject === undefined ? {} : { ClinicalTrialSubjectID: subject }),
    ...(reading === undefined ? {} : { ClinicalTrialSubjectReadingID: reading }),
    ...(timePoint === undefined ? {} : { ClinicalTrialTimePointID: timePoint }),
  }
}
