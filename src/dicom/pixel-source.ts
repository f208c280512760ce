import { open, readFile } from 'node:fs/promises'
import { AppError, toAppError } from '../errors.ts'
import type { ByteRange } from './element.ts'
import { parsePart10 } from './part10.ts'

/** Where encoded pixels come from: memory, or a file that is opened for each read. */
export interface PixelSource {
  /** @throws AppError `input-unreadable` */
  read (range: ByteRange): Promise<Uint8Array>
}

/** Views of bytes in memory. */
export function memorySource (bytes: Uint8Array): PixelSource {
  return { read: range => Promise.resolve(bytes.subarray(range.offset, range.offset + range.length)) }
}

/** Ranges of a file. Nothing stays open between two reads: a series of 500 files must not need 500 descriptors. */
export function fileSource (path: string): PixelSource {
  return {
    read: range => readable(async () => {
      const file = await open(path)
      try {
        const buffer = new Uint8Array(range.length)
        const { bytesRead } = await file.read(buffer, 0, range.length, range.offset)
        if (bytesRead < range.length) throw new AppError('input-unreadable', 'A DICOM file has become shorter since it was read')
        return buffer
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

async function readable<T> (read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (thrown) {
    throw toAppError(thrown, 'input-unreadable', 'A DICOM file can no longer be read')
  }
}
