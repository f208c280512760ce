import type { Inputs } from '../analysis/read-inputs.ts'
import type { CliIo } from './io.ts'

/** One line on stderr per file that could not be used. */
export function reportUnusable (inputs: Inputs, io: CliIo): void {
  for (const { path, error } of inputs.unusable) io.stderr.write(`tuberlens: ${path}: ${error.message}\n`)
}
