import type { AppError, ErrorCode } from '../errors.ts'

interface ProblemKind {
  readonly status: number
  readonly title: string
  /** Whether the same request may succeed later. */
  readonly temporary?: true
}

/** What the HTTP edge answers for each error of the program. */
export const problems = {
  'not-dicom': { status: 400, title: 'Not DICOM' },
  'dicom-truncated': { status: 400, title: 'Truncated DICOM' },
  'dicom-malformed': { status: 400, title: 'Malformed DICOM' },
  'dicom-invalid-value': { status: 400, title: 'Invalid DICOM attribute' },
  'uid-invalid': { status: 400, title: 'Invalid UID' },
  'transfer-syntax-unsupported': { status: 406, title: 'Transfer syntax not supported' },
  'instance-too-large': { status: 413, title: 'Instance too large' },
  'pixel-data-missing': { status: 404, title: 'No pixel data' },
  'pixel-data-invalid': { status: 422, title: 'Invalid pixel data' },
  'pixel-decode-failed': { status: 422, title: 'Pixel data cannot be decoded' },
  'pixel-decode-timeout': { status: 422, title: 'Decoding took too long' },
  'no-dicom-found': { status: 400, title: 'No DICOM found' },
  'no-eligible-series': { status: 409, title: 'No eligible series' },
  'input-unreadable': { status: 500, title: 'Stored data unreadable' },
  'model-not-found': { status: 503, title: 'Model not found', temporary: true },
  'model-invalid': { status: 503, title: 'Model invalid', temporary: true },
  'engine-unavailable': { status: 503, title: 'Engine unavailable', temporary: true },
  'engine-failed': { status: 503, title: 'Engine failed', temporary: true },
  'training-data-invalid': { status: 500, title: 'Internal error' },
  'value-not-encodable': { status: 500, title: 'Internal error' },
  'request-malformed': { status: 400, title: 'Malformed request' },
  'request-timeout': { status: 408, title: 'Request too slow', temporary: true },
  'media-type-unsupported': { status: 415, title: 'Unsupported media type' },
  'not-acceptable': { status: 406, title: 'Not acceptable' },
  'payload-too-large': { status: 413, title: 'Payload too large' },
  'not-implemented': { status: 501, title: 'Not implemented' },
  'too-many-requests': { status: 429, title: 'Too many requests', temporary: true },
  unauthorized: { status: 401, title: 'Credentials required' },
  forbidden: { status: 403, title: 'Not permitted' },
  misdirected: { status: 421, title: 'Misdirected request' },
  'not-found': { status: 404, title: 'Not found' },
  gone: { status: 410, title: 'Gone' },
  conflict: { status: 409, title: 'Conflict' },
  'out-of-resources': { status: 503, title: 'Out of resources', temporary: true },
  'remote-unreachable': { status: 502, title: 'Destination unreachable', temporary: true },
  'remote-refused': { status: 502, title: 'Destination refused', temporary: true },
  'config-invalid': { status: 500, title: 'Internal error' },
  usage: { status: 500, title: 'Internal error' },
  interrupted: { status: 503, title: 'Interrupted', temporary: true },
  internal: { status: 500, title: 'Internal error' },
} as const satisfies Record<ErrorCode, ProblemKind>

/** The Status Report of PS3.18 8.6.3 as application/problem+json (RFC 9457). */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: string
  readonly requestId: string
  readonly temporary: boolean
}

export const problemMediaType = 'application/problem+json'

/** The problem of an error. Details of internal errors stay in the log. */
export function problemOf (error: AppError, requestId: string): Problem {
  const kind: ProblemKind = problems[error.code]
  const { status, title } = kind
  const detail = status === 500 ? title : error.message
  return problem({ status, title, code: error.code, requestId, detail, temporary: kind.temporary === true })
}

/** Problems that the HTTP server itself finds, by status; `detail` never repeats what the client sent. */
export const httpTitles: Readonly<Record<number, string>> = {
  400: 'Malformed request',
  401: 'Credentials required',
  403: 'Not permitted',
  404: 'Not found',
  405: 'Method not allowed',
  408: 'Request too slow',
  413: 'Payload too large',
  414: 'URI too long',
  415: 'Unsupported media type',
  421: 'Misdirected request',
  429: 'Too many requests',
  431: 'Header too large',
  503: 'Service unavailable',
}

/** A problem without an AppError behind it. */
export function problemOfStatus (status: number, requestId: string, detail?: string): Problem {
  const title = httpTitles[status] ?? 'Internal error'
  const temporary = status === 408 || status === 429 || status >= 503
  return problem({ status, title, code: `http-${status}`, requestId, detail: detail ?? title, temporary })
}

function problem (fields: Omit<Problem, 'type'>): Problem {
  return { type: `urn:tuberlens:problem:${fields.code}`, ...fields }
}
