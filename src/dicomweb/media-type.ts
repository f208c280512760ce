/** A media type or media range with its parameters (RFC 9110 8.3.1); names in lower case, values as they were. */
export interface MediaType {
  /** `type/subtype` in lower case. */
  readonly type: string
  readonly parameters: ReadonlyMap<string, string>
}

/**
 * Splits a header at a separator that stands outside quotes. A quote that is never closed runs to the end.
 */
export function splitOutsideQuotes (text: string, separator: ',' | ';'): string[] {
  const parts: string[] = []
  let start = 0
  let quoted = false
  for (let i = 0; i < text.length; i++) {
    const c = text[i]
    if (quoted && c === '\\') i++
    else if (c === '"') quoted = !quoted
    else if (c === separator && !quoted) {
      parts.push(text.slice(start, i))
      start = i + 1
    }
  }
  parts.push(text.slice(start))
  return parts
}

/**
 * Parses a Content-Type or one entry of Accept. Tolerant as senders need it: parameters in any order and case, quoted or
 * not (`type=application/dicom` breaks RFC 9110 and is common), blanks around `;` and `=`, the first of a repeated name.
 * `undefined` when no `type/subtype` is there.
 */
export function parseMediaType (text: string | undefined): MediaType | undefined {
  const [essence = '', ...rest] = splitOutsideQuotes(text ?? '', ';')
  const type = essence.trim().toLowerCase()
  if (!/^[!#$%&'*+\-.^_`|~\w]+\/[!#$%&'*+\-.^_`|~\w]+$/.test(type)) return undefined
  const parameters = new Map<string, string>()
  for (const parameter of rest) {
    const equals = parameter.indexOf('=')
    if (equals < 1) continue
    const name = parameter.slice(0, equals).trim().toLowerCase()
    if (!parameters.has(name)) parameters.set(name, unquote(parameter.slice(equals + 1).trim()))
  }
  return { type, parameters }
}

function unquote (value: string): string {
  if (!value.startsWith('"')) return value
  const closed = value.length > 1 && value.endsWith('"')
  return value.slice(1, closed ? -1 : undefined).replace(/\\(.)/g, '$1')
}
