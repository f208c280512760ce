import type { SearchLevel } from './archive.ts'

/** One attribute that searches return, and most of them match on. */
export interface SearchableAttribute {
  /** Members of a sequence are written with it: `RequestAttributesSequence.RequestedProcedureID`. */
  readonly keyword: string
  /** eight upper-case hexadecimal digits; of a member twice that, with a dot between */
  readonly tag: string
  readonly vr: 'AS' | 'CS' | 'DA' | 'DS' | 'IS' | 'LO' | 'PN' | 'SH' | 'SQ' | 'TM' | 'UI' | 'US'
  /** Where it is counted from the rows instead of read from a header. */
  readonly counted?: true
  /** Returned without being asked for (PS3.18 Tables 10.6.3-3 to 10.6.3-5); the others when matched or in `includefield`. */
  readonly always?: true
}

const always = true as const

const study: readonly SearchableAttribute[] = [
  { keyword: 'StudyDate', tag: '00080020', vr: 'DA', always },
  { keyword: 'StudyTime', tag: '00080030', vr: 'TM', always },
  { keyword: 'AccessionNumber', tag: '00080050', vr: 'SH', always },
  { keyword: 'ModalitiesInStudy', tag: '00080061', vr: 'CS', counted: true, always },
  { keyword: 'ReferringPhysicianName', tag: '00080090', vr: 'PN', always },
  { keyword: 'TimezoneOffsetFromUTC', tag: '00080201', vr: 'SH', always },
  { keyword: 'StudyDescription', tag: '00081030', vr: 'LO' },
  { keyword: 'PhysiciansOfRecord', tag: '00081048', vr: 'PN' },
  { keyword: 'NameOfPhysiciansReadingStudy', tag: '00081060', vr: 'PN' },
  { keyword: 'AdmittingDiagnosesDescription', tag: '00081080', vr: 'LO' },
  { keyword: 'PatientName', tag: '00100010', vr: 'PN', always },
  { keyword: 'PatientID', tag: '00100020', vr: 'LO', always },
  { keyword: 'IssuerOfPatientID', tag: '00100021', vr: 'LO' },
  { keyword: 'PatientBirthDate', tag: '00100030', vr: 'DA', always },
  { keyword: 'PatientSex', tag: '00100040', vr: 'CS', always },
  { keyword: 'PatientAge', tag: '00101010', vr: 'AS' },
  { keyword: 'PatientSize', tag: '00101020', vr: 'DS' },
  { keyword: 'PatientWeight', tag: '00101030', vr: 'DS' },
  { keyword: 'StudyInstanceUID', tag: '0020000D', vr: 'UI', always },
  { keyword: 'StudyID', tag: '00200010', vr: 'SH', always },
  { keyword: 'NumberOfStudyRelatedSeries', tag: '00201206', vr: 'IS', counted: true, always },
  { keyword: 'NumberOfStudyRelatedInstances', tag: '00201208', vr: 'IS', counted: true, always },
]

const series: readonly SearchableAttribute[] = [
  { keyword: 'SeriesDate', tag: '00080021', vr: 'DA' },
  { keyword: 'SeriesTime', tag: '00080031', vr: 'TM' },
  { keyword: 'Modality', tag: '00080060', vr: 'CS', always },
  { keyword: 'Manufacturer', tag: '00080070', vr: 'LO' },
  { keyword: 'InstitutionName', tag: '00080080', vr: 'LO' },
  { keyword: 'StationName', tag: '00081010', vr: 'SH' },
  { keyword: 'SeriesDescription', tag: '0008103E', vr: 'LO', always },
  { keyword: 'ManufacturerModelName', tag: '00081090', vr: 'LO' },
  { keyword: 'BodyPartExamined', tag: '00180015', vr: 'CS' },
  { keyword: 'ProtocolName', tag: '00181030', vr: 'LO' },
  { keyword: 'PatientPosition', tag: '00185100', vr: 'CS' },
  { keyword: 'SeriesInstanceUID', tag: '0020000E', vr: 'UI', always },
  { keyword: 'SeriesNumber', tag: '00200011', vr: 'IS', always },
  { keyword: 'FrameOfReferenceUID', tag: '00200052', vr: 'UI' },
  { keyword: 'NumberOfSeriesRelatedInstances', tag: '00201209', vr: 'IS', counted: true, always },
  { keyword: 'PerformedProcedureStepStartDate', tag: '00400244', vr: 'DA', always },
  { keyword: 'PerformedProcedureStepStartTime', tag: '00400245', vr: 'TM', always },
  { keyword: 'PerformedProcedureStepDescription', tag: '00400254', vr: 'LO' },
  { keyword: 'RequestAttributesSequence', tag: '00400275', vr: 'SQ', always },
]

const instance: readonly SearchableAttribute[] = [
  { keyword: 'ImageType', tag: '00080008', vr: 'CS' },
  { keyword: 'SOPClassUID', tag: '00080016', vr: 'UI', always },
  { keyword: 'SOPInstanceUID', tag: '00080018', vr: 'UI', always },
  { keyword: 'AcquisitionDate', tag: '00080022', vr: 'DA' },
  { keyword: 'ContentDate', tag: '00080023', vr: 'DA' },
  { keyword: 'AcquisitionTime', tag: '00080032', vr: 'TM' },
  { keyword: 'ContentTime', tag: '00080033', vr: 'TM' },
  { keyword: 'SliceThickness', tag: '00180050', vr: 'DS' },
  { keyword: 'RepetitionTime', tag: '00180080', vr: 'DS' },
  { keyword: 'EchoTime', tag: '00180081', vr: 'DS' },
  { keyword: 'InversionTime', tag: '00180082', vr: 'DS' },
  { keyword: 'AcquisitionNumber', tag: '00200012', vr: 'IS' },
  { keyword: 'InstanceNumber', tag: '00200013', vr: 'IS', always },
  { keyword: 'ImagePositionPatient', tag: '00200032', vr: 'DS' },
  { keyword: 'ImageOrientationPatient', tag: '00200037', vr: 'DS' },
  { keyword: 'NumberOfFrames', tag: '00280008', vr: 'IS', always },
  { keyword: 'Rows', tag: '00280010', vr: 'US', always },
  { keyword: 'Columns', tag: '00280011', vr: 'US', always },
  { keyword: 'PixelSpacing', tag: '00280030', vr: 'DS' },
  { keyword: 'BitsAllocated', tag: '00280100', vr: 'US', always },
]

/** The items of RequestAttributesSequence that PS3.18 Table 10.6.3-4 asks for. */
export const requestAttributes: readonly SearchableAttribute[] = [
  { keyword: 'ScheduledProcedureStepID', tag: '00400009', vr: 'SH' },
  { keyword: 'RequestedProcedureID', tag: '00401001', vr: 'SH' },
]

const requestMembers = requestAttributes.map(({ keyword, tag, vr }): SearchableAttribute =>
  ({ keyword: `RequestAttributesSequence.${keyword}`, tag: `00400275.${tag}`, vr }))

/** What each level adds to the levels above it. */
export const attributesOfLevel: Readonly<Record<SearchLevel, readonly SearchableAttribute[]>> = { study, series, instance }

/** All attributes that a search at this level can return. */
export function searchableAttributes (level: SearchLevel): readonly SearchableAttribute[] {
  if (level === 'study') return study
  return level === 'series' ? [...study, ...series] : [...study, ...series, ...instance]
}

/** All attributes that a search at this level can match, members of sequences among them; no counts and no decimal numbers. */
export function matchableAttributes (level: SearchLevel): readonly SearchableAttribute[] {
  const plain = searchableAttributes(level)
    .filter(({ vr, counted, keyword }) => vr !== 'SQ' && vr !== 'DS' && (counted !== true || keyword === 'ModalitiesInStudy'))
  return level === 'study' ? plain : [...plain, ...requestMembers]
}
