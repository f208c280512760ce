import { readFile, stat } from 'node:fs/promises'
import { pixelDigest } from '../archive/instance-header.ts'
import type { Attributes } from '../dicom/attributes.ts'
import { DataSet } from '../dicom/data-set.ts'
import type { ElementTable } from '../dicom/element.ts'
import { essentialHeader } from '../dicom/essential-header.ts'
import { failingPixelData } from '../dicom/frames.ts'
import type { Instance } from '../dicom/instance.ts'
import { defaultParseLimits } from '../dicom/parse-limits.ts'
import { parsePart10 } from '../dicom/part10.ts'
import { readInstance } from '../dicom/read-instance.ts'
import { isUid } from '../dicom/uid.ts'
import { AppError, toAppError } from '../errors.ts'
import type { ErrorCode, ErrorFacts } from '../errors.ts'

const afterSopInstanceUid = 0x00080019

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
 * Reads a received file whole, and keeps of it what the door judges by. Never throws for what the file holds.
 * @throws AppError `internal` when it is gone
 */
export async function readReceived (path: string): Promise<InstanceReading> {
  const bytes = await contentOf(path)
  if (bytes instanceof AppError) return { failure: described(bytes), uids: {} }
  let instance: Instance
  try {
    instance = readInstance(bytes)
  } catch (thrown) {
    return { failure: described(toAppError(thrown)), uids: identify(bytes) }
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

async function contentOf (path: string): Promise<Uint8Array | AppError> {
  const limit = defaultParseLimits.bytes
  const { size } = await stat(path)
  return size > limit ? new AppError('instance-too-large', 'The file is too large', { bytes: size, limit }) : await readFile(path)
}

/** Reads no further than SOPInstanceUID: what spoils the file mostly comes later. What is a bomb is not inflated again. */
function identify (bytes: Uint8Array): SopUids {
  const limits = { ...defaultParseLimits, bytes: Math.max(bytes.length, 2 ** 20) }
  try {
    const attributes = new DataSet(parsePart10(bytes, limits, { before: afterSopInstanceUid }).table)
    const sopClassUid = attributes.string('SOPClassUID')
    const sopInstanceUid = attributes.string('SOPInstanceUID')
    return {
      ...(sopClassUid !== undefined && isUid(sopClassUid) ? { sopClassUid } : {}),
      ...(sopInstanceUid !== undefined && isUid(sopInstanceUid) ? { sopInstanceUid } : {}),
    }
  } catch {
    return {}
  }
}
