import t from 'tap'
import { sliceOf } from '../helpers/slice.ts'
import type { SliceLiteral } from '../helpers/slice.ts'
import type { Vector3 } from '../../src/dicom/slice.ts'
import { criteriaSchema, defaultCriteria } from '../../src/selection/criteria.ts'
import { orientationOf, sliceNormal } from '../../src/selection/orientation.ts'

const code = (literal: SliceLiteral, criteria = defaultCriteria) => {
  const verdict = orientationOf(sliceOf(literal), criteria)
  return verdict.axial ? 'axial' : verdict.rejection.reason.code
}
const cosines = (rowCosines: Vector3, columnCosines: Vector3): SliceLiteral => ({ plane: { rowCosines, columnCosines } })
/** Axial, tilted about the patient's x axis as clinical stacks are. */
const tilted = (degrees: number) => cosines([1, 0, 0], [0, Math.cos(degrees * Math.PI / 180), Math.sin(degrees * Math.PI / 180)])

t.test('the normal is the row cosines times the column cosines', async t => {
  t.strictSame(sliceNormal(sliceOf()), [0, 0, 1])
  t.strictSame(sliceNormal(sliceOf(cosines([0, 1, 0], [0, 0, -1]))), [-1, 0, 0])
})

t.test('axial is judged on both sides of 35°', async t => {
  t.equal(code(tilted(0)), 'axial')
  t.equal(code(tilted(34.9)), 'axial')
  t.equal(code(tilted(-34.9)), 'axial')
  t.equal(code(tilted(35.1)), 'not-axial')
  t.equal(code(tilted(20), criteriaSchema.parse({ maximumTilt: 15 })), 'not-axial')
})

t.test('flipped rows and columns are axial all the same', async t => {
  t.equal(code(cosines([-1, 0, 0], [0, 1, 0])), 'axial')
  t.equal(code(cosines([0, 1, 0], [1, 0, 0])), 'axial')
})

t.test('sagittal, coronal and oblique planes are named in the reason', async t => {
  const text = (literal: SliceLiteral) => {
    const verdict = orientationOf(sliceOf(literal), defaultCriteria)
    return verdict.axial ? 'axial' : verdict.rejection.reason.text
  }
  t.match(text(cosines([0, 1, 0], [0, 0, -1])), /sagittal, 90°/)
  t.match(text(cosines([1, 0, 0], [0, 0, -1])), /coronal, 90°/)
  t.match(text(tilted(40)), /oblique, 40°/)
})

t.test('without geometry PatientOrientation may say axial', async t => {
  const said = (...PatientOrientation: string[]) => code({ plane: null, header: { PatientOrientation } })
  t.equal(said('L', 'P'), 'axial')
  t.equal(said('R', 'AH'), 'axial')
  t.equal(said('P', 'F'), 'not-axial')
  t.equal(said('L', 'F'), 'not-axial')
  t.equal(said('L', 'R'), 'orientation-missing', 'the same axis twice says nothing')
  t.equal(said('L'), 'orientation-missing')
  t.equal(said('X', 'Y'), 'orientation-missing')
  t.equal(code({ plane: null }), 'orientation-missing')
})

t.test('geometry wins over PatientOrientation', async t => {
  t.equal(code({ ...cosines([0, 1, 0], [0, 0, -1]), header: { PatientOrientation: ['L', 'P'] } }), 'not-axial')
})

t.test('orientation is read from the header where the rest of the plane is missing', async t => {
  t.equal(code({ plane: null, header: { ImageOrientationPatient: [1, 0, 0, 0, 1, 0] } }), 'axial')
  t.equal(code({ plane: null, header: { ImageOrientationPatient: [1, 0, 0, 1, 0, 0] } }), 'orientation-missing', 'parallel cosines span no plane')
})
