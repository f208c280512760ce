import type { Dataset } from '../dicom/dataset.ts'
import type { Attributes } from '../dicom/attributes.ts'
import type { Instance } from '../dicom/instance.ts'
import { uidFromName } from '../dicom/uid.ts'
import { AppError } from '../errors.ts'
import { codeItem, codes } from './codes.ts'
import { isLegal } from './legal-values.ts'
import type { ReportContext } from './report-context.ts'

/** What every result says first, burned in or as text. */
export const researchOnly = 'RESEARCH USE ONLY - NOT FOR DIAGNOSTIC USE'

/** SOP Common, General Series dates and General Image dates: one moment, the start of the analysis. */
export function moments (context: ReportContext): Dataset {
  const { date, time } = context
  return {
    ...(context.instanceCreation ? { InstanceCreationDate: date, InstanceCreationTime: time } : {}),
    SeriesDate: date,
    SeriesTime: time,
    ContentDate: date,
    ContentTime: time,
  }
}

/** The UID of the device that observed: the model, wherever it runs. */
export function deviceUid (context: ReportContext): string {
  return uidFromName(`device|${context.model.sha256}`)
}

/** General and Enhanced General Equipment (PS3.3 C.7.5.1, C.7.5.2): this program. */
export function equipment (context: ReportContext): Dataset {
  const { manufacturer, modelName, version, stationName } = context.software
  return {
    Manufacturer: longString('Manufacturer', manufacturer),
    StationName: shortString('StationName', stationName),
    ManufacturerModelName: longString('ManufacturerModelName', modelName),
    DeviceSerialNumber: longString('DeviceSerialNumber', stationName),
    SoftwareVersions: longString('SoftwareVersions', version),
  }
}

/** Contributing Equipment Sequence (PS3.3 C.12.1, IHE AIR 6.5.3.1): the model; its values equal the report's observer context. */
export function contributingEquipment (context: ReportContext, source: Instance): Dataset[] {
  return [{
    PurposeOfReferenceCodeSequence: [codeItem(codes.processingEquipment)],
    Manufacturer: longString('Manufacturer', context.software.manufacturer),
    ManufacturerModelName: longString('ManufacturerModelName', context.model.manifest.name),
    SoftwareVersions: longString('SoftwareVersions', context.model.manifest.version),
    DeviceUID: deviceUid(context),
    ContributionDateTime: `${context.date}${context.time}${timezoneOffset(source.attributes) ?? ''}`,
    ContributionDescription: 'Slice classification and visual explanation',
  }]
}

/** TimezoneOffsetFromUTC of the source; it governs every DA and TM of a data set, copied ones too (PS3.3 C.12.1.1.8). */
export function timezoneOffset (attributes: Attributes): string | undefined {
  const offset = attributes.string('TimezoneOffsetFromUTC')
  if (offset === undefined || !/^[+-](0\d|1[0-4])[0-5]\d$/.test(offset) || offset === '-0000') return undefined
  const minutes = (Number(offset.slice(1, 3)) * 60 + Number(offset.slice(3))) * (offset.startsWith('-') ? -1 : 1)
  return minutes >= -720 && minutes <= 840 ? offset : undefined
}

/**
 * Referenced Request Sequence (PS3.3 C.17.2.1) from AccessionNumber and RequestAttributesSequence of the source; empty
 * when it has neither.
 */
export function referencedRequests (source: Instance): Dataset[] {
  const { attributes } = source
  const requests = attributes.items('RequestAttributesSequence')
  if (requests.length === 0 && attributes.string('AccessionNumber') === undefined) return []
  return (requests.length === 0 ? [attributes] : requests).map(request => {
    const value = (name: string, vr: 'LO' | 'SH') => legal(request, name, vr) ?? legal(attributes, name, vr) ?? null
    return {
      StudyInstanceUID: source.studyInstanceUid,
      ReferencedStudySequence: [],
      AccessionNumber: value('AccessionNumber', 'SH'),
      PlacerOrderNumberImagingServiceRequest: value('PlacerOrderNumberImagingServiceRequest', 'LO'),
      FillerOrderNumberImagingServiceRequest: value('FillerOrderNumberImagingServiceRequest', 'LO'),
      RequestedProcedureID: value('RequestedProcedureID', 'SH'),
      RequestedProcedureDescription: value('RequestedProcedureDescription', 'LO'),
      RequestedProcedureCodeSequence: codeItems(request, 'RequestedProcedureCodeSequence'),
    }
  })
}

/** The items of a code sequence that are complete and legal, basic attributes only. */
export function codeItems (attributes: Attributes, name: string): Dataset[] {
  return attributes.items(name).flatMap(entry => {
    const value = legal(entry, 'CodeValue', 'SH')
    const scheme = legal(entry, 'CodingSchemeDesignator', 'SH')
    const meaning = legal(entry, 'CodeMeaning', 'LO')
    if (value === undefined || scheme === undefined || meaning === undefined) return []
    const version = legal(entry, 'CodingSchemeVersion', 'SH')
    return [{
      CodeValue: value,
      CodingSchemeDesignator: scheme,
      ...(version === undefined ? {} : { CodingSchemeVersion: version }),
      CodeMeaning: meaning,
    }]
  })
}

/** @throws AppError `value-not-encodable` when our own identity does not fit: it comes from configuration, not from a patient. */
export function longString (attribute: string, value: string): string {
  return encodable(attribute, value, 'LO')
}

/** @throws AppError `value-not-encodable` */
export function shortString (attribute: string, value: string): string {
  return encodable(attribute, value, 'SH')
}

function encodable (attribute: string, value: string, vr: 'LO' | 'SH'): string {
  if (value !== '' && isLegal(vr, value)) return value
  throw new AppError('value-not-encodable', `${attribute} cannot be written as ${vr}`, { attribute, vr, length: value.length })
}

function legal (attributes: Attributes, name: string, vr: 'LO' | 'SH'): string | undefined {
  const value = attributes.string(name)
  return value !== undefined && isLegal(vr, value) ? value : undefined
}
