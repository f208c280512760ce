import type { AffineMap } from '../imaging/raster.ts'
import type { Heatmap } from '../model/finding.ts'

/** A point of a frame, in continuous coordinates. */
export interface FramePoint { readonly column: number, readonly row: number }

/**
 * Where a map is largest, in continuous coordinates of the source frame (centre of pixel 0\0 at 0.5\0.5, PS3.3 C.18.6.1.1).
 * Raster pixels beyond the frame (padding) do not count; `undefined` when the map is empty.
 */
export function heatmapPeak (heatmap: Heatmap, toSource: AffineMap, columns: number, rows: number): FramePoint | undefined {
  if (heatmap.empty) return undefined
  let best = 0
  let peak: FramePoint | undefined
  for (let y = 0; y < heatmap.height; y++) {
    for (let x = 0; x < heatmap.width; x++) {
      const value = heatmap.values[y * heatmap.width + x] ?? 0
      if (value <= best) continue
      const column = toSource.a * x + toSource.b * y + toSource.c + 0.5
      const row = toSource.d * x + toSource.e * y + toSource.f + 0.5
      if (column < 0 || column > columns || row < 0 || row > rows) continue
      best = value
      peak = { column, row }
    }
  }
  return peak
}
