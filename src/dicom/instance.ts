import type { Attributes } from './attributes.ts'
import type { Uid } from './uid.ts'

/** One SOP instance, its header parsed, its pixels still encoded. */
export interface Instance {
  readonly sopInstanceUid: Uid
  readonly sopClassUid: Uid
  readonly seriesInstanceUid: Uid
  readonly studyInstanceUid: Uid
  readonly transferSyntaxUid: Uid
  readonly attributes: Attributes
  /** NumberOfFrames; 1 for a classic image, 0 for an object without pixel data. */
  readonly frameCount: number
  /** sha256 (hex) of the encoded data set, preamble and group 0002 left out: the identity of these bytes. */
  readonly digest: string
  /** Encoded frames, read from memory or from disk when asked for. */
  readonly pixelData: PixelData
  /** Deviations from the standard that did not prevent reading; attribute names, never patient values. */
  readonly warnings: readonly string[]
  /** File Meta Information (PS3.10 7.1); absent for a bare data set. */
  readonly fileMeta?: Attributes
}

export interface PixelData {
  /**
   * The encoded bytes of one frame: native samples in the transfer syntax's byte order, or one whole codestream.
   * @param frameNumber 1-based
   * @throws AppError `pixel-data-missing`, `pixel-data-invalid`, `input-unreadable`
   */
  frame (frameNumber: number): Promise<Uint8Array>
}
