import type { Vector3 } from '../dicom/slice.ts'

/**
 * Patient Orientation of a direction (PS3.3 C.7.6.1.1.1): the letters of its parts, the largest first; parts under 0.1 are
 * left out.
 */
export function patientDirection (direction: Vector3): string {
  const letters = [['R', 'L'], ['A', 'P'], ['F', 'H']] as const
  return ([0, 1, 2] as const)
    .map(axis => ({ letter: letters[axis][direction[axis] < 0 ? 0 : 1], size: Math.abs(direction[axis]) }))
    .filter(({ size }) => size > 0.1)
    .sort((a, b) => b.size - a.size)
    .map(({ letter }) => letter)
    .join('')
}
