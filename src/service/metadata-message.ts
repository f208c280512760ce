import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import type { Archive, StagedFile } from '../archive/archive.ts'
import { type BulkData, bulkMediaType, instanceOfMetadata, metadataUids } from '../dicomweb/metadata-instance.ts'
import type { EncodedPiece } from '../dicomweb/json-encoding.ts'
import { isJsonDataset, type JsonDataset } from '../dicomweb/json-model.ts'
import type { Part } from '../dicomweb/multipart-related.ts'
import { parseJson } from '../dicomweb/parse-json.ts'
import { failureOf } from '../dicomweb/received-instance.ts'
import { isUid } from '../dicom/uid.ts'
import { AppError, toAppError } from '../errors.ts'
import type { SopUids } from './instance-reading.ts'
import { limited, type Reception } from './reception.ts'

export interface MetadataMessageOptions {
  readonly archive: Pick<Archive, 'stage'>
  readonly maxInstanceBytes: number
  readonly maxInstances: number
  /** Of all files that are made of the message: bulk data may be named many times. */
  readonly maxBytes: number
}

/** Metadata is read whole: 16 MiB are some thousand instances. */
export const mostMetadataBytes = 16 * 2 ** 20
/** Enough for the segments before the frame header of a JPEG. */
const startBytes = 4096

/** A URI of the message stands for what came in it, absolute or relative; nothing is ever fetched. */
const nowhere = 'http://message.invalid/'

/**
 * A store request of metadata and bulk data (PS3.18 10.5.2): bulk data waits on disk until the message is complete, then each
 * data set becomes a file and goes the way of every other instance.
 */
export class MetadataMessage {
  readonly #options: MetadataMessageOptions
  readonly #datasets: JsonDataset[] = []
  readonly #bulkData = new Map<string, BulkData<StagedFile>[]>()
  /** Why there is no bulk data of a URI that came: its part has no end, or the disk no room. */
  readonly #failed = new Map<string, AppError>()

  constructor (options: MetadataMessageOptions) {
    this.#options = options
  }

  /** One part, in the order of the message. @throws AppError `payload-too-large`, `interrupted`, `out-of-resources` */
  async take (part: Part, reception: Reception): Promise<void> {
    const contentType = part.headers.get('content-type')
    const { type } = bulkMediaType(contentType)
    const location = part.headers.get('content-location')
    // the root's type stands for the first part when it names none (RFC 2387 3.1)
    if (type === 'application/dicom+json' || (contentType === undefined && part.index === 0)) await this.metadata(part.body, reception)
    else if (location === undefined) reception.refuse('wrong-part-type', 'part is no metadata and has no Content-Location')
    else await this.#keep(key(location), part)
  }

  /** An array of data sets, or one alone. @throws AppError `payload-too-large`, `interrupted` */
  async metadata (body: AsyncIterable<Uint8Array>, reception: Reception): Promise<void> {
    const chunks: Uint8Array[] = []
    try {
      for await (const chunk of limited(body, mostMetadataBytes, 'metadata')) chunks.push(chunk)
    } catch (thrown) {
      if (!isCut(thrown)) throw thrown
      reception.refuse('part-cut', thrown.message)
      return
    }
    const datasets = parse(Buffer.concat(chunks).toString('utf8'))
    if (datasets === undefined) reception.refuse('cannot-understand', 'metadata does not follow the DICOM JSON Model')
    else if (this.#datasets.push(...datasets) > this.#options.maxInstances) {
      throw new AppError('payload-too-large', 'The message passes the limit of its instances', { limit: 'parts' })
    }
  }

  /** Hands every instance over, in the order of the metadata. @throws AppError as `Reception.receive` */
  async deliver (reception: Reception): Promise<void> {
    const total = { bytes: 0 }
    for (const dataset of this.#datasets) {
      const uids = validUids(dataset)
      const pieces = this.#piecesOf(dataset)
      if (pieces instanceof AppError) reception.refuse(isCut(pieces) ? 'part-cut' : failureOf(pieces), pieces.message, uids)
      else await reception.receive(this.#written(pieces, total), uids)
    }
  }

  /** All of them before the first byte is written, so that what is wrong with the metadata is known. */
  #piecesOf (dataset: JsonDataset): EncodedPiece<StagedFile>[] | AppError {
    try {
      return [...instanceOfMetadata<StagedFile>(dataset, uri => this.#came(uri))]
    } catch (thrown) {
      return toAppError(thrown)
    }
  }

  /** Removes what waits on disk. */
  async discard (): Promise<void> {
    const waiting = [...this.#bulkData.values()].flat()
    this.#bulkData.clear()
    for (const { owner } of waiting) await owner.discard()
  }

  async #keep (uri: string, part: Part): Promise<void> {
    try {
      const bulk = await this.#stage(part)
      const before = this.#bulkData.get(uri)
      if (before === undefined) this.#bulkData.set(uri, [bulk])
      else before.push(bulk)
    } catch (thrown) {
      const error = toAppError(thrown)
      if (error.code === 'payload-too-large' || error.code === 'interrupted') throw error
      this.#failed.set(uri, error)
    }
  }

  async #stage ({ body, headers }: Part): Promise<BulkData<StagedFile>> {
    const staging = await this.#options.archive.stage({ asIs: true })
    try {
      await pipeline(limited(body, this.#options.maxInstanceBytes, 'instance'), staging.writable)
      const owner = await staging.seal()
      const mediaType = bulkMediaType(headers.get('content-type'))
      return { owner, bytes: owner.bytes, mediaType, start: await startOf(owner.path) }
    } catch (error) {
      await staging.discard()
      throw error
    }
  }

  #came (uri: string): readonly BulkData<StagedFile>[] {
    const failure = this.#failed.get(key(uri))
    if (failure !== undefined) throw failure
    return this.#bulkData.get(key(uri)) ?? []
  }

  async * #written (pieces: readonly EncodedPiece<StagedFile>[], total: { bytes: number }): AsyncGenerator<Uint8Array> {
    let run: Uint8Array[] = []
    for (const piece of pieces) {
      total.bytes += piece instanceof Uint8Array ? piece.length : piece.bytes
      if (total.bytes > this.#options.maxBytes) {
        throw new AppError('payload-too-large', 'The instances of the message are too large', { limit: 'request' })
      }
      if (piece instanceof Uint8Array) {
        run.push(piece)
        continue
      }
      yield Buffer.concat(run)
      run = []
      yield * createReadStream(piece.owner.path) as AsyncIterable<Uint8Array>
    }
    yield Buffer.concat(run)
  }
}

function key (uri: string): string {
  return URL.canParse(uri.trim(), nowhere) ? new URL(uri.trim(), nowhere).href : uri
}

function parse (text: string): JsonDataset[] | undefined {
  try {
    const json = parseJson(text)
    const datasets: readonly unknown[] = Array.isArray(json) ? json : [json]
    return datasets.every(isJsonDataset) ? [...datasets] : undefined
  } catch {
    return undefined
  }
}

function validUids (dataset: JsonDataset): SopUids {
  const { sopClassUid, sopInstanceUid } = metadataUids(dataset)
  return {
    ...(sopClassUid !== undefined && isUid(sopClassUid) ? { sopClassUid } : {}),
    ...(sopInstanceUid !== undefined && isUid(sopInstanceUid) ? { sopInstanceUid } : {}),
  }
}

async function startOf (path: string): Promise<Uint8Array> {
  const handle = await open(path)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(startBytes), 0, startBytes, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}

function isCut (thrown: unknown): thrown is AppError {
  return thrown instanceof AppError && thrown.facts['unterminated'] === true
}
