import type { JsonDataset } from './json-model.ts'

/**
 * Why an instance was not stored: FailureReason (0008,1197) of PS3.18 Annex I and PS3.7 Annex C, and the text that goes
 * into the Warning header. `out-of-resources`, `cannot-understand` decide the HTTP status when nothing was stored.
 */
export const failureReasons = {
  'out-of-resources': { code: 0xa700, text: 'out of resources', group: 'resources' },
  'too-large': { code: 0xa701, text: 'instance exceeds a size limit', group: 'other' },
  'wrong-sop-class': { code: 0xa900, text: 'data set does not match SOP class', group: 'other' },
  'wrong-study': { code: 0xa901, text: 'study of the data set is not the study of the request', group: 'other' },
  'cannot-understand': { code: 0xc000, text: 'cannot understand', group: 'unreadable' },
  'wrong-part-type': { code: 0xc001, text: 'part is not application/dicom', group: 'unreadable' },
  'part-cut': { code: 0xc002, text: 'last part has no closing delimiter', group: 'unreadable' },
  'transfer-syntax': { code: 0xc122, text: 'referenced transfer syntax not supported', group: 'other' },
  duplicate: { code: 0x0111, text: 'duplicate SOP instance', group: 'other' },
  'sop-class-refused': { code: 0x0122, text: 'SOP class not supported', group: 'other' },
  'processing-failure': { code: 0x0110, text: 'processing failure', group: 'other' },
} as const satisfies Record<string, { code: number, text: string, group: 'resources' | 'unreadable' | 'other' }>

export type FailureReason = keyof typeof failureReasons

/** WarningReason (0008,1196), PS3.18 Annex I. */
export const warningReasons = {
  coerced: { code: 0xb000, text: 'coercion of data elements' },
  'value-mismatch': { code: 0xb007, text: 'data set does not match SOP class' },
} as const

export type WarningReason = keyof typeof warningReasons

/** What became of one part of a store request. */
export type PartOutcome =
  | {
    readonly kind: 'stored'
    readonly sopClassUid: string
    readonly sopInstanceUid: string
    readonly studyInstanceUid: string
    /** `undefined` for an instance that was accepted and not kept: RetrieveURL (0008,1190) is then empty, Type 2. */
    readonly retrieveUrl: string | undefined
    readonly warning?: WarningReason | undefined
    /** It took the place of one with other pixels. */
    readonly replaced?: boolean
  }
  | {
    readonly kind: 'failed'
    readonly reason: FailureReason
    /** Both absent: the item goes to OtherFailuresSequence (0008,119A). */
    readonly sopClassUid?: string | undefined
    readonly sopInstanceUid?: string | undefined
    /** ErrorComment (0000,0902): at most 64 characters, no patient data, no path. */
    readonly comment: string
  }

/** HTTP status of a store request (PS3.18 10.5.3.1, table 10.5.3-1): 200, 202, 400, 409 or 503. */
export function storeStatus (outcomes: readonly PartOutcome[]): number {
  const failed = outcomes.filter(outcome => outcome.kind === 'failed')
  const warned = outcomes.some(outcome => outcome.kind === 'stored' && outcome.warning !== undefined)
  if (failed.length < outcomes.length) return failed.length > 0 || warned ? 202 : 200
  const groups = new Set(failed.map(outcome => failureReasons[outcome.reason].group))
  if (groups.size > 1) return 409
  return groups.has('resources') ? 503 : groups.has('other') ? 409 : 400
}

/**
 * The Store Instances Response Module (PS3.18 10.5.3, Annex I.2). Sequences without items are left out: Orthanc takes
 * an empty FailedSOPSequence for a failure.
 * @param studyUrl RetrieveURL of the study when all instances are of one study
 */
export function storeResponse (outcomes: readonly PartOutcome[], studyUrl: string | undefined): JsonDataset {
  const referenced: JsonDataset[] = []
  const failed: JsonDataset[] = []
  const other: JsonDataset[] = []
  for (const outcome of outcomes) {
    if (outcome.kind === 'stored') referenced.push(storedItem(outcome))
    else if (outcome.sopInstanceUid === undefined && outcome.sopClassUid === undefined) other.push(failure(outcome))
    else failed.push(failure(outcome))
  }
  return {
    ...(studyUrl === undefined ? {} : { '00081190': { vr: 'UR', Value: [studyUrl] } }),
    ...(failed.length > 0 ? { '00081198': { vr: 'SQ', Value: failed } } : {}),
    ...(referenced.length > 0 ? { '00081199': { vr: 'SQ', Value: referenced } } : {}),
    ...(other.length > 0 ? { '0008119A': { vr: 'SQ', Value: other } } : {}),
  }
}

function storedItem (outcome: PartOutcome & { kind: 'stored' }): JsonDataset {
  return {
    '00081150': { vr: 'UI', Value: [outcome.sopClassUid] },
    '00081155': { vr: 'UI', Value: [outcome.sopInstanceUid] },
    '00081190': { vr: 'UR', ...(outcome.retrieveUrl === undefined ? {} : { Value: [outcome.retrieveUrl] }) },
    ...(outcome.warning === undefined ? {} : { '00081196': { vr: 'US', Value: [warningReasons[outcome.warning].code] } }),
  }
}

function failure (outcome: PartOutcome & { kind: 'failed' }): JsonDataset {
  const reference = (tag: string, uid: string | undefined): JsonDataset =>
    uid === undefined ? { [tag]: { vr: 'UI' } } : { [tag]: { vr: 'UI', Value: [uid] } }
  const known = outcome.sopInstanceUid !== undefined || outcome.sopClassUid !== undefined
  return {
    '00000902': { vr: 'LO', Value: [outcome.comment.slice(0, 64)] },
    ...(known ? { ...reference('00081150', outcome.sopClassUid), ...reference('00081155', outcome.sopInstanceUid) } : {}),
    '00081197': { vr: 'US', Value: [failureReasons[outcome.reason].code] },
  }
}

/**
 * The Warning header (PS3.18 10.5.3.3) when something failed: the reason that occurs first.
 * @param service the base URL of the service
 */
export function storeWarning (outcomes: readonly PartOutcome[], service: string): string | undefined {
  const failed = outcomes.find(outcome => outcome.kind === 'failed')
  if (failed === undefined) return undefined
  const { code, text } = failureReasons[failed.reason]
  return `299 ${service} "${code.toString(16).toUpperCase().padStart(4, '0')}: ${text}"`
}
