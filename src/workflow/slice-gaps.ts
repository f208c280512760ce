import type { InstancePlane } from '../archive/series-table.ts'

/** Deviation of one distance from the usual one that still counts as even (service.md §3.1). */
const tolerance = 0.1
/** Positions nearer than this, in mm, are the same place: echoes, time points, b-values. */
const samePlaceMm = 0.01

/**
 * Whether a distance between neighbouring slices, along the normal of their common orientation, differs by more than 10 % from
 * the median distance. Slices of several orientations are judged apart; fewer than four places of one orientation say nothing.
 */
export function hasSliceGap (planes: readonly InstancePlane[]): boolean {
  const stacks = new Map<string, number[]>()
  for (const { position, orientation } of planes) {
    const key = orientation.map(cosine => cosine.toFixed(2)).map(text => text === '-0.00' ? '0.00' : text).join(' ')
    const places = stacks.get(key) ?? []
    places.push(along(position, orientation))
    stacks.set(key, places)
  }
  return [...stacks.values()].some(isUneven)
}

/** Distance of a position along the slice normal, the cross product of row and column cosines (PS3.3 C.7.6.2.1.1). */
function along (position: readonly number[], orientation: readonly number[]): number {
  const [x, y, z] = position as [number, number, number]
  const [rx, ry, rz, cx, cy, cz] = orientation as [number, number, number, number, number, number]
  return x * (ry * cz - rz * cy) + y * (rz * cx - rx * cz) + z * (rx * cy - ry * cx)
}

function isUneven (places: readonly number[]): boolean {
  const sorted = [...places].sort((a, b) => a - b).filter((place, i, all) => i === 0 || place - all[i - 1]! > samePlaceMm)
  if (sorted.length < 4) return false
  const distances = sorted.slice(1).map((place, i) => place - sorted[i]!)
  const median = [...distances].sort((a, b) => a - b)[distances.length >> 1]!
  return distances.some(distance => Math.abs(distance - median) > tolerance * median)
}
