/** First and last byte, both included. */
export interface ByteRange { readonly first: number, readonly last: number }

/**
 * A single byte range of RFC 9110 14.1.2, first and last byte included. `undefined`: none asked for, several, or not
 * readable, which all mean the whole.
 */
export function parseRange (header: string | undefined, length: number): ByteRange | 'unsatisfiable' | undefined {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/i.exec(header?.trim() ?? '')
  if (match === null) return undefined
  const [, from = '', to = ''] = match
  if (from === '' && to === '') return undefined
  const first = from === '' ? Math.max(0, length - Number(to)) : Number(from)
  const last = from === '' || to === '' ? length - 1 : Math.min(Number(to), length - 1)
  if (from !== '' && to !== '' && Number(to) < Number(from)) return undefined
  return first > last || first >= length ? 'unsatisfiable' : { first, last }
}
