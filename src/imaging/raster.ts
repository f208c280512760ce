/** An affine map of pixel coordinates, centres at integers: (x, y) → (a·x + b·y + c, d·x + e·y + f). */
export interface AffineMap {
  readonly a: number
  readonly b: number
  readonly c: number
  readonly d: number
  readonly e: number
  readonly f: number
}

/** What a network sees: NHWC without N, `data[(y·width + x)·channels + channel]`. */
export interface Raster {
  readonly width: number
  readonly height: number
  readonly channels: number
  /** In the range that the model's manifest declares. */
  readonly data: Float32Array
  /** (x, y) of the raster → (column, row) of the source frame, both 0-based pixel centres. */
  readonly toSource: AffineMap
}

/** A windowed frame at the source's own matrix, for drawing: 0 black … 255 white. */
export interface GrayImage { readonly width: number, readonly height: number, readonly data: Uint8Array }

/** Red, green, blue, interleaved, 8 bits each. */
export interface RgbImage { readonly width: number, readonly height: number, readonly data: Uint8Array }
