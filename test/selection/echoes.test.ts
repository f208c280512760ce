import t from 'tap'
import { sliceOf } from '../helpers/slice.ts'
import { splitByEcho } from '../../src/selection/echoes.ts'

const split = (...times: (number | undefined)[]) =>
  splitByEcho(times.map(echoTime => ({ slice: sliceOf({ acquisition: { echoTime } }) })))
    .map(group => group.map(({ slice }) => slice.acquisition.echoTime))

t.test('echoes further apart than 5 ms are parted, the shortest first', async t => {
  t.strictSame(split(102, 20, 102, 20), [[20, 20], [102, 102]])
})

t.test('rounding does not part an echo', async t => {
  t.strictSame(split(100.0003, 99.9, 104), [[99.9, 100.0003, 104]])
})

t.test('frames without an echo time stay together at the end', async t => {
  t.strictSame(split(undefined, 90, undefined), [[90], [undefined, undefined]])
})
