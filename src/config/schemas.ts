import { z } from 'zod'

/** One variable of the environment. */
export interface Variable {
  readonly schema: z.ZodType
  readonly default?: string
  readonly meaning: string
  /** What the table says of a variable without a default. */
  readonly shownDefault?: string
}

// Schemas of variables: each message says what is right and never repeats the value.

/** A whole number within bounds, both included. */
export const integer = (low: number, high: number) => z.string().regex(/^\d{1,15}$/, `must be a whole number from ${low} to ${high}`)
  .transform(Number).refine(n => n >= low && n <= high, `must be a whole number from ${low} to ${high}`)
/** Seconds within bounds, with up to three decimals. */
export const seconds = (low: number, high: number) => z.string().regex(/^\d{1,9}(\.\d{1,3})?$/, `must be seconds from ${low} to ${high}`)
  .transform(Number).refine(n => n >= low && n <= high, `must be seconds from ${low} to ${high}`)
/** One of some words. */
export const choice = <const T extends readonly string[]>(...values: T) => z.enum(values, `must be one of ${values.join(', ')}`)
const units: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 }
/** Bytes. */
export const size = z.string().regex(/^\d{1,12}[KMG]?$/, 'must be bytes, with K, M or G for powers of 1024')
  .transform(text => Number.parseInt(text, 10) * (units[text.replace(/^\d+/, '')] ?? 1)).refine(n => n > 0, 'must be more than 0')
/** `true` or `false`. */
export const flag = choice('true', 'false').transform(text => text === 'true')
/** The name of a file or folder. */
export const file = z.string().min(1, 'must name a file')
/** As `isHttpUrl`. */
export const url = z.string().refine(isHttpUrl, 'must be an http or https URL without user, password, query and fragment')
/** Words between commas; may be empty. */
export const list = z.string().transform(text => text.split(',').map(part => part.trim()).filter(part => part !== ''))

/** An address without secrets in it: no user, password, query or fragment. */
export function isHttpUrl (text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, username, password, search, hash } = new URL(text)
  return (protocol === 'http:' || protocol === 'https:') && [username, password, search, hash].every(part => part === '')
}
