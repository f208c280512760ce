import { Readable } from 'node:stream'
import { AppError } from '../errors.ts'
import { type Destination, destinationUrl } from './destination.ts'
import { exchange } from './http-exchange.ts'
import { isJsonDataset, type JsonDataset, jsonString } from './json-model.ts'
import { search } from './qido-client.ts'

interface Options { readonly signal?: AbortSignal }

/** A worklist of UPS-RS (PS3.18 11) on a DICOMweb server. */
export interface Worklist {
  readonly destination: Destination
  /** Our AE title, which some servers (dcm4chee) want at the end of the path of a change of state. */
  readonly requester?: string | undefined
}

/** The state that a workitem is to have, and the Transaction UID of its performer. */
export interface StateChangeRequest {
  readonly state: 'IN PROGRESS' | 'COMPLETED' | 'CANCELED'
  readonly transactionUid: string
}

/** How a worklist took a request: `refused` names what the standard lets it refuse; the rest is worth another try. */
export type WorklistAnswer = 'accepted' | 'refused' | 'unanswered'

/**
 * UIDs of the workitems that match, first page.
 * @throws AppError `remote-unreachable`, `remote-refused`
 */
export async function searchWorkitems (
  { destination }: Worklist, parameters: Readonly<Record<string, string>>, options: Options = {},
): Promise<string[]> {
  const rows = await search(destination, 'workitems', parameters, options)
  return rows.flatMap(row => jsonString(row, '00080018')?.trim() ?? [])
}

/**
 * One workitem; `undefined` when it is not there.
 * @throws AppError `remote-unreachable`, `remote-refused`
 */
export async function retrieveWorkitem (
  { destination }: Worklist, uid: string, options: Options = {},
): Promise<JsonDataset | undefined> {
  const url = destinationUrl(destination, `workitems/${uid}`)
  const answer = await exchange(destination, { method: 'GET', url, headers: { accept: 'application/dicom+json' }, ...options })
  if (answer === undefined) throw new AppError('remote-unreachable', 'The worklist did not answer')
  if (answer.status === 404 || answer.status === 410) return undefined
  if (answer.status !== 200) throw new AppError('remote-refused', `The worklist answered with ${answer.status}`, { status: answer.status })
  try {
    const parsed: unknown = JSON.parse(answer.body.toString('utf8'))
    const single: unknown = Array.isArray(parsed) ? parsed[0] : parsed
    if (isJsonDataset(single)) return single
  } catch { /* answered below */ }
  throw new AppError('remote-refused', 'The worklist answered with something that is not DICOM JSON', { status: answer.status })
}

/** Change Workitem State (PS3.18 11.7). */
export async function changeWorkitemState (
  worklist: Worklist, uid: string, to: StateChangeRequest, options: Options = {},
): Promise<WorklistAnswer> {
  const requester = worklist.requester === undefined ? '' : `/${encodeURIComponent(worklist.requester)}`
  return await send(worklist, 'PUT', `workitems/${uid}/state${requester}`, {
    '00081195': { vr: 'UI', Value: [to.transactionUid] },
    '00741000': { vr: 'CS', Value: [to.state] },
  }, options)
}

/** Update Workitem (PS3.18 11.6); the Transaction UID goes into the query and into the payload, as servers differ in where they look. */
export async function updateWorkitem (
  worklist: Worklist, uid: string, transactionUid: string, attributes: JsonDataset, options: Options = {},
): Promise<WorklistAnswer> {
  const payload = { '00081195': { vr: 'UI', Value: [transactionUid] }, ...attributes }
  return await send(worklist, 'POST', `workitems/${uid}?transaction-uid=${transactionUid}`, payload, options)
}

async function send (
  { destination }: Worklist, method: 'POST' | 'PUT', path: string, payload: JsonDataset, options: Options,
): Promise<WorklistAnswer> {
  const body = Buffer.from(JSON.stringify([payload]))
  const answer = await exchange(destination, {
    method,
    url: destinationUrl(destination, path),
    headers: { 'content-type': 'application/dicom+json', 'content-length': String(body.length), accept: 'application/dicom+json' },
    body: () => Readable.from([body]),
    ...options,
  })
  if (answer === undefined) return 'unanswered'
  if (answer.status < 300) return 'accepted'
  return [400, 404, 409, 410].includes(answer.status) ? 'refused' : 'unanswered'
}
