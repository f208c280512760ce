import type { SearchLevel } from './archive.ts'

/** One attribute that searches return, and most of them match on. */
export interface SearchableAttribute {
  readonly keyword: string
  /** eight upper-case hexadecimal digits */
  readonly tag: string
  readonly vr: 'AS' | 'CS' | 'DA' | 'DS' | 'IS' | 'LO' | 'PN' | 'SH' | 'SQ' | 'TM' | 'UI' | 'US'
  /** Where it is counted from the rows instead of read from a header. */
  readonly counted?: true
}

const study: readonly SearchableAttribute[] = [
  { keyword: 'StudyDate', tag: '00080020', vr: 'DA' },
  { keyword: 'StudyTime', tag: '00080030', vr: 'TM' },
  { keyword: 'AccessionNumber', tag: '00080050', vr: 'SH' },
  { keyword: 'ModalitiesInStudy', tag: '00080061', vr: 'CS', counted: true },
  { keyword: 'ReferringPhysicianName', tag: '00080090', vr: 'PN' },
  { keyword: 'TimezoneOffsetFromUTC', tag: '00080201', vr: 'SH' },
  { keyword: 'StudyDescription', tag: '00081030', vr: 'LO' },
  { keyword: 'PatientName', tag: '00100010', vr: 'PN' },
  { keyword: 'PatientID', tag: '00100020', vr: 'LO' },
  { keyword: 'PatientBirthDate', tag: '00100030', vr: 'DA' },
  { keyword: 'PatientSex', tag: '00100040', vr: 'CS' },
  { keyword: 'StudyInstanceUID', tag: '0020000D', vr: 'UI' },
  { keyword: 'StudyID', tag: '00200010', vr: 'SH' },
  { keyword: 'NumberOfStudyRelatedSeries', tag: '00201206', vr: 'IS', counted: true },
  { keyword: 'NumberOfStudyRelatedInstances', tag: '00201208', vr: 'IS', counted: true },
]

const series: readonly SearchableAttribute[] = [
  { keyword: 'Modality', tag: '00080060', vr: 'CS' },
  { keyword: 'SeriesDescription', tag: '0008103E', vr: 'LO' },
  { keyword: 'BodyPartExamined', tag: '00180015', vr: 'CS' },
  { keyword: 'SeriesInstanceUID', tag: '0020000E', vr: 'UI' },
  { keyword: 'SeriesNumber', tag: '00200011', vr: 'IS' },
  { keyword: 'NumberOfSeriesRelatedInstances', tag: '00201209', vr: 'IS', counted: true },
  { keyword: 'PerformedProcedureStepStartDate', tag: '00400244', vr: 'DA' },
  { keyword: 'PerformedProcedureStepStartTime', tag: '00400245', vr: 'TM' },
  { keyword: 'RequestAttributesSequence', tag: '00400275', vr: 'SQ' },
]

const instance: readonly SearchableAttribute[] = [
  { keyword: 'SOPClassUID', tag: '00080016', vr: 'UI' },
  { keyword: 'SOPInstanceUID', tag: '00080018', vr: 'UI' },
  { keyword: 'InstanceNumber', tag: '00200013', vr: 'IS' },
  { keyword: 'NumberOfFrames', tag: '00280008', vr: 'IS' },
  { keyword: 'Rows', tag: '00280010', vr: 'US' },
  { keyword: 'Columns', tag: '00280011', vr: 'US' },
  { keyword: 'BitsAllocated', tag: '00280100', vr: 'US' },
]

/** The items of RequestAttributesSequence that PS3.18 Table 10.6.3-4 asks for. */
export const requestAttributes: readonly SearchableAttribute[] = [
  { keyword: 'ScheduledProcedureStepID', tag: '00400009', vr: 'SH' },
  { keyword: 'RequestedProcedureID', tag: '00401001', vr: 'SH' },
]

/** What each level adds to the levels above it (PS3.18 Tables 10.6.3-3 to 10.6.3-5). */
export const attributesOfLevel: Readonly<Record<SearchLevel, readonly SearchableAttribute[]>> = { study, series, instance }

/** All attributes that a search at this level returns and may be asked to match; sequences and NumberOf… cannot be matched. */
export function searchableAttributes (level: SearchLevel): readonly SearchableAttribute[] {
  if (level === 'study') return study
  return level === 'series' ? [...study, ...series] : [...study, ...series, ...instance]
}
