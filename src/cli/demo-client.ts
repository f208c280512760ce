import { AppError } from '../errors.ts'

/** The identity of one object in the service. */
export interface FoundInstance {
  readonly sopInstanceUid: string
  readonly seriesInstanceUid: string
  readonly modality: string
  readonly seriesDescription: string
  readonly instanceNumber: number
}

type Row = Record<string, { Value?: (string | number)[] } | undefined>

/** A minimal DICOMweb client: what any PACS or script would ask. */
export class DemoClient {
  readonly #root: string

  /** @param root DICOMweb root */
  constructor (root: string) {
    this.#root = root
  }

  /** QIDO-RS: all instances of a study. */
  async instances (study: string): Promise<FoundInstance[]> {
    const response = await this.#get(`studies/${study}/instances?limit=1000&includefield=SeriesDescription`, 'application/dicom+json')
    if (response.status === 204) return []
    const rows = await response.json() as Row[]
    const text = (row: Row, tag: string) => String(row[tag]?.Value?.[0] ?? '')
    return rows.map(row => ({
      sopInstanceUid: text(row, '00080018'),
      seriesInstanceUid: text(row, '0020000E'),
      modality: text(row, '00080060'),
      seriesDescription: text(row, '0008103E'),
      instanceNumber: Number(text(row, '00200013')),
    }))
  }

  /** WADO-RS: one instance as a DICOM file. */
  async retrieve (study: string, instance: FoundInstance): Promise<Uint8Array> {
    const path = `studies/${study}/series/${instance.seriesInstanceUid}/instances/${instance.sopInstanceUid}`
    const response = await this.#get(path, 'application/dicom')
    return new Uint8Array(await response.arrayBuffer())
  }

  async #get (path: string, accept: string): Promise<Response> {
    const response = await fetch(`${this.#root}/${path}`, { headers: { accept } })
    if (!response.ok) throw new AppError('remote-refused', `the service answered ${response.status}`, { status: response.status })
    return response
  }
}
