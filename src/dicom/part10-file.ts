import { AppError } from '../errors.ts'
import type { ParseLimits } from './parse-limits.ts'
import { parsePart10 } from './part10.ts'
import type { Part10 } from './part10.ts'
import type { PixelSource } from './pixel-source.ts'

/** An open file. */
export interface OpenFile extends PixelSource {
  readonly size: number
  /** sha256 (hex) of its bytes from an offset to its end. */
  digestFrom (offset: number): Promise<string>
}

/** Enough for the header of most files, functional groups of a thousand frames among them. */
const headBytes = 2 ** 20
const pixelDataTag = 0x7fe00010

/**
 * Parses a file without reading its native pixels: of a large file that ends with them only what stands before. All others are
 * read whole, and `bytes` are theirs. PixelData is listed where it lies in the file, read or not.
 * @throws AppError as `parsePart10`
 */
export async function parsePart10File (
  file: OpenFile, limits: ParseLimits,
): Promise<{ readonly part10: Part10, readonly bytes?: Uint8Array }> {
  const { size } = file
  if (size > limits.bytes) throw new AppError('instance-too-large', 'The file is too large', { bytes: size, limit: limits.bytes })
  const part10 = size > headBytes ? parseHead(await file.read({ offset: 0, length: headBytes }), size, limits) : undefined
  if (part10 !== undefined) return { part10 }
  const bytes = await file.read({ offset: 0, length: size })
  return { part10: parsePart10(bytes, limits), bytes }
}

/** `undefined` when the beginning does not tell all, whatever the reason: the whole file then says what is wrong with it. */
function parseHead (head: Uint8Array, size: number, limits: ParseLimits): Part10 | undefined {
  try {
    const part10 = parsePart10(head, limits, { size })
    const pixels = part10.table.elements.get(pixelDataTag)
    // what ends with the file began in the head, or the parser could not have gone on to it
    const isLast = pixels !== undefined && pixels.offset + pixels.length === size
    return isLast && pixels.fragments === undefined && !part10.inflated ? part10 : undefined
  } catch {
    return undefined
  }
}
