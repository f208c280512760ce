import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { AppError, toAppError } from '../errors.ts'
import { compactHeader } from './compact-header.ts'
import { DataSet } from './data-set.ts'
import type { Element } from './element.ts'
import { encapsulatedFrames, failingPixelData, nativeFrames, pixelDataOf } from './frames.ts'
import type { FrameIndex } from './frames.ts'
import type { Instance } from './instance.ts'
import { parsePart10 } from './part10.ts'
import type { Part10 } from './part10.ts'
import { type OpenFile, parsePart10File } from './part10-file.ts'
import { defaultParseLimits } from './parse-limits.ts'
import type { ParseLimits } from './parse-limits.ts'
import { checkNativeLength, defaultPixelLimits, pixelLayout } from './pixel-layout.ts'
import type { PixelLimits } from './pixel-layout.ts'
import { deflatedFileSource, fileSource, handleFile, memorySource, readable } from './pixel-source.ts'
import type { PixelSource } from './pixel-source.ts'
import { sopClass } from './sop-classes.ts'
import { transferSyntax } from './transfer-syntaxes.ts'
import { parseUid } from './uid.ts'

/** Bounds beyond which an instance is refused. */
export interface ReadLimits { readonly parse?: ParseLimits, readonly pixels?: PixelLimits }

/** How the pixels of an instance are found: their frames, or why there are none. */
type Pixels = { readonly index: FrameIndex } | { readonly error: AppError, readonly frameCount: number }

const pixelDataTag = 0x7fe00010

/**
 * Reads a SOP instance from memory: a Part 10 file, or a bare data set in implicit or explicit little endian.
 * @throws AppError `not-dicom`, `dicom-truncated`, `dicom-malformed`, `uid-invalid`, `instance-too-large`,
 *   `pixel-data-invalid`
 */
export function readInstance (bytes: Uint8Array, limits: ReadLimits = {}): Instance {
  const file = parsePart10(bytes, limits.parse)
  return instanceOf(file, new DataSet(file.table), digestOf(bytes, file), memorySource(file.table.bytes), limits)
}

/** What is known of a file from when it was read before. */
export interface KnownOfFile {
  /** As `Instance.digest`; it is not computed again. */
  readonly digest?: string
}

/**
 * Reads a SOP instance from a file and keeps only its header in memory; frames are read when asked for, so the file
 * has to stay.
 * @throws AppError as `readInstance`, and `input-unreadable`
 */
export async function readInstanceFile (path: string, limits: ReadLimits = {}, known: KnownOfFile = {}): Promise<Instance> {
  return await readable(async () => {
    const handle = await open(path)
    try {
      const { size } = await handle.stat()
      return await readOpenInstance(handleFile(handle, size), limits, { ...known, path })
    } finally {
      await handle.close()
    }
  }, 'The file cannot be read')
}

/**
 * The same from an open file. Without a path, frames are read from what is open, so long as it is, or from memory.
 * @throws AppError as `readInstance`, and what reading it throws
 */
export async function readOpenInstance (
  file: OpenFile, limits: ReadLimits = {}, known: KnownOfFile & { readonly path?: string } = {},
): Promise<Instance> {
  const { part10, bytes } = await parsePart10File(file, limits.parse ?? defaultParseLimits)
  const { table, meta, inflated, dataSetOffset } = part10
  const digest = known.digest ?? (bytes === undefined ? await file.digestFrom(dataSetOffset) : digestOf(bytes, part10))
  const { path } = known
  const held = bytes === undefined ? file : memorySource(table.bytes)
  const source = path === undefined ? held : inflated ? deflatedFileSource(path) : fileSource(path)
  const instance = instanceOf(part10, new DataSet(table), digest, source, limits)
  if (path === undefined) return instance
  const fileMeta = meta === undefined ? {} : { fileMeta: new DataSet(compactHeader(meta)) }
  return { ...instance, ...fileMeta, attributes: new DataSet(compactHeader(table)) }
}

function instanceOf (file: Part10, attributes: DataSet, digest: string, source: PixelSource, limits: ReadLimits): Instance {
  const warnings = [...file.warnings]
  const uid = (name: string) => parseUid(attributes.string(name), name)
  const sopClassUid = uid('SOPClassUID')
  const sopInstanceUid = uid('SOPInstanceUID')
  const transferSyntaxUid = parseUid(file.transferSyntaxUid, 'TransferSyntaxUID')
  const fileMeta = file.meta === undefined ? undefined : new DataSet(file.meta)
  const metaClass = fileMeta?.string('MediaStorageSOPClassUID')
  const metaInstance = fileMeta?.string('MediaStorageSOPInstanceUID')
  if (metaClass !== undefined && metaClass !== sopClassUid) warnings.push('MediaStorageSOPClassUID differs from SOPClassUID')
  if (metaInstance !== undefined && metaInstance !== sopInstanceUid) warnings.push('MediaStorageSOPInstanceUID differs from SOPInstanceUID')
  if (attributes.characterSet.unknown.length > 0) warnings.push('SpecificCharacterSet has a value that the standard does not define')
  const pixels = findPixels(attributes, transferSyntaxUid, limits.pixels ?? defaultPixelLimits)
  if ('error' in pixels && (pixels.frameCount > 0 || sopClass(sopClassUid)?.image === true)) warnings.push(pixels.error.message)
  return {
    sopInstanceUid,
    sopClassUid,
    seriesInstanceUid: uid('SeriesInstanceUID'),
    studyInstanceUid: uid('StudyInstanceUID'),
    transferSyntaxUid,
    attributes,
    frameCount: 'index' in pixels ? pixels.index.length : pixels.frameCount,
    digest,
    pixelData: 'index' in pixels ? pixelDataOf(pixels.index, source) : failingPixelData(pixels.error),
    warnings,
    ...(fileMeta === undefined ? {} : { fileMeta }),
  }
}

/**
 * Native pixel data of the wrong length is refused: the file is cut, or its header lies. Fragments that cannot be
 * assigned to frames fail when a frame is asked for.
 */
function findPixels (attributes: DataSet, transferSyntaxUid: string, limits: PixelLimits): Pixels {
  const element = attributes.element(pixelDataTag)
  if (element === undefined) return { error: new AppError('pixel-data-missing', 'PixelData is missing'), frameCount: 0 }
  const layout = pixelLayout(attributes, limits)
  const encapsulated = transferSyntax(transferSyntaxUid)?.encapsulated ?? element.fragments !== undefined
  if (encapsulated !== (element.fragments !== undefined)) {
    throw new AppError('pixel-data-invalid', 'PixelData is not encoded as its transfer syntax demands', { transferSyntaxUid })
  }
  if (!encapsulated) {
    checkNativeLength(layout, element.length)
    return nativePixels(element, layout.frameCount, layout.frameBytes)
  }
  try {
    return { index: encapsulatedFrames(attributes, element, layout.frameCount) }
  } catch (thrown) {
    return { error: toAppError(thrown, 'pixel-data-invalid'), frameCount: layout.frameCount }
  }
}

function nativePixels (element: Element, frameCount: number, frameBytes: number): Pixels {
  if (Number.isInteger(frameBytes)) return { index: nativeFrames(element, frameCount, frameBytes) }
  if (frameCount === 1) return { index: nativeFrames(element, 1, Math.ceil(frameBytes)) }
  return { error: new AppError('pixel-data-invalid', 'Frames of single bits that share a byte are not supported'), frameCount }
}

function digestOf (bytes: Uint8Array, file: Part10): string {
  return createHash('sha256').update(bytes.subarray(file.dataSetOffset)).digest('hex')
}
