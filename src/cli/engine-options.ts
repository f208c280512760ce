import { AppError } from '../errors.ts'
import { deviceNames, engineNames } from '../model/engines/engine.ts'
import type { LoadOptions } from '../model/load-model.ts'

/** What computes a network, and on what; for `parseArgs`. */
export const engineOptions = {
  engine: { type: 'string', default: 'auto' },
  device: { type: 'string', default: 'cpu' },
} as const

/** @throws AppError `usage` */
export function engineSettings (values: { readonly engine: string, readonly device: string }): LoadOptions {
  const engine = (['auto', ...engineNames] as const).find(name => name === values.engine)
  if (engine === undefined) throw new AppError('usage', `--engine must be auto, onnxruntime or tensorflow, not "${values.engine}"`)
  const device = deviceNames.find(name => name === values.device)
  if (device === undefined) throw new AppError('usage', `--device must be cpu or cuda, not "${values.device}"`)
  if (device === 'cuda' && engine === 'tensorflow') throw new AppError('usage', '--device cuda is for onnxruntime, not for --engine tensorflow')
  return { engine, device }
}
