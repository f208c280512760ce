import { AppError } from '../errors.ts'

/** Runs node's parseArgs; what it throws becomes a `usage` error in one sentence. */
export function parseOptions<T> (parse: () => T): T {
  try {
    return parse()
  } catch (cause) {
    const message = cause instanceof Error ? cause.message.split(/[.;]\s/)[0]! : 'the options cannot be understood'
    throw new AppError('usage', message.charAt(0).toLowerCase() + message.slice(1), {}, { cause })
  }
}

/** A number given as an option. @throws AppError `usage` */
export function numberOption (name: string, text: string | undefined, range: { min: number, max: number }): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value) || value < range.min || value > range.max) {
    throw new AppError('usage', `--${name} must be a number from ${range.min} to ${range.max}, not "${text}"`)
  }
  return value
}
