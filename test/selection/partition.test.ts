import fc from 'fast-check'
import t from 'tap'
import { seriesOf, sliceOf } from '../helpers/slice.ts'
import { selectSeries } from '../../src/selection/select-series.ts'

const time = fc.option(fc.oneof(fc.constantFrom(0, 50, 70, 300, 600, 1200, 2000, 3200, 3500), fc.double({ min: 0, max: 12_000, noNaN: true })), { nil: undefined })
const cosines = fc.constantFrom<readonly [readonly [number, number, number], readonly [number, number, number]]>(
  [[1, 0, 0], [0, 1, 0]], [[1, 0, 0], [0, 0.9, 0.436]], [[0, 1, 0], [0, 0, -1]], [[1, 0, 0], [0, 0, -1]], [[0, 0, 0], [0, 0, 0]])
const literal = fc.record({
  acquisition: fc.record({
    repetitionTime: time,
    echoTime: time,
    inversionTimes: fc.array(fc.constantFrom(0, 140, 450, 2500), { maxLength: 2 }),
    scanningSequence: fc.subarray(['SE', 'IR', 'GR', 'EP', 'RM']),
    mrAcquisitionType: fc.constantFrom('2D' as const, '3D' as const, undefined),
    acquisitionContrast: fc.constantFrom('T2', 'FLUID_ATTENUATED', 'T1', 'UNKNOWN', undefined),
  }),
  imageType: fc.constantFrom(['ORIGINAL', 'PRIMARY', 'T2'], ['DERIVED', 'SECONDARY', 'MPR'], ['ORIGINAL', 'PRIMARY'], []),
  z: fc.integer({ min: -100, max: 100 }),
  plane: fc.option(cosines.map(([rowCosines, columnCosines]) => ({ rowCosines, columnCosines })), { nil: null }),
  header: fc.record({ SeriesDescription: fc.oneof(fc.constantFrom('T2 TSE', 'FLAIR', 'T1', 'DWI', ''), fc.string()) }),
})

t.test('every frame of any series is in one group or rejected with a reason, never both, never neither', async t => {
  const { failed, counterexample } = fc.check(fc.property(fc.array(literal, { maxLength: 8 }), literals => {
    const slices = literals.map((one, i) => sliceOf({ ...one, name: String(i) }))
    const { verdict, groups, rejected, reason } = selectSeries(seriesOf(slices))
    const taken = groups.flatMap(group => group.slices.map(slice => slice.source.sopInstanceUid))
    const all = [...taken, ...rejected.map(one => one.sopInstanceUid)].sort()
    return JSON.stringify(all) === JSON.stringify(slices.map(slice => slice.source.sopInstanceUid).sort()) &&
      (verdict === 'selected') === (groups.length > 0) && (reason.code === 'selected') === (groups.length > 0) &&
      groups.every(group => group.slices.length > 0) && rejected.every(one => one.reason.text !== '')
  }), { numRuns: 300 })
  t.equal(failed, false, JSON.stringify(counterexample))
})

t.test('the order of the frames changes neither verdict nor groups', async t => {
  const { failed, counterexample } = fc.check(fc.property(fc.array(literal, { minLength: 1, maxLength: 6 }), literals => {
    const slices = literals.map((one, i) => sliceOf({ ...one, name: String(i) }))
    const shown = (order: typeof slices) => selectSeries(seriesOf(order)).groups
      .map(group => `${group.contrast} ${group.slices.map(slice => slice.source.sopInstanceUid).sort().join()}`).sort()
    return JSON.stringify(shown(slices)) === JSON.stringify(shown([...slices].reverse()))
  }), { numRuns: 200 })
  t.equal(failed, false, JSON.stringify(counterexample))
})
