import t from 'tap'
import type { ImagePlane, Vector3 } from '../../src/dicom/slice.ts'
import { applyAffine, composeAffine, identity, invertAffine } from '../../src/imaging/affine.ts'
import { asStored, orient, radiologicalOrientation } from '../../src/imaging/plane.ts'

const plane = (rowCosines: Vector3, columnCosines: Vector3): ImagePlane =>
  ({ position: [0, 0, 0], rowCosines, columnCosines, spacing: [1, 1], sliceThickness: undefined })
const [left, right, back, front, up, down]: Vector3[] = [[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]]

t.test('axial: rows to the left, columns to the back, from all eight layings', async t => {
  // stored 3 × 2:  1 2 3      the value says where it was
  //                4 5 6
  const data = new Float32Array([1, 2, 3, 4, 5, 6])
  const cases: [Vector3, Vector3, number[][]][] = [
    [left!, back!, [[1, 2, 3], [4, 5, 6]]],
    [right!, back!, [[3, 2, 1], [6, 5, 4]]],
    [left!, front!, [[4, 5, 6], [1, 2, 3]]],
    [right!, front!, [[6, 5, 4], [3, 2, 1]]],
    [back!, left!, [[1, 4], [2, 5], [3, 6]]],
    [back!, right!, [[4, 1], [5, 2], [6, 3]]],
    [front!, left!, [[3, 6], [2, 5], [1, 4]]],
    [front!, right!, [[6, 3], [5, 2], [4, 1]]],
  ]
  for (const [row, column, expected] of cases) {
    const { width, height, data: laid, toStored } = orient(data, 3, 2, radiologicalOrientation(plane(row, column)))
    const name = `rows ${row.join()} columns ${column.join()}`
    t.strictSame([width, height], [expected[0]!.length, expected.length], name)
    t.strictSame([...laid], expected.flat(), name)
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const [column, row] = applyAffine(toStored, x, y)
        t.equal(data[row * 3 + column], expected[y]![x], `${name}: (${x}, ${y}) comes from there`)
      }
    }
  }
})

t.test('tilted and turned heads go to the nearest laying', async t => {
  const angle = (degrees: number) => [Math.cos(degrees * Math.PI / 180), Math.sin(degrees * Math.PI / 180)] as const
  const [c20, s20] = angle(20)
  t.strictSame(radiologicalOrientation(plane([1, 0, 0], [0, c20, s20])), asStored, 'tilted to the orbitomeatal line')
  t.strictSame(radiologicalOrientation(plane([c20, s20, 0], [-s20, c20, 0])), asStored, 'turned by 20°')
  const [c70, s70] = angle(70)
  t.strictSame(radiologicalOrientation(plane([c70, s70, 0], [-s70, c70, 0])),
    { transpose: true, mirrorX: true, mirrorY: false }, 'turned by 70° is nearer to a quarter turn')
  t.strictSame(radiologicalOrientation(plane([-c20, 0, s20], [0, -1, 0])), { transpose: false, mirrorX: true, mirrorY: true })
  const [c45, s45] = angle(45)
  t.strictSame(radiologicalOrientation(plane([c45, s45, 0], [-s45, c45, 0])), asStored, 'at 45° nothing is changed')
})

t.test('coronal and sagittal have their own conventions', async t => {
  t.strictSame(radiologicalOrientation(plane(left!, down!)), asStored)
  t.strictSame(radiologicalOrientation(plane(left!, up!)), { transpose: false, mirrorX: false, mirrorY: true })
  t.strictSame(radiologicalOrientation(plane(back!, down!)), asStored)
  t.strictSame(radiologicalOrientation(plane(up!, front!)), { transpose: true, mirrorX: true, mirrorY: true })
})

t.test('without a plane a slice stays as stored', async t => {
  t.strictSame(radiologicalOrientation(undefined), asStored)
})

t.test('affine maps', async t => {
  const map = { a: 2, b: 1, c: 3, d: -1, e: 4, f: 5 }
  t.strictSame(applyAffine(map, 10, 20), [43, 75])
  t.strictSame(applyAffine(composeAffine(map, { a: 0, b: 1, c: 0, d: 1, e: 0, f: 0 }), 20, 10), [43, 75], 'the inner map comes first')
  const [x, y] = applyAffine(invertAffine(map), 43, 75)
  t.ok(Math.abs(x - 10) < 1e-12 && Math.abs(y - 20) < 1e-12)
  t.strictSame(composeAffine(identity, map), map)
  t.throws(() => invertAffine({ ...map, b: -8, e: 4 }), RangeError)
})
