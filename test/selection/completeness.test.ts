import t from 'tap'
import { sliceOf } from '../helpers/slice.ts'
import { assessCompleteness, sortAlongNormal } from '../../src/selection/completeness.ts'

const stack = (...zs: number[]) => zs.map(z => sliceOf({ z }))
const heights = (slices: ReturnType<typeof stack>) => slices.map(slice => slice.plane?.position[2])

t.test('slices are sorted from the feet to the head', async t => {
  t.strictSame(heights(sortAlongNormal(stack(12, 0, 6))), [0, 6, 12])
})

t.test('a normal that points to the feet changes nothing in that', async t => {
  const flipped = [12, 0, 6].map(z => sliceOf({ z, plane: { rowCosines: [-1, 0, 0], position: [0, 0, z] } }))
  t.strictSame(heights(sortAlongNormal(flipped)), [0, 6, 12])
})

t.test('an oblique stack is sorted and measured along its normal', async t => {
  const cosine = Math.cos(Math.PI / 6)
  const slices = [2, 0, 1].map(k => sliceOf({
    plane: { columnCosines: [0, cosine, 0.5], position: [3 * k, -6 * 0.5 * k, 6 * cosine * k] },
  }))
  const sorted = sortAlongNormal(slices)
  t.strictSame(sorted.map(slice => slice.plane?.position[0]), [0, 3, 6])
  t.equal(assessCompleteness(sorted).spacing?.toFixed(6), '6.000000')
})

t.test('slices without geometry keep their order, and gaps cannot be seen', async t => {
  const slices = [sliceOf({ name: 'b', plane: null }), sliceOf({ name: 'a', plane: null })]
  t.strictSame(sortAlongNormal(slices), slices)
  t.match(assessCompleteness(slices), { complete: false, spacing: undefined, warnings: [/positions are missing/] })
})

t.test('an even stack is complete and without warnings', async t => {
  t.strictSame(assessCompleteness(stack(0, 6, 12, 18)), { complete: true, spacing: 6, duplicates: 0, warnings: [] })
})

t.test('a step over 1.5 times the median spacing is a gap', async t => {
  t.match(assessCompleteness(stack(0, 6, 12, 24, 30)), { complete: false, warnings: [/1 gap: 12.0 mm between slices 3 and 4 \(median spacing 6.0 mm\)/] })
  t.equal(assessCompleteness(stack(0, 6, 12, 21, 27)).complete, true, '1.5 times exactly is none')
  t.equal(assessCompleteness(stack(0, 6, 12, 21.1, 27)).complete, false)
})

t.test('more than three gaps are counted, the first three listed', async t => {
  const [warning] = assessCompleteness(stack(0, 1, 2, 3, 4, 5, 10, 15, 20, 25)).warnings
  t.match(warning, /4 gaps: .*6 and 7.*7 and 8.*8 and 9, …/)
  t.notMatch(warning, /9 and 10/)
})

t.test('duplicates of a position are counted and do not make a gap', async t => {
  t.match(assessCompleteness(stack(0, 0, 6, 12)), { complete: true, duplicates: 1, spacing: 6, warnings: [/1 slice at a position/] })
  t.match(assessCompleteness(stack(3, 3, 3)), { complete: true, duplicates: 2, spacing: undefined })
})

t.test('a change of spacing over 10 % is a warning', async t => {
  t.match(assessCompleteness(stack(0, 5, 10, 15, 21.5)), { complete: true, warnings: [/spacing changes between 5.0 and 6.5 mm/] })
  t.strictSame(assessCompleteness(stack(0, 5, 10, 15, 20.4)).warnings, [])
})

t.test('one slice is complete; an empty stack has nothing to measure', async t => {
  t.match(assessCompleteness(stack(7)), { complete: true, spacing: undefined, warnings: [] })
  t.match(assessCompleteness([]), { complete: false, spacing: undefined })
})

t.test('planes that are not parallel and a changing matrix are warnings', async t => {
  const tilted = sliceOf({ z: 6, plane: { columnCosines: [0, Math.cos(0.1), Math.sin(0.1)], position: [0, 0, 6] } })
  t.match(assessCompleteness([sliceOf(), tilted]).warnings, ['the slices are not parallel'])
  t.match(assessCompleteness([sliceOf(), sliceOf({ z: 6, pixel: { rows: 320 } })]).warnings, [/matrix or pixel spacing changes/])
})
