/** What a data set may cost before it is refused as an attack or an accident. */
export interface ParseLimits {
  /** Sequences within sequences. */
  readonly depth: number
  /** Elements and items of the whole file. */
  readonly elements: number
  /** Bytes of the file, and of what a deflated data set may become. */
  readonly bytes: number
}

/** An enhanced MR of 520 frames has 10,000 elements, one with all that Philips adds 200 a frame; both nest 5 deep. */
export const defaultParseLimits: ParseLimits = { depth: 64, elements: 500_000, bytes: 2 ** 30 }
