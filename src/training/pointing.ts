import type { Heatmap } from '../model/finding.ts'

/** Share of a pixel that must be tuber for the map's maximum to count as a hit. */
const leastShare = 0.12
/** A cell of the map spans pixels about it: the maximum may lie this far beside the tuber. */
const slack = 8

/** The pointing game: whether the greatest value of a map lies on the mask, or within a cell of it. */
export function pointsAt (map: Heatmap, mask: Float32Array): boolean {
  if (map.empty) return false
  let at = 0
  for (let i = 1; i < map.values.length; i++) if (map.values[i]! > map.values[at]!) at = i
  const size = Math.round(Math.sqrt(mask.length))
  const x = Math.round((at % map.width + 0.5) * size / map.width - 0.5)
  const y = Math.round((Math.floor(at / map.width) + 0.5) * size / map.height - 0.5)
  for (let row = Math.max(0, y - slack); row <= Math.min(size - 1, y + slack); row++) {
    for (let column = Math.max(0, x - slack); column <= Math.min(size - 1, x + slack); column++) {
      if (mask[row * size + column]! > leastShare) return true
    }
  }
  return false
}
