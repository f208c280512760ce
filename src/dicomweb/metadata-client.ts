import type { Destination } from './destination.ts'
import { jsonString } from './json-model.ts'
import { search } from './qido-client.ts'

/**
 * SOP Instance UIDs that the destination holds of a series, by the metadata of WADO-RS (PS3.18 10.4.1.1.2): for servers that
 * cannot be searched. @throws AppError `remote-unreachable`, `remote-refused`
 */
export async function listByMetadata (
  destination: Destination, studyInstanceUid: string, seriesInstanceUid: string, options: { readonly signal?: AbortSignal } = {},
): Promise<string[]> {
  const rows = await search(destination, `studies/${studyInstanceUid}/series/${seriesInstanceUid}/metadata`, {}, options)
  return rows.flatMap(row => jsonString(row, '00080018')?.trim() ?? [])
}
