import type { Heatmap, HeatmapMethod } from './finding.ts'

/**
 * The heatmap of one slice: negative values become 0, the map is stretched to the raster (bilinear, pixel centres at half
 * integers) and divided by its largest value.
 */
export function heatmapOf (
  method: HeatmapMethod, raw: { width: number, height: number, values: Float32Array }, size: { width: number, height: number },
): Heatmap {
  // plain loops: this is done for every pixel of every map
  const positive = new Float32Array(raw.values.length)
  for (let i = 0; i < positive.length; i++) positive[i] = raw.values[i]! > 0 ? raw.values[i]! : 0
  const values = stretch({ ...raw, values: positive }, size)
  let largest = 0
  for (let i = 0; i < values.length; i++) if (values[i]! > largest) largest = values[i]!
  if (largest > 0) for (let i = 0; i < values.length; i++) values[i] = values[i]! / largest
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
    const upper = row.first * width
    const lower = row.second * width
    for (const { first, second, share } of columns) {
      const above = values[upper + first]! * (1 - share) + values[upper + second]! * share
      const below = values[lower + first]! * (1 - share) + values[lower + second]! * share
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
