/** A DS or IS value as a number (PS3.5 6.2); anything else, the empty value too, is NaN. */
export function parseDecimal (text: string): number {
  return /^ *[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)? *$/.test(text) ? Number(text) : NaN
}
