/**
 * Every way in which tuberlens says no. The core knows nothing of HTTP or exit codes: one exhaustive table at each edge
 * (service/problems, cli/exit-codes) maps a code to what that edge answers.
 */
export const errorCodes = [
  // reading DICOM
  'not-dicom', // no DICOM data set can be recognised in the bytes
  'dicom-truncated', // the file ends inside an element
  'dicom-malformed', // the encoding breaks PS3.5, or passes a limit of nesting, count or length
  'dicom-invalid-value', // an attribute is missing or has a value that its definition does not allow
  'uid-invalid',
  'transfer-syntax-unsupported',
  'instance-too-large', // Rows, Columns, NumberOfFrames or bytes beyond the limits
  // pixels
  'pixel-data-missing',
  'pixel-data-invalid', // length or codestream does not agree with the header
  'pixel-decode-failed',
  'pixel-decode-timeout',
  // selection and analysis
  'no-dicom-found',
  'no-eligible-series',
  'input-unreadable', // a file or folder that cannot be opened
  // model
  'model-not-found',
  'model-invalid', // manifest, hash, shape or version
  'engine-unavailable',
  'engine-failed',
  'training-data-invalid',
  // writing DICOM
  'value-not-encodable', // a builder was given what a VR cannot hold
  // protocol and service
  'request-malformed',
  'request-timeout', // a body that comes too slowly
  'media-type-unsupported',
  'not-acceptable',
  'payload-too-large',
  'too-many-requests',
  'not-implemented',
  'unauthorized', // credentials are missing or wrong
  'forbidden',
  'misdirected', // for a host name that is not ours
  'not-found',
  'gone',
  'conflict',
  'out-of-resources',
  'remote-unreachable',
  'remote-refused',
  'config-invalid',
  'usage', // a command line that cannot be understood
  'interrupted',
  'internal',
] as const

export type ErrorCode = typeof errorCodes[number]

/** What happened, in values a program can read. Never a patient attribute: facts may reach logs and answers. */
export type ErrorFacts = Readonly<Record<string, string | number | boolean>>

/** The only error class thrown on purpose. `message` is a sentence for the user; `code` and `facts` are for programs. */
export class AppError extends Error {
  override readonly name = 'AppError'
  readonly code: ErrorCode
  readonly facts: ErrorFacts

  constructor (code: ErrorCode, message: string, facts: ErrorFacts = {}, options: { cause?: unknown } = {}) {
    super(message, options)
    this.code = code
    this.facts = facts
  }
}

/** Wraps anything thrown (some libraries throw strings or numbers); an AppError is returned as it is. */
export function toAppError (thrown: unknown, code: ErrorCode = 'internal', message?: string, facts: ErrorFacts = {}): AppError {
  if (thrown instanceof AppError) return thrown
  const reason = thrown instanceof Error ? thrown.message : typeof thrown
  return new AppError(code, message ?? reason, facts, { cause: thrown })
}
