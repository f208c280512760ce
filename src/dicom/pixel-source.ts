import { createHash } from 'node:crypto'
import { type FileHandle, open, readFile } from 'node:fs/promises'
import { AppError, toAppError } from '../errors.ts'
import type { ByteRange } from './element.ts'
import { parsePart10 } from './part10.ts'
import type { OpenFile } from './part10-file.ts'

/** Hashed at a time: memory stays small, and the event loop runs between. */
const digestBytes = 2 ** 20

/** Where encoded pixels come from: memory, or a file that is opened for each read. */
export interface PixelSource {
  /** @throws AppError `input-unreadable` */
  read (range: ByteRange): Promise<Uint8Array>
}

/** Views of bytes in memory. */
export function memorySource (bytes: Uint8Array): PixelSource {
  return { read: range => Promise.resolve(bytes.subarray(range.offset, range.offset + range.length)) }
}

/** A file that is open. @throws AppError `input-unreadable`; what the system throws */
export function handleFile (handle: FileHandle, size: number): OpenFile {
  return {
    size,
    read: async range => await readRange(handle, range),
    digestFrom: async offset => {
      const hash = createHash('sha256')
      const buffer = Buffer.allocUnsafeSlow(Math.min(digestBytes, size))
      for (let at = offset; at < size;) {
        const { bytesRead } = await handle.read(buffer, 0, buffer.length, at)
        if (bytesRead === 0) throw shorter()
        hash.update(buffer.subarray(0, bytesRead))
        at += bytesRead
      }
      return hash.digest('hex')
    },
  }
}

/** Ranges of a file. Nothing stays open between two reads: a series of 500 files must not need 500 descriptors. */
export function fileSource (path: string): PixelSource {
  return {
    read: range => readable(async () => {
      const file = await open(path)
      try {
        return await readRange(file, range)
      } finally {
        await file.close()
      }
    }),
  }
}

/** Ranges of the inflated data set of a deflated file, inflated anew for each read: rare, and small. */
export function deflatedFileSource (path: string): PixelSource {
  return {
    read: range => readable(async () => {
      const { table } = parsePart10(await readFile(path))
      return table.bytes.slice(range.offset, range.offset + range.length)
    }),
  }
}

/** All of a range; the system may give a large one in pieces. */
async function readRange (handle: FileHandle, { offset, length }: ByteRange): Promise<Uint8Array> {
  const buffer = new Uint8Array(length)
  for (let filled = 0; filled < length;) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, offset + filled)
    if (bytesRead === 0) throw shorter()
    filled += bytesRead
  }
  return buffer
}

function shorter (): AppError {
  return new AppError('input-unreadable', 'A DICOM file has become shorter since it was read')
}

/** Reads a file. @throws AppError `input-unreadable` for what the system throws */
export async function readable<T> (read: () => Promise<T>, message = 'A DICOM file can no longer be read'): Promise<T> {
  try {
    return await read()
  } catch (thrown) {
    throw toAppError(thrown, 'input-unreadable', message)
  }
}
