import { pixelDigest } from '../archive/instance-header.ts'
import type { Attributes } from '../dicom/attributes.ts'
import { DataSet } from '../dicom/data-set.ts'
import type { ElementTable } from '../dicom/element.ts'
import { essentialHeader } from '../dicom/essential-header.ts'
import { failingPixelData } from '../dicom/frames.ts'
import type { Instance } from '../dicom/instance.ts'
import { defaultParseLimits } from '../dicom/parse-limits.ts'
import { parsePart10 } from '../dicom/part10.ts'
import type { OpenFile } from '../dicom/part10-file.ts'
import { readOpenInstance } from '../dicom/read-instance.ts'
import { isUid } from '../dicom/uid.ts'
import { AppError, toAppError } from '../errors.ts'
import type { ErrorCode, ErrorFacts } from '../errors.ts'
import { ThreadFile } from './thread-file.ts'

const afterSopInstanceUid = 0x00080019
/** Where the SOP UIDs are. */
const headBytes = 2 ** 20

/** The SOP UIDs of a file that could not be taken, as far as they can be read. */
export interface SopUids { readonly sopClassUid?: string, readonly sopInstanceUid?: string }

interface Failure { readonly code: ErrorCode, readonly message: string, readonly facts: ErrorFacts }

/** What reading a received file came to, in values that can be sent from thread to thread. */
export type InstanceReading =
  | {
    readonly instance: Omit<Instance, 'attributes' | 'fileMeta' | 'pixelData'>
    readonly header: ElementTable
    readonly meta: ElementTable | undefined
    /** As `pixelDigest` gives it, or why there is none. */
    readonly pixels: { readonly digest: string | undefined } | { readonly failure: Failure }
  }
  | { readonly failure: Failure, readonly uids: SopUids }

/**
 * Reads a received file, and keeps of it what the door judges by. Never throws for what the file holds.
 * @param room as of `ThreadFile`; nothing of what comes back lies in it
 * @throws AppError `internal` when it is gone
 */
export async function readReceived (path: string, room?: Buffer): Promise<InstanceReading> {
  const file = new ThreadFile(path, room)
  try {
    return await readOpen(file)
  } finally {
    file.close()
  }
}

async function readOpen (file: OpenFile): Promise<InstanceReading> {
  let instance: Instance
  try {
    instance = await readOpenInstance(file)
  } catch (thrown) {
    return { failure: described(toAppError(thrown)), uids: await identify(file) }
  }
  const { attributes, fileMeta, pixelData: _, ...rest } = instance
  const pixels = await pixelDigest(instance)
    .then(digest => ({ digest }), (thrown: unknown) => ({ failure: described(toAppError(thrown)) }))
  return { instance: rest, header: headerOf(attributes), meta: fileMeta === undefined ? undefined : headerOf(fileMeta), pixels }
}

/** What was read as an instance again, without pixels. */
export function instanceOfReading (reading: Extract<InstanceReading, { readonly instance: unknown }>): Instance {
  const { instance, header, meta } = reading
  return {
    ...instance,
    attributes: new DataSet(header),
    pixelData: failingPixelData(new AppError('pixel-data-missing', 'The pixels were not carried along')),
    ...(meta === undefined ? {} : { fileMeta: new DataSet(meta) }),
  }
}

/** The error that another thread described. */
export function errorOf ({ code, message, facts }: Failure): AppError {
  return new AppError(code, message, facts)
}

function described ({ code, message, facts }: AppError): Failure {
  return { code, message, facts }
}

function headerOf (attributes: Attributes): ElementTable {
  if (attributes instanceof DataSet) return essentialHeader(attributes.table)
  throw new AppError('internal', 'Only a parsed data set has a header')
}

/** Of the file's beginning; a deflated one may only be read as a whole. */
async function identify (file: OpenFile): Promise<SopUids> {
  // a file beyond the limit is not read at all
  if (file.size > defaultParseLimits.bytes) return {}
  const length = Math.min(file.size, headBytes)
  return uidsOf(await file.read({ offset: 0, length })) ??
    (length < file.size ? uidsOf(await file.read({ offset: 0, length: file.size })) : undefined) ?? {}
}

/** Reads no further than SOPInstanceUID: what spoils the file mostly comes later. What is a bomb is not inflated again. */
function uidsOf (bytes: Uint8Array): SopUids | undefined {
  const limits = { ...defaultParseLimits, bytes: Math.max(bytes.length, headBytes) }
  try {
    const attributes = new DataSet(parsePart10(bytes, limits, { before: afterSopInstanceUid }).table)
    const sopClassUid = attributes.string('SOPClassUID')
    const sopInstanceUid = attributes.string('SOPInstanceUID')
    return {
      ...(sopClassUid !== undefined && isUid(sopClassUid) ? { sopClassUid } : {}),
      ...(sopInstanceUid !== undefined && isUid(sopInstanceUid) ? { sopInstanceUid } : {}),
    }
  } catch {
    return undefined
  }
}
