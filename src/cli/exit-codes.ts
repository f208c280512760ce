import type { ErrorCode } from '../errors.ts'

/** What the shell sees. Printed by `tuberlens help` and in the README; a test holds them together. */
export const exitCodes = {
  ok: { code: 0, meaning: 'finished; everything given was used' },
  internal: { code: 1, meaning: 'an unexpected error, worth a report' },
  usage: { code: 2, meaning: 'the command line could not be understood' },
  input: { code: 3, meaning: 'no usable DICOM in what was given' },
  noSeries: { code: 4, meaning: 'DICOM was read, but no axial T2 or FLAIR series is in it' },
  partial: { code: 5, meaning: 'finished, but a file or a slice could not be used; results say which' },
  model: { code: 6, meaning: 'the model or its engine could not be loaded' },
  remote: { code: 7, meaning: 'results could not be stored in the PACS; they are in the output folder' },
  unfit: { code: 8, meaning: 'tuberlens doctor found what keeps the service from working' },
  config: { code: 78, meaning: 'the configuration has errors; each is listed' },
  interrupted: { code: 130, meaning: 'stopped by Ctrl-C' },
} as const satisfies Record<string, { code: number, meaning: string }>

const byError = {
  'not-dicom': 'input',
  'dicom-truncated': 'input',
  'dicom-malformed': 'input',
  'dicom-invalid-value': 'input',
  'uid-invalid': 'input',
  'transfer-syntax-unsupported': 'input',
  'instance-too-large': 'input',
  'pixel-data-missing': 'input',
  'pixel-data-invalid': 'input',
  'pixel-decode-failed': 'input',
  'pixel-decode-timeout': 'input',
  'no-dicom-found': 'input',
  'no-eligible-series': 'noSeries',
  'input-unreadable': 'input',
  'model-not-found': 'model',
  'model-invalid': 'model',
  'engine-unavailable': 'model',
  'engine-failed': 'model',
  'training-data-invalid': 'input',
  'value-not-encodable': 'internal',
  'request-malformed': 'usage',
  'request-timeout': 'internal',
  'media-type-unsupported': 'usage',
  'not-acceptable': 'usage',
  'payload-too-large': 'input',
  'too-many-requests': 'internal',
  'not-implemented': 'internal',
  unauthorized: 'internal',
  forbidden: 'internal',
  misdirected: 'internal',
  'not-found': 'input',
  gone: 'input',
  conflict: 'internal',
  'out-of-resources': 'internal',
  'remote-unreachable': 'remote',
  'remote-refused': 'remote',
  'config-invalid': 'config',
  usage: 'usage',
  interrupted: 'interrupted',
  internal: 'internal',
} as const satisfies Record<ErrorCode, keyof typeof exitCodes>

/** The exit code of a failure. */
export function exitCodeOf (code: ErrorCode): number {
  return exitCodes[byError[code]].code
}
