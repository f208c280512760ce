import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import type { StoredInstance } from '../archive/archive.ts'
import { explicitLittleEndianFile, sendingSyntax } from '../dicomweb/transcode.ts'
import type { Decoder } from '../imaging/decoder-pool.ts'

/** A DICOM file on its way out, and the transfer syntax that it is in. */
export interface InstanceBody { readonly body: AsyncIterable<Uint8Array>, readonly syntax: string }

/**
 * A stored instance in the transfer syntax that was asked for; as stored where it cannot be had in that, which negotiation
 * rules out. Conversion fails here, before the first byte.
 * @throws AppError as reading and decoding do
 */
export async function instanceBody (
  instance: StoredInstance, requested: string | undefined, decoder: Decoder,
): Promise<InstanceBody> {
  const syntax = sendingSyntax(instance.transferSyntaxUid, requested) ?? instance.transferSyntaxUid
  const body = syntax === instance.transferSyntaxUid
    ? fileBytes(instance.path)
    : Readable.from(await explicitLittleEndianFile(instance.path, decoder)) as AsyncIterable<Uint8Array>
  return { body, syntax }
}

/** Opened when the first byte is asked for. */
async function * fileBytes (path: string): AsyncGenerator<Uint8Array> {
  yield * createReadStream(path) as AsyncIterable<Uint8Array>
}
