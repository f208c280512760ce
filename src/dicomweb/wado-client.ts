import { type Dispatcher, request } from 'undici'
import { isUid } from '../dicom/uid.ts'
import { AppError, toAppError } from '../errors.ts'
import { type Destination, destinationHeaders, destinationUrl } from './destination.ts'
import { type MediaType, parseMediaType } from './media-type.ts'
import { checkBoundary, defaultMultipartLimits, type MultipartLimits, readParts } from './multipart-related.ts'

/** A study, one of its series, or one instance. */
export interface RetrieveTarget {
  readonly studyInstanceUid: string
  readonly seriesInstanceUid?: string
  /** Only together with the series. */
  readonly sopInstanceUid?: string
}

/**
 * Takes the bytes of one instance, a PS3.10 file; the next one is not read before it resolves. What it throws ends the retrieval
 * and is passed on. An instance whose bytes break off makes `body` throw: it is then not whole.
 */
export type InstanceSink = (body: AsyncIterable<Uint8Array>) => Promise<void>

export interface RetrieveOptions {
  readonly signal?: AbortSignal
  /** Of a multipart answer; `requestBytes` holds for a single part too. */
  readonly limits?: MultipartLimits
  /** For the whole retrieval, however steadily the bytes trickle; ms. Default 10 minutes. */
  readonly timeoutMs?: number
}

interface Retrieval {
  readonly destination: Destination
  readonly url: string
  readonly signal: AbortSignal
  /** The caller's own, which is told from the time limit. */
  readonly callerSignal: AbortSignal | undefined
  readonly limits: MultipartLimits
}

const defaultTimeoutMs = 600_000

/**
 * Retrieves instances as they are stored (WADO-RS, PS3.18 10.4; `transfer-syntax=*`, 8.7.3.5.2), streamed one after the other to
 * the sink; how many. 404, 410 and 204 are none. Nothing but the destination's own root is ever asked: URLs in answers are not
 * read, redirects not followed.
 * @throws AppError `remote-unreachable`, `remote-refused`, `payload-too-large`, `uid-invalid`; the signal's reason when aborted
 */
export async function retrieveInstances (
  destination: Destination, target: RetrieveTarget, sink: InstanceSink, options: RetrieveOptions = {},
): Promise<number> {
  const { signal: callerSignal, limits = defaultMultipartLimits, timeoutMs = defaultTimeoutMs } = options
  const deadline = AbortSignal.timeout(timeoutMs)
  const signal = callerSignal === undefined ? deadline : AbortSignal.any([callerSignal, deadline])
  const retrieval = { destination, url: destinationUrl(destination, pathOf(target)), signal, callerSignal, limits }
  const { statusCode: status, headers, body } = await open(retrieval)
  // undici reports a body that is not read to its end as an error
  body.on('error', () => undefined)
  try {
    if (status === 204 || status === 404 || status === 410) return 0
    if (status !== 200 && status !== 206) throw refused(`The DICOMweb server answered the retrieval with ${status}`, status)
    const encoding = String(headers['content-encoding'] ?? 'identity').trim().toLowerCase()
    if (encoding !== 'identity') throw refused('The DICOMweb server answered the retrieval with a content coding that was not asked for', status)
    const type = parseMediaType(String(headers['content-type'] ?? ''))
    if (type?.type === 'application/dicom') return await readSingle(retrieval, body, sink)
    if (type?.type === 'multipart/related') return await readMultipart(retrieval, type, body, sink)
    throw refused('The DICOMweb server answered the retrieval with something that is not DICOM', status)
  } finally {
    body.destroy()
  }
}

/** UIDs come from other systems: one that is none could lead out of the root. */
function pathOf ({ studyInstanceUid, seriesInstanceUid, sopInstanceUid }: RetrieveTarget): string {
  const segments = [['studies', studyInstanceUid], ['series', seriesInstanceUid], ['instances', sopInstanceUid]] as const
  return segments.filter(([, uid]) => uid !== undefined).map(([name, uid]) => {
    if (!isUid(uid ?? '')) throw new AppError('uid-invalid', `What is to be retrieved from ${name} has no valid UID`)
    return `${name}/${uid}`
  }).join('/')
}

async function open (retrieval: Retrieval): Promise<Dispatcher.ResponseData> {
  const { destination } = retrieval
  const first = await attempt(retrieval)
  if (![401, 403].includes(first.statusCode) || destination.refresh === undefined) return first
  await first.body.dump()
  await destination.refresh()
  return await attempt(retrieval)
}

async function attempt (retrieval: Retrieval): Promise<Dispatcher.ResponseData> {
  const { destination, url, signal } = retrieval
  const timeout = destination.answerTimeoutMs ?? 120_000
  const accept = 'multipart/related; type="application/dicom"; transfer-syntax=*'
  try {
    const { dispatcher } = destination
    const headers = { 'user-agent': 'tuberlens', ...await destinationHeaders(destination), accept }
    const timeouts = { headersTimeout: timeout, bodyTimeout: timeout }
    return await request(url, { headers, ...timeouts, signal, ...(dispatcher ? { dispatcher } : {}) })
  } catch (cause) {
    throw broken(retrieval, cause)
  }
}

async function readSingle (retrieval: Retrieval, body: AsyncIterable<Uint8Array>, sink: InstanceSink): Promise<number> {
  await hand(retrieval, limited(body, retrieval.limits.requestBytes), sink)
  return 1
}

async function readMultipart (retrieval: Retrieval, type: MediaType, body: Dispatcher.ResponseData['body'], sink: InstanceSink): Promise<number> {
  let taken = 0
  const parts = mapped(retrieval, () => readParts(body, checkBoundary(type.parameters.get('boundary')), retrieval.limits))
  for await (const part of parts) {
    const partType = part.headers.get('content-type')
    if (partType !== undefined && parseMediaType(partType)?.type !== 'application/dicom') continue
    await hand(retrieval, part.body, sink)
    taken++
  }
  return taken
}

/** Gives one instance to the sink. What broke it off is thrown, even where the sink keeps that to itself. */
async function hand (retrieval: Retrieval, body: AsyncIterable<Uint8Array>, sink: InstanceSink): Promise<void> {
  const breaks: unknown[] = []
  async function * relay (): AsyncGenerator<Uint8Array> {
    try {
      yield * body
    } catch (thrown) {
      breaks.push(thrown)
      throw broken(retrieval, thrown)
    }
  }
  await sink(relay())
  if (breaks.length > 0) throw broken(retrieval, breaks[0])
}

async function * limited (body: AsyncIterable<Uint8Array>, limit: number): AsyncGenerator<Uint8Array> {
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.length
    if (bytes > limit) throw new AppError('payload-too-large', 'The retrieved instance passes the limit of its size', { limit })
    yield chunk
  }
}

/** The same values, with what is thrown told as the caller knows it. */
async function * mapped<T> (retrieval: Retrieval, values: () => AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield * values()
  } catch (thrown) {
    throw broken(retrieval, thrown)
  }
}

/** What went wrong with the answer. @throws the reason of the caller's signal when that was aborted */
function broken ({ callerSignal }: Retrieval, thrown: unknown): AppError {
  callerSignal?.throwIfAborted()
  const { code, message } = toAppError(thrown, 'remote-unreachable')
  if (code === 'payload-too-large') return thrown as AppError
  if (code === 'request-malformed') return new AppError('remote-refused', `The DICOMweb server's answer cannot be read: ${message}`, {}, { cause: thrown })
  return new AppError('remote-unreachable', 'The DICOMweb server did not answer the retrieval in full', {}, { cause: thrown })
}

function refused (message: string, status: number): AppError { return new AppError('remote-refused', message, { status }) }
