import { invertAffine } from './affine.ts'
import type { AffineMap } from './raster.ts'

/**
 * A map over the raster, laid back on the source matrix: bilinear at the place that each source pixel's centre has in the raster;
 * constant over the outermost half pixel, 0 beyond.
 * @param toSource of the raster
 * @returns columns × rows values
 */
export function mapToSource (
  values: Float32Array, width: number, height: number, toSource: AffineMap, columns: number, rows: number,
): Float32Array {
  const back = invertAffine(toSource)
  const output = new Float32Array(columns * rows)
  for (let row = 0, i = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, i++) {
      const x = back.a * column + back.b * row + back.c
      const y = back.d * column + back.e * row + back.f
      if (x < -0.5 || y < -0.5 || x > width - 0.5 || y > height - 0.5) continue
      output[i] = bilinear(values, width, height, x, y)
    }
  }
  return output
}

function bilinear (values: Float32Array, width: number, height: number, x: number, y: number): number {
  const cx = Math.min(Math.max(x, 0), width - 1)
  const cy = Math.min(Math.max(y, 0), height - 1)
  const [left, top] = [Math.floor(cx), Math.floor(cy)]
  const [right, bottom] = [Math.min(left + 1, width - 1), Math.min(top + 1, height - 1)]
  const [u, v] = [cx - left, cy - top]
  const above = values[top * width + left]! * (1 - u) + values[top * width + right]! * u
  const below = values[bottom * width + left]! * (1 - u) + values[bottom * width + right]! * u
  return above * (1 - v) + below * v
}
