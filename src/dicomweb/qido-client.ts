import { AppError } from '../errors.ts'
import { failureTexts } from './connection-failure.ts'
import { type Destination, destinationUrl } from './destination.ts'
import { tryExchange } from './http-exchange.ts'
import { isJsonDataset, type JsonDataset, jsonNumber, jsonString } from './json-model.ts'

interface Options { readonly signal?: AbortSignal }

/** The three identifiers that address an instance in DICOMweb. */
export interface InstanceUids {
  readonly studyInstanceUid: string
  readonly seriesInstanceUid: string
  readonly sopInstanceUid: string
}

/**
 * Number of Series Related Instances (0020,1209) that the destination reports for a series, 0 when it does not know the
 * series; counts the instances where it leaves the attribute out.
 * @throws AppError `remote-unreachable`, `remote-refused`
 */
export async function countInstances (
  destination: Destination, studyInstanceUid: string, seriesInstanceUid: string, options: Options = {},
): Promise<number> {
  const parameters = { SeriesInstanceUID: seriesInstanceUid, includefield: '00201209' }
  const rows = await search(destination, `studies/${studyInstanceUid}/series`, parameters, options)
  const row = rows.find(candidate => jsonString(candidate, '0020000E')?.trim() === seriesInstanceUid)
  if (row === undefined) return 0
  return jsonNumber(row, '00201209') ?? (await listInstances(destination, studyInstanceUid, seriesInstanceUid, options)).length
}

/**
 * SOP Instance UIDs that the destination holds of a series, all pages.
 * @throws AppError `remote-unreachable`, `remote-refused`
 */
export async function listInstances (
  destination: Destination, studyInstanceUid: string, seriesInstanceUid: string, options: Options = {},
): Promise<string[]> {
  const found = new Set<string>()
  const path = `studies/${studyInstanceUid}/series/${seriesInstanceUid}/instances`
  const page = 500
  for (let offset = 0; offset < 100_000; offset += page) {
    const before = found.size
    const rows = await search(destination, path, { limit: String(page), offset: String(offset) }, options)
    for (const row of rows) {
      const uid = jsonString(row, '00080018')?.trim()
      if (uid !== undefined) found.add(uid)
    }
    // a server that caps pages below ours, or ignores offset, ends with a page that brings nothing new
    if (rows.length === 0 || found.size === before) break
    if (rows.length < page) offset += rows.length - page
  }
  return [...found]
}

/**
 * Series Instance UIDs that the destination holds of a study: the first 1,000 that it lists.
 * @throws AppError `remote-unreachable`, `remote-refused`
 */
export async function listSeries (destination: Destination, studyInstanceUid: string, options: Options = {}): Promise<string[]> {
  const rows = await search(destination, `studies/${studyInstanceUid}/series`, { limit: '1000' }, options)
  return rows.flatMap(row => jsonString(row, '0020000E')?.trim() ?? [])
}

/**
 * Whether the destination holds one instance.
 * @throws AppError `remote-unreachable`, `remote-refused`
 */
export async function hasInstance (destination: Destination, instance: InstanceUids, options: Options = {}): Promise<boolean> {
  const { studyInstanceUid, seriesInstanceUid, sopInstanceUid } = instance
  const path = `studies/${studyInstanceUid}/series/${seriesInstanceUid}/instances`
  const rows = await search(destination, path, { SOPInstanceUID: sopInstanceUid, limit: '1' }, options)
  return rows.some(row => jsonString(row, '00080018')?.trim() === sopInstanceUid)
}

/**
 * One QIDO-RS search (PS3.18 10.6). 204 and 404 are no rows.
 * @throws AppError `remote-unreachable`, `remote-refused`
 */
export async function search (
  destination: Destination, path: string, parameters: Readonly<Record<string, string>>, options: Options = {},
): Promise<JsonDataset[]> {
  const query = new URLSearchParams(parameters).toString()
  const url = `${destinationUrl(destination, path)}${query === '' ? '' : `?${query}`}`
  const exchanged = await tryExchange(destination, { method: 'GET', url, headers: { accept: 'application/dicom+json' }, ...options })
  if ('failure' in exchanged) {
    const { failure } = exchanged
    throw new AppError('remote-unreachable', `The DICOMweb server did not answer the search: ${failureTexts[failure]}`, { failure })
  }
  const { answer } = exchanged
  if (answer.status === 204 || answer.status === 404) return []
  if (answer.status !== 200) throw new AppError('remote-refused', `The DICOMweb server answered the search with ${answer.status}`, { status: answer.status })
  try {
    const parsed: unknown = JSON.parse(answer.body.toString('utf8'))
    if (Array.isArray(parsed)) return parsed.filter(isJsonDataset)
  } catch { /* answered below, like every other text that is not an array */ }
  throw new AppError('remote-refused', 'The DICOMweb server answered the search with something that is not DICOM JSON', { status: answer.status })
}
