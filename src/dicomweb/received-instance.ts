import type { Instance } from '../dicom/instance.ts'
import type { Uid } from '../dicom/uid.ts'
import type { AppError, ErrorCode } from '../errors.ts'
import type { FailureReason } from './store-response.ts'

/** FailureReason of each error that reading, decoding or keeping an instance may end in; what is not listed is 0110. */
const reasonOfCode: Partial<Readonly<Record<ErrorCode, FailureReason>>> = {
  'not-dicom': 'cannot-understand',
  'dicom-truncated': 'cannot-understand',
  'dicom-malformed': 'cannot-understand',
  'pixel-data-missing': 'cannot-understand',
  'pixel-data-invalid': 'cannot-understand',
  'request-malformed': 'cannot-understand',
  'dicom-invalid-value': 'wrong-sop-class',
  'uid-invalid': 'wrong-sop-class',
  'transfer-syntax-unsupported': 'transfer-syntax',
  'instance-too-large': 'too-large',
  'out-of-resources': 'out-of-resources',
}

/** The FailureReason that tells a sender what an error means for its instance. */
export function failureOf (error: AppError): FailureReason {
  return reasonOfCode[error.code] ?? 'processing-failure'
}

interface Finding { readonly reason: FailureReason, readonly comment: string }

/**
 * What is wrong with an instance that could be read: it is no file of PS3.10, File Meta Information contradicts the data
 * set, or it belongs to another study than the request says.
 */
export function checkReceived (instance: Instance, study: Uid | undefined): Finding | undefined {
  const { fileMeta } = instance
  if (fileMeta === undefined) return { reason: 'cannot-understand', comment: 'not a DICOM file' }
  const metaClass = fileMeta.string('MediaStorageSOPClassUID')
  const metaInstance = fileMeta.string('MediaStorageSOPInstanceUID')
  if (metaInstance !== undefined && metaInstance !== instance.sopInstanceUid) {
    return { reason: 'wrong-sop-class', comment: 'MediaStorageSOPInstanceUID differs from SOPInstanceUID' }
  }
  if (metaClass !== undefined && metaClass !== instance.sopClassUid) {
    return { reason: 'wrong-sop-class', comment: 'MediaStorageSOPClassUID differs from SOPClassUID' }
  }
  if (study !== undefined && instance.studyInstanceUid !== study) {
    return { reason: 'wrong-study', comment: 'StudyInstanceUID is not the study of the request' }
  }
  return undefined
}

/** Numbers that selection and geometry read: nothing breaks without them, but the sender should know (WarningReason B007). */
const nonVitalNumbers: readonly string[] = ['RepetitionTime', 'EchoTime', 'InversionTime', 'FlipAngle', 'SliceThickness',
  'ImagePositionPatient', 'ImageOrientationPatient', 'PixelSpacing', 'RescaleSlope', 'RescaleIntercept', 'WindowCenter', 'WindowWidth']

/** Whether an attribute that should hold numbers holds something else. */
export function hasInvalidNumber ({ attributes }: Instance): boolean {
  return nonVitalNumbers.some(name => attributes.strings(name).length > 0 && attributes.numbers(name).length === 0)
}
