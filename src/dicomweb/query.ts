import { keywordOf, tagOf } from '../dicom/dictionary.ts'
import { isUid } from '../dicom/uid.ts'
import { AppError } from '../errors.ts'

/** An attribute that a search may match or return. */
export interface QueryAttribute {
  /** Of a member of a sequence with that before it: `RequestAttributesSequence.RequestedProcedureID`. */
  readonly keyword: string
  /** Eight upper-case hexadecimal digits; of a member those of the sequence before them, and a dot. */
  readonly tag: string
  readonly vr: string
}

/** One matching rule of PS3.4 C.2.2.2; all rules of a query hold together. */
export type QueryMatch =
  | { readonly kind: 'list', readonly keyword: string, readonly values: readonly string[] }
  /** `*` and `?` */
  | { readonly kind: 'wildcard', readonly keyword: string, readonly pattern: string }
  /** DA and TM, both ends included; `undefined` is open. */
  | { readonly kind: 'range', readonly keyword: string, readonly from: string | undefined, readonly to: string | undefined }

/** A date and its time as one: from `from` to `to`, each a date followed by as much of a time as was given. */
export interface MomentMatch {
  readonly kind: 'moment'
  /** The date. */
  readonly keyword: string
  readonly time: string
  readonly from: string | undefined
  readonly to: string | undefined
}

export interface Query {
  readonly matches: readonly QueryMatch[]
  /** Tags of the attributes asked for by `includefield`, of sequences the outermost. */
  readonly fields: 'all' | readonly string[]
  /** 0 to `maximumLimit` */
  readonly limit: number
  readonly offset: number
  /** Parameters that were asked for with `true` and are not supported. */
  readonly unsupported: readonly UnsupportedParameter[]
}

export type UnsupportedParameter = 'fuzzymatching' | 'emptyvaluematching' | 'multiplevaluematching'

/** Results of one search when `limit` is absent, and at most. */
export const defaultLimit = 100
export const maximumLimit = 1000

const switches: readonly string[] = ['fuzzymatching', 'emptyvaluematching', 'multiplevaluematching'] satisfies UnsupportedParameter[]
/** Handled by content negotiation (PS3.18 8.3.3). */
const elsewhere: readonly string[] = ['accept', 'charset', 'accept-charset']
/** VRs with wildcard matching (PS3.4 C.2.2.2.4). */
const wildcardVrs: readonly string[] = ['AE', 'CS', 'LO', 'LT', 'PN', 'SH', 'ST', 'UC', 'UR', 'UT']

/**
 * The query parameters of a search (PS3.18 8.3.4, 10.6.1.2). An empty value matches everything (PS3.4 C.2.2.2.3) and
 * gives no rule.
 * @param attributes those that can be matched at the level of the search
 * @throws AppError `request-malformed`, naming the parameter, never its value
 */
export function parseQuery (parameters: Iterable<readonly [string, string]>, attributes: readonly QueryAttribute[]): Query {
  const matches = new Map<string, QueryMatch | undefined>()
  const single = new Map<string, string>()
  const unsupported: UnsupportedParameter[] = []
  const fields: string[] = []
  for (const [name, value] of parameters) {
    if (elsewhere.includes(name)) continue
    if (name === 'includefield') {
      fields.push(...value.split(','))
    } else if (name === 'limit' || name === 'offset' || switches.includes(name)) {
      if (single.has(name)) throw malformed(name, `${name} is given twice`)
      single.set(name, value)
    } else {
      const attribute = findAttribute(name, attributes)
      if (matches.has(attribute.keyword)) throw malformed(attribute.keyword, `${attribute.keyword} is given twice`)
      matches.set(attribute.keyword, parseMatch(attribute, value))
    }
  }
  for (const name of switches) {
    const value = single.get(name)
    if (value !== undefined && value !== 'true' && value !== 'false') throw malformed(name, `${name} is neither true nor false`)
    if (value === 'true') unsupported.push(name as UnsupportedParameter)
  }
  return {
    matches: [...matches.values()].filter(match => match !== undefined),
    fields: parseFields(fields),
    limit: Math.min(maximumLimit, count('limit', single.get('limit'), defaultLimit)),
    offset: count('offset', single.get('offset'), 0),
    unsupported,
  }
}

/**
 * The Warning headers of a search (PS3.18 8.3.4.4 and 10.6.3), word for word.
 * @param base URL of the service
 */
export function queryWarnings (base: string, query: Query, found: { readonly total: number, readonly rows: number }): string[] {
  const texts = query.unsupported.map(name => `The ${name} parameter is not supported. Only literal matching has been performed.`)
  const remaining = found.total - query.offset - found.rows
  if (remaining > 0) texts.push(`There are ${remaining} additional results that can be requested`)
  return texts.map(text => `299 ${base}: ${text}`)
}

function findAttribute (name: string, attributes: readonly QueryAttribute[]): QueryAttribute {
  const tag = tagPath(name)
  if (tag === undefined) throw new AppError('request-malformed', 'A query parameter is neither an attribute nor known', { parameters: 1 })
  const attribute = attributes.find(candidate => candidate.tag === tag)
  const keyword = tag.split('.').map(part => keywordOf(parseInt(part, 16)) ?? part).join('.')
  if (attribute === undefined) throw malformed(keyword, `${keyword} cannot be matched at this level`)
  return attribute
}

/** Keywords or tags joined by dots (PS3.18 8.3.4.1) → tags joined by dots. */
function tagPath (name: string): string | undefined {
  const tags = name.split('.').map(tagOf)
  return tags.includes(undefined) ? undefined : tags.map(tag => tag!.toString(16).toUpperCase().padStart(8, '0')).join('.')
}

function parseMatch ({ keyword, vr }: QueryAttribute, value: string): QueryMatch | undefined {
  const text = value.trim()
  if (text === '') return undefined
  if (vr === 'UI') {
    const values = text.split(/[,\\]/).map(uid => uid.trim())
    if (!values.every(isUid)) throw malformed(keyword, `${keyword} is not a list of UIDs`)
    return { kind: 'list', keyword, values }
  }
  if (vr === 'DA') return parseRange(keyword, text, /^\d{8}$/)
  if (vr === 'TM') return parseRange(keyword, text, /^\d{2}(\d{2}(\d{2}(\.\d{1,6})?)?)?$/)
  if (vr === 'IS' || vr === 'US') {
    if (!/^[+-]?\d{1,12}$/.test(text)) throw malformed(keyword, `${keyword} is not an integer`)
    return { kind: 'list', keyword, values: [String(Number(text))] }
  }
  if (!wildcardVrs.includes(vr)) return { kind: 'list', keyword, values: [text] }
  if (/^\*+$/.test(text)) return undefined
  // a name is compared without regard to case (PS3.4 C.2.2.2.1), which is what its pattern does
  return /[*?]/.test(text) || vr === 'PN' ? { kind: 'wildcard', keyword, pattern: text } : { kind: 'list', keyword, values: [text] }
}

/** PS3.4 C.2.2.2.5: `a`, `a-b`, `a-`, `-b`. */
function parseRange (keyword: string, text: string, form: RegExp): QueryMatch {
  const ends = text.split('-')
  if (ends.length > 2 || ends.every(end => end === '') || !ends.every(end => end === '' || form.test(end))) {
    throw malformed(keyword, `${keyword} is neither a value nor a range`)
  }
  if (ends.length === 1) return { kind: 'list', keyword, values: [text] }
  const [from, to] = ends.map(end => end === '' ? undefined : end)
  return { kind: 'range', keyword, from, to }
}

/** Pairs of PS3.4 C.2.2.2.5. */
const moments = [['StudyDate', 'StudyTime'], ['PerformedProcedureStepStartDate', 'PerformedProcedureStepStartTime']] as const

/** Combined date-time matching (PS3.18 8.3.4.1.1): ranges of a date and of its time become one. */
export function combineMoments (matches: readonly QueryMatch[]): (QueryMatch | MomentMatch)[] {
  return moments.reduce<(QueryMatch | MomentMatch)[]>((found, [dateName, timeName]) => {
    const [date, time] = [dateName, timeName].map(name => found.find(match => match.keyword === name))
    if (date?.kind !== 'range' || time?.kind !== 'range') return found
    // a time without a date on its side says nothing; a date without a time there is a whole day
    const from = date.from === undefined ? undefined : date.from + (time.from ?? '')
    const to = date.to === undefined ? undefined : date.to + (time.to ?? '')
    return [...found.filter(match => match !== date && match !== time), { kind: 'moment', keyword: dateName, time: timeName, from, to }]
  }, [...matches])
}

/** `all` stands alone; otherwise each field is a keyword or tag, or several joined by dots (PS3.18 8.3.4.3). */
function parseFields (fields: readonly string[]): 'all' | string[] {
  if (fields.includes('all')) {
    if (fields.length > 1) throw malformed('includefield', 'includefield=all is given together with others')
    return 'all'
  }
  return fields.map(field => {
    const path = tagPath(field)
    if (path === undefined) throw malformed('includefield', 'includefield names something that is not an attribute')
    return path.slice(0, 8)
  })
}

function count (name: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback
  if (!/^\d{1,9}$/.test(text)) throw malformed(name, `${name} is not a count`)
  return Number(text)
}

function malformed (parameter: string, message: string): AppError {
  return new AppError('request-malformed', message, { parameter })
}
