import { type MediaType, parseMediaType, splitOutsideQuotes } from './media-type.ts'

/** One entry of an Accept header. */
export interface AcceptRange extends MediaType {
  /** Weight, 0 to 1; 0 excludes. */
  readonly q: number
}

/**
 * Parses Accept (RFC 9110 12.5.1); the `accept` query parameter replaces the header (PS3.18 8.3.3.1). Entries that are not
 * media ranges are left out. Nothing given, or nothing readable in it, is any type.
 */
export function parseAccept (header: string | undefined, queryParameter?: string): AcceptRange[] {
  const ranges = splitOutsideQuotes(queryParameter ?? header ?? '', ',').flatMap((text): AcceptRange[] => {
    const range = parseMediaType(text)
    if (range === undefined) return []
    const q = Number(range.parameters.get('q') ?? 1)
    return [{ ...range, q: Number.isFinite(q) ? Math.min(1, Math.max(0, q)) : 1 }]
  })
  return ranges.length > 0 ? ranges : [{ type: '*/*', parameters: new Map(), q: 1 }]
}

/** A representation that a resource has. */
export interface Offer {
  /** The media type of the whole answer, or of one part when `multipart`. */
  readonly type: string
  readonly multipart?: boolean
  /** Whether it can be had in a transfer syntax (a UID, `*`, or `undefined` for none named). Default: always. */
  readonly inTransferSyntax?: (transferSyntax: string | undefined) => boolean
}

export interface Chosen<T extends Offer> {
  readonly offer: T
  /** The `transfer-syntax` parameter of the range that won. */
  readonly transferSyntax: string | undefined
}

/**
 * The offer the client weighs highest; among equals the one named first by the client, then the first of `offers`, so
 * that a wildcard gives the default. `undefined` is 406.
 */
export function negotiate<T extends Offer> (ranges: readonly AcceptRange[], offers: readonly T[]): Chosen<T> | undefined {
  let best: (Chosen<T> & { q: number, position: number }) | undefined
  for (const offer of offers) {
    const fitting = ranges.map((range, position) => ({ range, position, specificity: specificity(range, offer) }))
      .filter(({ range, specificity }) => specificity > 0 && acceptsSyntax(offer, range))
    const highest = Math.max(...fitting.map(({ specificity }) => specificity))
    const deciding = fitting.filter(({ specificity }) => specificity === highest)
      .reduce<typeof fitting[number] | undefined>((a, b) => a === undefined || b.range.q > a.range.q ? b : a, undefined)
    if (deciding === undefined || deciding.range.q === 0) continue
    const { range: { q, parameters }, position } = deciding
    if (best === undefined || q > best.q || (q === best.q && position < best.position)) {
      best = { offer, transferSyntax: parameters.get('transfer-syntax'), q, position }
    }
  }
  return best && { offer: best.offer, transferSyntax: best.transferSyntax }
}

function acceptsSyntax (offer: Offer, range: AcceptRange): boolean {
  return offer.inTransferSyntax?.(range.parameters.get('transfer-syntax')) ?? true
}

/** 0: does not match; more is more specific. A multipart range without `type` stands for any part. */
function specificity (range: AcceptRange, offer: Offer): number {
  if (range.type === '*/*') return 1
  if (offer.multipart !== true) return matches(range.type, offer.type)
  if (range.type === 'multipart/*') return 2
  if (range.type !== 'multipart/related') return 0
  const part = range.parameters.get('type')?.toLowerCase()
  return part === undefined ? 3 : matches(part, offer.type) + (matches(part, offer.type) > 0 ? 1 : 0)
}

function matches (range: string, type: string): number {
  if (range === type) return 3
  if (range === '*/*') return 1
  return range.endsWith('/*') && type.startsWith(range.slice(0, -1)) ? 2 : 0
}
