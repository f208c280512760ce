import type { Inputs } from '../analysis/read-inputs.ts'
import { AppError } from '../errors.ts'
import type { CliIo } from './io.ts'

/** One line on stderr per file that could not be used. */
export function reportUnusable (inputs: Inputs, io: CliIo): void {
  for (const { path, error } of inputs.unusable) io.stderr.write(`tuberlens: ${path}: ${error.message}\n`)
}

/** The end of a command that was given nothing to work with; says what was there instead. */
export function nothingReadable ({ unusable, passedOver }: Inputs): AppError {
  const files = unusable.length + passedOver
  const what = files === 0 ? 'there are no files' : `${files} ${files === 1 ? 'file, which is not' : 'files, none of them'} readable DICOM`
  return new AppError('no-dicom-found', `nothing to work with: ${what}`, { files })
}
