import { fromDicomJson } from '../dicom/json-attributes.ts'
import { isUid, type Uid } from '../dicom/uid.ts'
import { AppError } from '../errors.ts'
import { isJsonDataset, type JsonDataset, type JsonElement, jsonItems, jsonString } from './json-model.ts'

/** Procedure Step State (0074,1000), PS3.4 CC.1.1. */
export const procedureStepStates = ['SCHEDULED', 'IN PROGRESS', 'COMPLETED', 'CANCELED'] as const
export type ProcedureStepState = typeof procedureStepStates[number]

/** Unified Procedure Step - Push SOP Class (PS3.4 CC.3): the class of every workitem's SOP Instance UID (PS3.4 CC.1). */
const unifiedProcedureStepPush = '1.2.840.10008.5.1.4.34.6.1'

export interface StepInput { readonly studyInstanceUid: Uid, readonly seriesInstanceUid?: Uid | undefined }
export interface StepOutput {
  readonly studyInstanceUid: Uid
  readonly seriesInstanceUid: Uid
  readonly sopClassUid: Uid
  readonly sopInstanceUid: Uid
}

/** A workitem as clients see it; times in ms since 1970. */
export interface Workitem {
  readonly uid: Uid
  readonly state: ProcedureStepState
  readonly inputs: readonly StepInput[]
  readonly outputs: readonly StepOutput[]
  /** As it was created; what follows from the state is written over it. */
  readonly attributes: JsonDataset
  readonly createdAt: number
  readonly updatedAt: number
  readonly begunAt?: number | undefined
  readonly endedAt?: number | undefined
  /** Reason For Cancellation, or what is worth knowing of a completed one. */
  readonly reason?: string | undefined
}

/** Workitem attributes by keyword, as far as they are read or written here. */
const tags = {
  transactionUid: '00081195',
  procedureStepState: '00741000',
  inputInformation: '00404021',
  studyInstanceUid: '0020000D',
  seriesInstanceUid: '0020000E',
  sopInstanceUid: '00080018',
  affectedSopInstanceUid: '00001000',
} as const

/** What a client asks for when it creates a workitem. */
export interface NewStep {
  readonly uid: Uid | undefined
  readonly inputs: readonly StepInput[]
  readonly attributes: JsonDataset
}

/**
 * The payload of Create Workitem (PS3.18 11.4): SCHEDULED, without a Transaction UID, and with an InputInformationSequence that
 * names a study, or series of it, in each item.
 * @throws AppError `request-malformed`, naming the attribute
 */
export function parseNewWorkitem (payload: unknown): NewStep {
  const attributes = parseDataset(payload)
  const state = jsonString(attributes, tags.procedureStepState)
  if (state !== undefined && state !== 'SCHEDULED') throw malformed('ProcedureStepState', 'ProcedureStepState of a new workitem is not SCHEDULED')
  if (jsonString(attributes, tags.transactionUid) !== undefined) throw malformed('TransactionUID', 'A new workitem has a TransactionUID')
  const uid = jsonString(attributes, tags.sopInstanceUid) ?? jsonString(attributes, tags.affectedSopInstanceUid)
  if (uid !== undefined && !isUid(uid)) throw malformed('SOPInstanceUID', 'SOPInstanceUID is not a valid UID')
  return { uid, inputs: parseInputs(attributes), attributes }
}

/**
 * The studies and series that InputInformationSequence (0040,4021) names.
 * @throws AppError `request-malformed` when it names none
 */
export function parseInputs (attributes: JsonDataset): readonly StepInput[] {
  const inputs = jsonItems(attributes, tags.inputInformation).map((item): StepInput => {
    const study = jsonString(item, tags.studyInstanceUid)
    const series = jsonString(item, tags.seriesInstanceUid)
    if (study === undefined || !isUid(study)) {
      throw malformed('InputInformationSequence', 'An item of InputInformationSequence has no valid StudyInstanceUID')
    }
    if (series === undefined) return { studyInstanceUid: study }
    if (!isUid(series)) throw malformed('InputInformationSequence', 'An item of InputInformationSequence has no valid SeriesInstanceUID')
    return { studyInstanceUid: study, seriesInstanceUid: series }
  })
  if (inputs.length === 0) throw malformed('InputInformationSequence', 'InputInformationSequence names no study')
  return inputs
}

/** The payload of Change Workitem State (PS3.18 11.7.1.4), values as they are. */
export interface StateChange { readonly state: string | undefined, readonly transactionUid: string | undefined }

/** @throws AppError `request-malformed` when the payload is no data set */
export function parseStateChange (payload: unknown): StateChange {
  const attributes = parseDataset(payload)
  return { state: jsonString(attributes, tags.procedureStepState), transactionUid: jsonString(attributes, tags.transactionUid) }
}

/** The data set of a workitem, tags ascending. Transaction UID (0008,1195) is never in it (PS3.18 11.5.3). */
export function workitemDataset (item: Workitem): JsonDataset {
  const { uid, state, attributes, inputs, outputs, createdAt, updatedAt, begunAt, endedAt, reason } = item
  const dataset: Record<string, JsonElement> = {
    '00741200': value('CS', 'MEDIUM'),
    '00741204': value('LO', 'Find cortical tubers'),
    '00741202': value('LO', 'tuberlens'),
    '00404041': value('CS', 'READY'),
    '00404005': value('DT', dateTime(createdAt)),
    '00404018': { vr: 'SQ' },
    '00404021': sequence(inputs.map(inputItem)),
    '00100010': { vr: 'PN' },
    '00100020': { vr: 'LO' },
    ...attributes,
    '00080016': value('UI', unifiedProcedureStepPush),
    '00080018': value('UI', uid),
    '00404010': value('DT', dateTime(updatedAt)),
    '00741000': value('CS', state),
    '00741002': sequence([progressItem(state, endedAt, reason)]),
    '00741216': begunAt === undefined ? { vr: 'SQ' } : sequence([performedItem(begunAt, endedAt, outputs)]),
  }
  const study = inputs[0]?.studyInstanceUid
  if (study !== undefined && inputs.every(input => input.studyInstanceUid === study)) dataset[tags.studyInstanceUid] ??= value('UI', study)
  const hidden: readonly string[] = [tags.transactionUid, tags.affectedSopInstanceUid]
  return Object.fromEntries(Object.entries(dataset).filter(([tag]) => !hidden.includes(tag)).sort(([a], [b]) => a < b ? -1 : 1))
}

/**
 * What a performer tells at the end (PS3.4 CC.2.5.3, final state): progress, times and output of the step.
 * @param begunAt ms since 1970
 */
export function finalAttributes (
  state: 'COMPLETED' | 'CANCELED', begunAt: number, endedAt: number, outputs: readonly StepOutput[], reason: string | undefined,
): JsonDataset {
  return {
    '00741002': sequence([progressItem(state, endedAt, reason)]),
    '00741216': sequence([performedItem(begunAt, endedAt, outputs)]),
  }
}

function parseDataset (payload: unknown): JsonDataset {
  // PS3.18 F.2: one data set, which some clients wrap in an array
  const single: unknown = Array.isArray(payload) && payload.length === 1 ? payload[0] : payload
  if (!isJsonDataset(single)) throw new AppError('request-malformed', 'The payload is not one data set of the DICOM JSON Model')
  try {
    fromDicomJson(single)
  } catch (cause) {
    throw new AppError('request-malformed', 'The payload is not one data set of the DICOM JSON Model', {}, { cause })
  }
  return single
}

/** Input Information Sequence item (PS3.3 Table 10-3b, Referenced Instances and Access Macro). */
function inputItem ({ studyInstanceUid, seriesInstanceUid }: StepInput): JsonDataset {
  return {
    '0020000D': value('UI', studyInstanceUid),
    ...(seriesInstanceUid === undefined ? {} : { '0020000E': value('UI', seriesInstanceUid) }),
    '0040E020': value('CS', 'DICOM'),
  }
}

function progressItem (state: ProcedureStepState, endedAt: number | undefined, reason: string | undefined): JsonDataset {
  const canceled = state === 'CANCELED'
  return {
    ...(canceled && endedAt !== undefined ? { '00404052': value('DT', dateTime(endedAt)) } : {}),
    '00741004': value('DS', state === 'COMPLETED' ? 100 : 0),
    ...(reason === undefined ? {} : canceled ? { '00741238': value('LT', reason) } : { '00741006': value('ST', reason) }),
  }
}

/** Unified Procedure Step Performed Procedure Sequence item (PS3.3 C.30.3). */
function performedItem (begunAt: number, endedAt: number | undefined, outputs: readonly StepOutput[]): JsonDataset {
  return {
    '00404019': { vr: 'SQ' },
    '00404028': { vr: 'SQ' },
    '00404033': sequence(outputItems(outputs)),
    '00404050': value('DT', dateTime(begunAt)),
    ...(endedAt === undefined ? {} : { '00404051': value('DT', dateTime(endedAt)) }),
  }
}

/** One item a series, with its instances. */
function outputItems (outputs: readonly StepOutput[]): JsonDataset[] {
  const bySeries = new Map<string, StepOutput[]>()
  for (const output of outputs) bySeries.set(output.seriesInstanceUid, [...bySeries.get(output.seriesInstanceUid) ?? [], output])
  return [...bySeries.values()].map(instances => ({
    '00081199': sequence(instances.map(({ sopClassUid, sopInstanceUid }) => ({
      '00081150': value('UI', sopClassUid), '00081155': value('UI', sopInstanceUid),
    }))),
    '0020000D': value('UI', instances[0]!.studyInstanceUid),
    '0020000E': value('UI', instances[0]!.seriesInstanceUid),
    '0040E020': value('CS', 'DICOM'),
  }))
}

function value (vr: string, single: string | number): JsonElement { return { vr, Value: [single] } }
function sequence (items: readonly JsonDataset[]): JsonElement { return { vr: 'SQ', ...(items.length > 0 && { Value: items }) } }

/** DT in UTC (PS3.5 6.2). */
function dateTime (at: number): string { return `${new Date(at).toISOString().replace(/\D/g, '').slice(0, 14)}+0000` }

function malformed (attribute: string, message: string): AppError {
  return new AppError('request-malformed', message, { attribute })
}
