import { AppError } from '../errors.ts'

/** The length of a DS value (PS3.5 6.2). */
const maxLength = 16

/**
 * A number as DS with as many digits as fit into 16 characters.
 * @throws AppError `value-not-encodable` for NaN and infinities
 */
export function formatDs (value: number): string {
  if (!Number.isFinite(value)) throw new AppError('value-not-encodable', 'A decimal string cannot hold a number that is not finite')
  if (value === 0) return '0' // not '-0'
  for (let digits = 17; digits > 0; digits--) {
    const rounded = digits === 17 ? value : Number(value.toPrecision(digits))
    if (!Number.isFinite(rounded)) continue // rounding up passed the greatest double
    const text = [String(rounded), exponential(rounded)].find(candidate => candidate.length <= maxLength)
    if (text !== undefined) return text
  }
  throw new AppError('value-not-encodable', 'A number does not fit into a decimal string')
}

/** 0.000012345678901234 has fewer characters as 1.2345678901234e-5. */
function exponential (value: number): string {
  return value.toExponential().replace('e+', 'e')
}
