import type { Attributes } from './attributes.ts'
import type { ImagePlane, Vector3 } from './slice.ts'

/** Direction cosines as text have few digits; more than this off is not a rotation. */
const tolerance = 0.01

/**
 * Image Plane (PS3.3 C.7.6.2), for enhanced images from the Plane Position, Plane Orientation and Pixel Measures macros.
 * `undefined` with a warning when an attribute is wrong, without one when there is none.
 */
export function imagePlane (attributes: Attributes, warn: (text: string) => void): ImagePlane | undefined {
  const position = attributes.numbers('ImagePositionPatient')
  const orientation = attributes.numbers('ImageOrientationPatient')
  const spacing = attributes.numbers('PixelSpacing')
  if (position.length === 0 && orientation.length === 0) return undefined
  const row = unit(orientation.slice(0, 3))
  const column = unit(orientation.slice(3, 6))
  if (orientation.length !== 6 || row === undefined || column === undefined || Math.abs(dot(row, column)) > tolerance) {
    warn('ImageOrientationPatient is missing or invalid')
    return undefined
  }
  if (!isVector(position)) {
    warn('ImagePositionPatient is missing or invalid')
    return undefined
  }
  const [rowSpacing, columnSpacing] = spacing
  if (spacing.length !== 2 || rowSpacing === undefined || columnSpacing === undefined || rowSpacing <= 0 || columnSpacing <= 0) {
    warn('PixelSpacing is missing or invalid')
    return undefined
  }
  return {
    position,
    rowCosines: row,
    columnCosines: column,
    spacing: [rowSpacing, columnSpacing],
    sliceThickness: attributes.number('SliceThickness'),
  }
}

function isVector (values: readonly number[]): values is Vector3 {
  return values.length === 3
}

/** Scaled to length 1; `undefined` when the length is not nearly 1. */
function unit (values: readonly number[]): Vector3 | undefined {
  if (!isVector(values)) return undefined
  const length = Math.hypot(...values)
  if (Math.abs(length - 1) > tolerance) return undefined
  return [values[0] / length, values[1] / length, values[2] / length]
}

function dot (a: Vector3, b: Vector3): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}
