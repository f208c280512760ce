import t from 'tap'
import { hasSliceGap } from '../../src/workflow/slice-gaps.ts'

const axial = [1, 0, 0, 0, 1, 0]
const stack = (places: readonly number[], orientation = axial) => places.map(z => ({ position: [0, 0, z], orientation }))

t.test('even distances are no gap, a missing slice is', async t => {
  t.equal(hasSliceGap(stack([0, 5, 10, 15, 20])), false)
  t.equal(hasSliceGap(stack([20, 0, 10, 5, 15])), false, 'in any order')
  t.equal(hasSliceGap(stack([0, 5, 15, 20, 25])), true)
  t.equal(hasSliceGap(stack([0, 5.4, 10, 15, 20])), false, 'within 10 %')
  t.equal(hasSliceGap(stack([0, 5.6, 10, 15, 20])), true, 'beyond 10 %')
})

t.test('a slice that is missing at the end cannot be seen', async t => {
  t.equal(hasSliceGap(stack([0, 5, 10, 15])), false)
})

t.test('echoes and time points at the same place are one place', async t => {
  t.equal(hasSliceGap(stack([0, 0, 5, 5, 10, 10, 15, 15.001])), false)
})

t.test('each orientation is a stack of its own, and few places say nothing', async t => {
  const sagittal = [0, 1, 0, 0, 0, -1]
  const others = [0, 7, 14, 21].map(x => ({ position: [x, 3, 4], orientation: sagittal }))
  t.equal(hasSliceGap([...stack([0, 5, 10, 15]), ...others]), false)
  t.equal(hasSliceGap([...stack([0, 5, 10, 15]), ...others.slice(0, 3).map(p => ({ ...p, position: [p.position[0]! ** 2, 3, 4] }))]), false)
  t.equal(hasSliceGap([]), false)
  t.equal(hasSliceGap(stack([0, 5, 100])), false)
})

t.test('distances are taken along the normal of an oblique stack', async t => {
  // rotated by 30° about x: the normal is (0, -0.5, 0.866)
  const [c, s] = [Math.sqrt(3) / 2, 0.5]
  const oblique = [1, 0, 0, 0, c, s]
  const at = (d: number) => ({ position: [3, -s * d, c * d], orientation: oblique })
  t.equal(hasSliceGap([0, 4, 8, 12].map(at)), false)
  t.equal(hasSliceGap([0, 4, 8, 16].map(at)), true)
  t.equal(hasSliceGap([...[0, 4, 8].map(at), { position: [3, -s * 12, c * 12], orientation: [1, -0, 0, -0, c + 1e-6, s] }]), false, 'rounding of the header makes no new stack')
})
