import { readFile } from 'node:fs/promises'
import type { PacsConfig } from '../config.ts'
import type { Destination } from '../dicomweb/destination.ts'

/** The configured PACS as a DICOMweb destination. A token is read again for each request, as its file may be renewed. */
export function pacsDestination (pacs: PacsConfig): Destination {
  const { authentication, url, chunked } = pacs
  if (authentication.kind === 'none') return { url, chunked }
  if (authentication.kind === 'basic') {
    const credentials = Buffer.from(`${authentication.user}:${authentication.password}`).toString('base64')
    return { url, chunked, headers: { authorization: `Basic ${credentials}` } }
  }
  const { tokenFile } = authentication
  return { url, chunked, headers: async () => ({ authorization: `Bearer ${(await readFile(tokenFile, 'utf8')).trim()}` }) }
}
