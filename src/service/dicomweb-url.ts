import type { FastifyRequest } from 'fastify'
import { isUid, type Uid } from '../dicom/uid.ts'
import { AppError } from '../errors.ts'
import type { ServiceSettings } from './settings.ts'

/** Where the DICOMweb service lies below the origin. */
export const dicomWebRoot = '/dicom-web'

/** URL of the DICOMweb service for URLs in answers: as configured, else as the client addressed us. */
export function baseUrlOf (request: FastifyRequest, settings: ServiceSettings): string {
  const origin = settings.publicBaseUrl?.replace(/\/+$/, '') ?? `${request.protocol}://${request.host}`
  return `${origin}${dicomWebRoot}`
}

export type UidName = 'study' | 'series' | 'instance'

/**
 * The UIDs of the path.
 * @throws AppError `uid-invalid`, without the value
 */
export function pathUids (request: FastifyRequest): Partial<Record<UidName, Uid>> {
  const parameters = request.params as Readonly<Record<string, string>>
  const uids: Partial<Record<UidName, Uid>> = {}
  for (const name of ['study', 'series', 'instance'] as const) {
    const text = parameters[name]
    if (text === undefined) continue
    if (!isUid(text)) throw new AppError('uid-invalid', `The ${name} of the path is not a valid UID`, { length: text.length })
    uids[name] = text
  }
  return uids
}

/** Query parameters as they stand in the URL, repetitions kept. */
export function queryParameters (request: FastifyRequest): URLSearchParams {
  const mark = request.url.indexOf('?')
  return new URLSearchParams(mark < 0 ? '' : request.url.slice(mark + 1))
}

export interface Accept { readonly header: string | undefined, readonly parameter: string | undefined }

/** What the client accepts; the query parameter `accept` wins over the header (PS3.18 8.3.3.1). */
export function acceptOf (request: FastifyRequest): Accept {
  return { header: request.headers.accept, parameter: queryParameters(request).get('accept') ?? undefined }
}

/** RetrieveURL of an instance. */
export function instanceUrl (
  base: string, uids: { readonly studyInstanceUid: string, readonly seriesInstanceUid: string, readonly sopInstanceUid: string },
): string {
  return `${base}/studies/${uids.studyInstanceUid}/series/${uids.seriesInstanceUid}/instances/${uids.sopInstanceUid}`
}
