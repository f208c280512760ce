import { AppError } from '../errors.ts'
import type { DataSet } from './data-set.ts'
import type { ByteRange, Element } from './element.ts'
import type { PixelData } from './instance.ts'
import type { PixelSource } from './pixel-source.ts'

/** Where the bytes of each frame lie: one range for native frames, one or more fragments for a codestream. */
export type FrameIndex = readonly (readonly ByteRange[])[]

const extendedOffsetTable = 'ExtendedOffsetTable'
const extendedOffsetTableLengths = 'ExtendedOffsetTableLengths'
const itemHeaderLength = 8

/**
 * Finds the frames of native pixel data (PS3.5 8.1): they follow each other without gaps.
 * @param frameBytes bytes of one frame by Rows, Columns, SamplesPerPixel and BitsAllocated
 */
export function nativeFrames (element: Element, frameCount: number, frameBytes: number): FrameIndex {
  return Array.from({ length: frameCount }, (_, i) => [{ offset: element.offset + i * frameBytes, length: frameBytes }])
}

/**
 * Finds the frames of encapsulated pixel data (PS3.5 A.4): by the Extended Offset Table, the Basic Offset Table, one
 * fragment a frame, or, where all these fail, by the fragments that begin a JPEG or JPEG 2000 codestream.
 * @throws AppError `pixel-data-invalid`
 */
export function encapsulatedFrames (dataSet: DataSet, element: Element, frameCount: number): FrameIndex {
  const [offsetTable, ...fragments] = element.fragments ?? []
  if (offsetTable === undefined || fragments.length === 0) throw invalid('PixelData holds no fragments', { frameCount })
  if (frameCount === 1) return [withoutPadding(dataSet, fragments)]
  const extended = dataSet.numbers(extendedOffsetTable)
  if (extended.length === frameCount) {
    const frames = byOffsets(fragments, extended)
    if (frames !== undefined) return frames.map((frame, i) => trimmed(frame, dataSet.numbers(extendedOffsetTableLengths)[i]))
  }
  const basic = basicOffsets(dataSet, offsetTable)
  const frames = basic.length === frameCount ? byOffsets(fragments, basic) : undefined
  if (frames !== undefined) return frames
  if (fragments.length === frameCount) return fragments.map(fragment => [fragment])
  const begun = byCodestreams(dataSet, fragments)
  if (begun.length === frameCount) return begun
  throw invalid('The fragments of PixelData do not add up to NumberOfFrames', { fragments: fragments.length, frameCount })
}

/** Serves frames of an index from a source. */
export function pixelDataOf (index: FrameIndex, source: PixelSource): PixelData {
  return {
    frame: async frameNumber => {
      const ranges = index[frameNumber - 1]
      if (ranges === undefined) throw new AppError('pixel-data-missing', `There is no frame ${frameNumber}`, { frameNumber, frames: index.length })
      const parts = await Promise.all(ranges.map(range => source.read(range)))
      const [first] = parts
      return parts.length === 1 && first !== undefined ? first : new Uint8Array(Buffer.concat(parts))
    },
  }
}

/** Every frame fails with the same error: none there, or none to be found. */
export function failingPixelData (error: AppError): PixelData {
  return { frame: () => Promise.reject(error) }
}

function basicOffsets (dataSet: DataSet, table: ByteRange): readonly number[] {
  const { bytes, littleEndian } = dataSet.table
  const view = new DataView(bytes.buffer, bytes.byteOffset + table.offset, table.length)
  return Array.from({ length: Math.floor(table.length / 4) }, (_, i) => view.getUint32(i * 4, littleEndian))
}

/** Offsets count from the item tag of the first fragment (PS3.5 A.4); `undefined` when one of them meets no item. */
function byOffsets (fragments: readonly ByteRange[], offsets: readonly number[]): FrameIndex | undefined {
  const origin = (fragments[0]?.offset ?? 0) - itemHeaderLength
  const indexes = new Map(fragments.map((fragment, i) => [fragment.offset - itemHeaderLength - origin, i]))
  const starts = offsets.map(offset => indexes.get(offset) ?? -1)
  if (starts[0] !== 0 || starts.some((start, i) => i > 0 && start <= (starts[i - 1] ?? 0))) return undefined
  return starts.map((start, i) => fragments.slice(start, starts[i + 1] ?? fragments.length))
}

/** A fragment that begins with SOI (ITU-T T.81) or SOC + SIZ (ITU-T T.800) begins a frame. */
function byCodestreams (dataSet: DataSet, fragments: readonly ByteRange[]): FrameIndex {
  const { bytes } = dataSet.table
  const frames: ByteRange[][] = []
  for (const fragment of fragments) {
    const first = bytes[fragment.offset]
    const second = bytes[fragment.offset + 1]
    const jpeg = second === 0xd8
    const jpeg2000 = second === 0x4f && bytes[fragment.offset + 2] === 0xff
    const begins = fragment.length > 2 && first === 0xff && (jpeg || jpeg2000)
    if (begins || frames.length === 0) frames.push([fragment])
    else frames.at(-1)?.push(fragment)
  }
  return frames
}

/** A single frame in several fragments, an empty last one left out. */
function withoutPadding (dataSet: DataSet, fragments: readonly ByteRange[]): readonly ByteRange[] {
  const lengths = dataSet.numbers(extendedOffsetTableLengths)
  const filled = fragments.filter(fragment => fragment.length > 0)
  return trimmed(filled, lengths.length === 1 ? lengths[0] : undefined)
}

/** The Extended Offset Table tells a codestream's length without the padding byte (PS3.3 C.7.6.3.1.8). */
function trimmed (frame: readonly ByteRange[], length: number | undefined): readonly ByteRange[] {
  const [only] = frame
  if (frame.length !== 1 || only === undefined || length === undefined) return frame
  if (length < only.length - 1 || length > only.length) return frame
  return [{ offset: only.offset, length }]
}

function invalid (message: string, facts: Readonly<Record<string, number>>): AppError {
  return new AppError('pixel-data-invalid', message, facts)
}
