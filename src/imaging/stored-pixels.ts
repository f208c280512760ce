export type SampleArray = Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array

/** One decoded frame: stored values (PS3.3 C.7.6.3), samples interleaved, row by row, sign extended from BitsStored. */
export interface StoredPixels {
  readonly width: number
  readonly height: number
  readonly samplesPerPixel: number
  /** Not to be written to: it may be the memory of the file. */
  readonly data: SampleArray
  /** Deviations of the encoding that did not prevent decoding. */
  readonly warnings: readonly string[]
}
