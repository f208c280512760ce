/** Store requests that are ready in memory, so that sending them costs the sender next to nothing. */
import { randomInt } from 'node:crypto'
import { Agent, request } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Dataset } from '../../src/dicom/dataset.ts'
import { encodePart10 } from '../../src/dicom/write-part10.ts'
import { enhancedDataset, mrDataset, phantom, type SyntheticGeometry } from '../../test/helpers/synthetic-mr.ts'

const boundary = 'benchmark-boundary-5f0c1d9a7b3e'
const geometry: SyntheticGeometry = {
  rows: 512, columns: 512, spacing: [0.45, 0.45], row: [1, 0, 0], column: [0, 1, 0], position: [-115, -115, -60],
}
const frameBytes = geometry.rows * geometry.columns * 2

/** UIDs of one length, so that they can be written over each other: 2.25 and 34 digits (PS3.5 B.2). */
const run = String(randomInt(10 ** 14, 2 * 10 ** 14))
let count = 0
function freshUid (): string { return `2.25.${run}${String(++count).padStart(19, '0')}` }

/** What stands for the UIDs in a file until they are known. */
const placeholders = { study: `2.25.${'1'.repeat(34)}`, series: `2.25.${'2'.repeat(34)}`, instance: `2.25.${'3'.repeat(34)}` }
const uids = {
  StudyInstanceUID: placeholders.study, SeriesInstanceUID: placeholders.series, SOPInstanceUID: placeholders.instance,
}

/** Files of classic MR images of 512 × 512 pixels, 0.5 MB each, slices of one series. */
export function sliceFiles (slices: number): Uint8Array[] {
  const pixels = phantom(geometry)
  return Array.from({ length: slices }, (_, index) => encodePart10(mrDataset(index, uids, geometry, pixels)))
}

/** The file of one Enhanced MR image of so many frames of 0.5 MB. */
export function enhancedFile (frames: number): Uint8Array {
  // written without its pixels, which would be in memory many times meanwhile
  const header = encodePart10(enhancedHeader(frames))
  const file = Buffer.concat([header.subarray(0, -2), Buffer.alloc(frames * frameBytes, 7)])
  file.writeUInt32LE(frames * frameBytes, header.length - 6)
  return file
}

function enhancedHeader (frames: number): Dataset {
  return { ...enhancedDataset(1, uids, geometry), ...perFrame(frames), PixelData: [new ArrayBuffer(2)] }
}

function perFrame (frames: number): Dataset {
  const tiny = { ...geometry, rows: 1, columns: 1 }
  const { NumberOfFrames, PerFrameFunctionalGroupsSequence } = enhancedDataset(frames, {}, tiny)
  return { NumberOfFrames, PerFrameFunctionalGroupsSequence } as Dataset
}

/** A multipart body of instances whose UIDs can be made new. */
export class StoreRequest {
  readonly instances: number
  /** Of the instances alone. */
  readonly bytes: number
  readonly body: Buffer
  readonly #places: readonly { readonly study: readonly number[], readonly series: readonly number[], readonly instance: readonly number[] }[]

  constructor (files: readonly Uint8Array[]) {
    const head = Buffer.from(`\r\n--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`)
    this.instances = files.length
    this.bytes = files.reduce((sum, { length }) => sum + length, 0)
    this.body = Buffer.concat([...files.flatMap(file => [head, file]), Buffer.from(`\r\n--${boundary}--\r\n`)])
    let at = 0
    this.#places = files.map(file => {
      at += head.length
      const start = at
      at += file.length
      // all of them stand before the pixels
      const header = Buffer.from(file.buffer, file.byteOffset, Math.min(file.length, 65_536))
      const all = (text: string): number[] => placesOf(header, text).map(place => place + start)
      return { study: all(placeholders.study), series: all(placeholders.series), instance: all(placeholders.instance) }
    })
  }

  /** Makes another series of another study of it. */
  renew (study = freshUid(), series = freshUid()): this {
    const write = (places: readonly number[], uid: string): void => { for (const place of places) this.body.write(uid, place, 'latin1') }
    for (const places of this.#places) {
      write(places.study, study)
      write(places.series, series)
      write(places.instance, freshUid())
    }
    return this
  }

  /** Slices of one series that come one in a request. */
  static renewAll (requests: readonly StoreRequest[]): void {
    const study = freshUid()
    const series = freshUid()
    for (const one of requests) one.renew(study, series)
  }
}

function placesOf (bytes: Buffer, text: string): number[] {
  const places: number[] = []
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) places.push(at)
  if (places.length === 0) throw new Error('A file without its placeholder')
  return places
}

/** One connection to a server, kept open between requests. */
export class StoreConnection {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })
  readonly #url: string

  constructor (dicomWeb: string) { this.#url = `${dicomWeb}/studies` }

  /** Sends and waits for the answer. @throws Error unless every instance was stored */
  async send ({ body, instances }: StoreRequest): Promise<void> {
    const answer = await new Promise<{ status: number, text: string }>((resolve, reject) => {
      const sending = request(this.#url, {
        method: 'POST',
        agent: this.#agent,
        headers: {
          'content-type': `multipart/related; type="application/dicom"; boundary=${boundary}`,
          'content-length': body.length,
          accept: 'application/dicom+json',
        },
      }, response => { text(response).then(text => { resolve({ status: response.statusCode ?? 0, text }) }, reject) })
      sending.on('error', reject)
      sending.end(body)
    })
    const stored = answer.status === 200 ? (JSON.parse(answer.text) as Record<string, { Value?: unknown[] }>)['00081199']?.Value?.length : undefined
    if (stored !== instances) throw new Error(`${this.#url} answered ${answer.status} and stored ${stored ?? 0} of ${instances}`)
  }

  close (): void { this.#agent.destroy() }
}
