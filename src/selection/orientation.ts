import type { Slice, Vector3 } from '../dicom/slice.ts'
import type { SelectionCriteria } from './criteria.ts'
import type { Evidence } from './evidence.ts'
import { evidence } from './evidence.ts'
import type { Rejection } from './selection-reason.ts'
import { rejection } from './selection-reason.ts'

/** Row × column cosines (PS3.3 C.7.6.2.1.1), a unit vector; absent where the header gives no orientation. */
export function sliceNormal (slice: Slice): Vector3 | undefined {
  const cosines = slice.plane === undefined
    ? slice.attributes.numbers('ImageOrientationPatient')
    : [...slice.plane.rowCosines, ...slice.plane.columnCosines]
  if (cosines.length !== 6) return undefined
  const [a, b, c, d, e, f] = cosines as [number, number, number, number, number, number]
  const [x, y, z] = [b * f - c * e, c * d - a * f, a * e - b * d]
  const length = Math.hypot(x, y, z)
  return length > 0 ? [x / length, y / length, z / length] : undefined
}

export type OrientationVerdict =
  | { readonly axial: true, readonly evidence: readonly Evidence[] }
  | { readonly axial: false, readonly rejection: Rejection }

/**
 * Axial when the normal is within `maximumTilt` of the patient's z axis and z is its largest component. Only the header's
 * geometry decides. Without it PatientOrientation (0020,0020) may speak, if it says left or right along rows and front or back down columns.
 */
export function orientationOf (slice: Slice, criteria: SelectionCriteria): OrientationVerdict {
  const normal = sliceNormal(slice)
  if (normal === undefined) return fromPatientOrientation(slice)
  const [x, y, z] = normal.map(Math.abs) as [number, number, number]
  const tilt = Math.acos(Math.min(1, z)) * 180 / Math.PI
  const shown = normal.map(v => v.toFixed(2)).join('\\')
  if (z >= x && z >= y && tilt <= criteria.maximumTilt) {
    return { axial: true, evidence: [evidence('ImageOrientationPatient', `normal ${shown}`, `${Math.round(tilt)}° from axial, at most ${criteria.maximumTilt}°`)] }
  }
  const plane = z >= x && z >= y ? 'oblique' : x >= y ? 'sagittal' : 'coronal'
  return {
    axial: false,
    rejection: rejection('not-axial', `the plane is ${plane}, ${Math.round(tilt)}° from axial`,
      evidence('ImageOrientationPatient', `normal ${shown}`, `must be at most ${criteria.maximumTilt}° from axial`)),
  }
}

function fromPatientOrientation ({ attributes }: Slice): OrientationVerdict {
  const values = attributes.strings('PatientOrientation')
  const [row, column] = values.map(value => value.trim().charAt(0).toUpperCase())
  const said = evidence('PatientOrientation', values.length === 0 ? 'absent' : values, 'stands in for the missing ImageOrientationPatient')
  const missing = evidence('ImageOrientationPatient', 'absent', 'must be present')
  if (row === undefined || column === undefined || row === '' || column === '') {
    return { axial: false, rejection: rejection('orientation-missing', 'the header gives no orientation', missing) }
  }
  if ('LR'.includes(row) && 'AP'.includes(column)) return { axial: true, evidence: [said] }
  const axes = [axisOf(row), axisOf(column)]
  const known = !axes.includes(undefined) && axes[0] !== axes[1]
  return {
    axial: false,
    rejection: known
      ? rejection('not-axial', 'PatientOrientation does not say axial', said)
      : rejection('orientation-missing', 'the header gives no orientation', missing, said),
  }
}

const axisOf = (letter: string) => ['LR', 'AP', 'HF'].find(axis => axis.includes(letter))
