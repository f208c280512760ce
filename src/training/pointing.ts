import type { Heatmap } from '../model/finding.ts'
import type { Pointing } from './evaluation-slice.ts'

/** Share of a pixel that must be tuber for the map's maximum to count as a hit. */
const leastShare = 0.12
/** A cell of the map spans pixels about it: the maximum may lie this far beside the tuber. */
const slack = 8

/** The pointing game and the mass test for one map. @param mask share of tuber in each pixel of a square raster */
export function pointing (map: Heatmap, mask: Float32Array): Pointing {
  const covered = mask.reduce((sum, value) => sum + Math.min(1, value), 0)
  return { hit: pointsAt(map, mask), mass: massInside(map, mask), chance: covered / mask.length }
}

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

/** Share of a map's sum inside the mask; 0 for an empty map. */
export function massInside (map: Heatmap, mask: Float32Array): number {
  if (map.empty) return 0
  const size = Math.round(Math.sqrt(mask.length))
  let [inside, all] = [0, 0]
  for (let y = 0, i = 0; y < map.height; y++) {
    const row = Math.min(size - 1, Math.floor((y + 0.5) * size / map.height))
    for (let x = 0; x < map.width; x++, i++) {
      const column = Math.min(size - 1, Math.floor((x + 0.5) * size / map.width))
      all += map.values[i]!
      inside += map.values[i]! * Math.min(1, mask[row * size + column]!)
    }
  }
  return all > 0 ? inside / all : 0
}
