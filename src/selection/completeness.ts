import type { Slice, Vector3 } from '../dicom/slice.ts'
import { sliceNormal } from './orientation.ts'

/** How whole a stack of slices is. Warnings go to the report. */
export interface Completeness {
  /** No gap was found, and no header count that is not reached. */
  readonly complete: boolean
  /** Median distance of neighbouring positions, mm. */
  readonly spacing: number | undefined
  /** Slices at a position that another slice has too. */
  readonly duplicates: number
  /** Sentences for people. */
  readonly warnings: readonly string[]
}

/** Positions closer than this are one, mm. */
const samePosition = 0.1
const gapFactor = 1.5
const evenWithin = 0.1
/** Cosine of the largest angle between slices called parallel (2°). */
const parallel = Math.cos(2 * Math.PI / 180)

/** Feet to head along the common normal, then by the given order; slices without geometry keep their order. */
export function sortAlongNormal (slices: readonly Slice[]): Slice[] {
  const located = locate(slices)
  if (located === undefined) return [...slices]
  return slices.map((slice, i) => ({ slice, at: located[i]! })).sort((a, b) => a.at - b.at).map(({ slice }) => slice)
}

/** Looks at slices sorted along their normal: duplicates of a position, gaps over 1.5 × the median spacing, uneven spacing. */
export function assessCompleteness (sorted: readonly Slice[]): Completeness {
  const positions = locate(sorted)
  const warnings = consistencyWarnings(sorted)
  if (positions === undefined) {
    return { complete: false, spacing: undefined, duplicates: 0, warnings: [...warnings, 'positions are missing, so gaps cannot be seen'] }
  }
  const steps = positions.slice(1).map((position, i) => ({ before: i + 1, size: position - positions[i]! }))
  const duplicates = steps.filter(({ size }) => size < samePosition).length
  const apart = steps.filter(({ size }) => size >= samePosition)
  const spacing = median(apart.map(({ size }) => size))
  const gaps = spacing === undefined ? [] : apart.filter(({ size }) => size > gapFactor * spacing)
  const regular = apart.filter(step => !gaps.includes(step))
  const uneven = spacing === undefined ? [] : regular.filter(({ size }) => Math.abs(size - spacing) > evenWithin * spacing)
  if (duplicates > 0) warnings.push(`${counted(duplicates, 'slice')} at a position that another slice has too`)
  if (spacing !== undefined && gaps.length > 0) {
    const listed = gaps.slice(0, 3).map(({ before, size }) => `${size.toFixed(1)} mm between slices ${before} and ${before + 1}`).join(', ')
    warnings.push(`${counted(gaps.length, 'gap')}: ${listed}${gaps.length > 3 ? ', …' : ''} (median spacing ${spacing.toFixed(1)} mm)`)
  }
  if (uneven.length > 0) {
    const sizes = regular.map(({ size }) => size)
    warnings.push(`the spacing changes between ${Math.min(...sizes).toFixed(1)} and ${Math.max(...sizes).toFixed(1)} mm`)
  }
  return { complete: gaps.length === 0, spacing, duplicates, warnings }
}

/** Position of each slice along the first one's normal, turned towards the head; absent if any slice has no plane. */
function locate (slices: readonly Slice[]): number[] | undefined {
  const normal = slices[0] === undefined ? undefined : sliceNormal(slices[0])
  if (normal === undefined) return undefined
  const sign = normal[2] < 0 ? -1 : 1
  const positions = slices.map(({ plane }) => plane === undefined ? undefined : sign * dot(plane.position, normal))
  return positions.every(position => position !== undefined) ? positions : undefined
}

function consistencyWarnings (slices: readonly Slice[]): string[] {
  const warnings: string[] = []
  const normals = slices.map(sliceNormal).filter(normal => normal !== undefined)
  const first = normals[0]
  if (first !== undefined && normals.some(normal => Math.abs(dot(normal, first)) < parallel)) warnings.push('the slices are not parallel')
  const sizes = new Set(slices.map(({ pixel, plane }) =>
    [pixel.rows, pixel.columns, ...plane?.spacing ?? []].map(n => n.toFixed(3)).join()))
  if (sizes.size > 1) warnings.push('matrix or pixel spacing changes within the series')
  return warnings
}

function median (values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : sorted.length === 0 ? undefined : (sorted[middle - 1]! + sorted[middle]!) / 2
}

const dot = (a: Vector3, b: Vector3) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
const counted = (n: number, noun: string) => `${n} ${noun}${n === 1 ? '' : 's'}`
