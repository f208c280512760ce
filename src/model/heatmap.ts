import type { Heatmap, HeatmapMethod } from './finding.ts'

/**
 * The heatmap of one slice: negative values become 0, the map is stretched to the raster (bilinear, pixel centres at half
 * integers) and divided by its largest value.
 */
export function heatmapOf (
  method: HeatmapMethod, raw: { width: number, height: number, values: Float32Array }, size: { width: number, height: number },
): Heatmap {
  const values = stretch({ ...raw, values: raw.values.map(value => value > 0 ? value : 0) }, size)
  const largest = values.reduce((most, value) => Math.max(most, value), 0)
  if (largest > 0) for (const [index, value] of values.entries()) values[index] = value / largest
  return { method, ...size, values, empty: largest === 0 }
}

function stretch (
  { width, height, values }: { width: number, height: number, values: Float32Array }, size: { width: number, height: number },
): Float32Array {
  if (width === size.width && height === size.height) return values
  const columns = taps(width, size.width)
  const stretched = new Float32Array(size.width * size.height)
  let to = 0
  for (const row of taps(height, size.height)) {
    for (const column of columns) {
      const at = (y: number, x: number) => values[y * width + x] ?? 0
      const above = at(row.first, column.first) * (1 - column.share) + at(row.first, column.second) * column.share
      const below = at(row.second, column.first) * (1 - column.share) + at(row.second, column.second) * column.share
      stretched[to++] = above * (1 - row.share) + below * row.share
    }
  }
  return stretched
}

interface Tap { readonly first: number, readonly second: number, /** of the second */ readonly share: number }

/** For each target pixel the two source pixels beside its centre; the edge is held beyond the outermost centres. */
function taps (from: number, to: number): Tap[] {
  return Array.from({ length: to }, (_, index) => {
    const position = Math.min(Math.max((index + 0.5) * from / to - 0.5, 0), from - 1)
    const first = Math.floor(position)
    return { first, second: Math.min(first + 1, from - 1), share: position - first }
  })
}
