/** What a data set may cost before it is refused as an attack or an accident. */
export interface ParseLimits {
  /** Sequences within sequences. */
  readonly depth: number
  /** Elements and items of the whole file. */
  readonly elements: number
  /** Bytes of the file, and of what a deflated data set may become. */
  readonly bytes: number
}

/** Real enhanced MR of 520 frames has 60,000 elements at depth 4. */
export const defaultParseLimits: ParseLimits = { depth: 64, elements: 500_000, bytes: 2 ** 30 }
