import type { Dataset } from '../dicom/dataset.ts'
import { uidFromName } from '../dicom/uid.ts'

/** A coded concept: code value, coding scheme designator, code meaning (PS3.3 8). */
export interface Code { readonly value: string, readonly scheme: string, readonly meaning: string }

/**
 * The private scheme: no code for a cortical tuber could be verified in PS3.16, SNOMED CT or RadLex, and the disease
 * (7199000,SCT) is not a finding. When a terminologist confirms one, `codes.tuber` is the one line to change.
 */
export const privateScheme = {
  designator: '99TSCAI',
  uid: uidFromName('coding-scheme|99TSCAI'),
  name: 'Tuberlens private codes',
} as const

const dcm = (value: string, meaning: string): Code => ({ value, scheme: 'DCM', meaning })
const sct = (value: string, meaning: string): Code => ({ value, scheme: 'SCT', meaning })

/** Every concept that a result object holds. DCM: PS3.16 annex D. */
export const codes = {
  tuber: { value: 'TSC-TUBER', scheme: privateScheme.designator, meaning: 'Tuber of tuberous sclerosis complex' },

  // TID 1500, 1501, 1600 (PS3.16): document structure
  imagingMeasurementReport: dcm('126000', 'Imaging Measurement Report'),
  imagingMeasurements: dcm('126010', 'Imaging Measurements'),
  measurementGroup: dcm('125007', 'Measurement Group'),
  qualitativeEvaluations: { value: 'C0034375', scheme: 'UMLS', meaning: 'Qualitative Evaluations' },
  imageLibrary: dcm('111028', 'Image Library'),
  imageLibraryGroup: dcm('126200', 'Image Library Group'),

  // TID 1204, 1001, 1004: language, observer, procedure
  language: dcm('121049', 'Language of Content Item and Descendants'),
  english: { value: 'en', scheme: 'RFC5646', meaning: 'English' },
  observerType: dcm('121005', 'Observer Type'),
  device: dcm('121007', 'Device'),
  deviceObserverUid: dcm('121012', 'Device Observer UID'),
  deviceObserverName: dcm('121013', 'Device Observer Name'),
  deviceObserverManufacturer: dcm('121014', 'Device Observer Manufacturer'),
  deviceObserverModelName: dcm('121015', 'Device Observer Model Name'),
  procedureReported: dcm('121058', 'Procedure reported'),
  /** CID 100 */
  mriUnspecifiedBodyRegion: { value: '25056-3', scheme: 'LN', meaning: 'MRI unspecified body region' },

  // TID 4019: algorithm identification
  algorithmFamily: dcm('111000', 'Algorithm Family'),
  algorithmName: dcm('111001', 'Algorithm Name'),
  algorithmParameters: dcm('111002', 'Algorithm Parameters'),
  algorithmVersion: dcm('111003', 'Algorithm Version'),
  /** CID 7162 */
  artificialIntelligence: dcm('123110', 'Artificial Intelligence'),

  // texts
  conclusion: dcm('121077', 'Conclusion'),
  summary: dcm('121111', 'Summary'),
  comment: dcm('121106', 'Comment'),

  // measurement groups
  trackingIdentifier: dcm('112039', 'Tracking Identifier'),
  trackingUniqueIdentifier: dcm('112040', 'Tracking Unique Identifier'),
  findingCategory: sct('276214006', 'Finding category'),
  morphologicallyAbnormalStructure: sct('49755003', 'Morphologically Abnormal Structure'),
  finding: dcm('121071', 'Finding'),
  probability: dcm('122157', 'Probability'),
  percent: { value: '%', scheme: 'UCUM', meaning: 'Percent' },
  /** CID 42: why a NUM has no value */
  measurementFailure: dcm('114006', 'Measurement failure'),
  sourceOfMeasurement: dcm('121112', 'Source of Measurement'),
  present: sct('52101004', 'Present'),
  absent: sct('272519000', 'Absent'),
  undetermined: sct('373068000', 'Undetermined'),

  // image library
  modality: dcm('121139', 'Modality'),
  magneticResonance: dcm('MR', 'Magnetic Resonance'),
  targetRegion: dcm('123014', 'Target Region'),
  /** CID 4031 */
  head: sct('69536005', 'Head'),
  frameOfReferenceUid: dcm('112227', 'Frame of Reference UID'),
  source: sct('260753009', 'Source'),

  // parametric maps
  brain: sct('12738006', 'Brain'),
  quantity: sct('246205007', 'Quantity'),
  noUnits: { value: '1', scheme: 'UCUM', meaning: 'no units' },

  // CID 217: visual explanation
  gradCam: dcm('130403', 'Gradient-weighted class activation'),
  saliency: dcm('130404', 'Saliency'),
  evidenceMap: { value: 'EVIDENCE-MAP', scheme: privateScheme.designator, meaning: 'Evidence map' },

  // TID 2010 (PS3.16): key objects
  /** CID 7010 */
  ofInterest: dcm('113000', 'Of Interest'),
  keyObjectDescription: dcm('113012', 'Key Object Description'),

  /** CID 7000: title of a document */
  mriHeadReport: { value: '11541-0', scheme: 'LN', meaning: 'MRI Head Report' },

  // purposes of reference
  processingEquipment: dcm('109102', 'Processing Equipment'),
  sourceImage: dcm('121322', 'Source image for image processing operation'),
} as const satisfies Record<string, Code>

/** A code sequence item (PS3.3 8.8). */
export function codeItem (code: Code): Dataset {
  return { CodeValue: code.value, CodingSchemeDesignator: code.scheme, CodeMeaning: code.meaning }
}

/** Coding Scheme Identification Sequence (PS3.3 C.12.1.1.11) for the private scheme. */
export function codingSchemes (organization: string): Dataset[] {
  return [{
    CodingSchemeDesignator: privateScheme.designator,
    CodingSchemeUID: privateScheme.uid,
    CodingSchemeName: privateScheme.name,
    CodingSchemeResponsibleOrganization: organization,
  }]
}
