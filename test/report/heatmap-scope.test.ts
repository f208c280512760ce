import t from 'tap'
import { parseHeatmapScope, slicesInScope } from '../../src/report/heatmap-scope.ts'
import { seriesOf } from '../helpers/report-inputs.ts'
import { mrSlices } from '../helpers/synthetic-mr.ts'

t.test('a scope is one of five words', async t => {
  t.strictSame(['all', 'positive-series', 'positive-slices', 'none', 'top-5', 'top-999'].map(parseHeatmapScope), [
    { of: 'all' }, { of: 'positive-series' }, { of: 'positive-slices' }, { of: 'none' }, { of: 'top', k: 5 }, { of: 'top', k: 999 },
  ])
  for (const wrong of ['', 'top', 'top-0', 'top-05', 'top5', 'top-1000', 'TOP-5', 'All']) t.equal(parseHeatmapScope(wrong), undefined, wrong)
})

t.test('a scope takes slices by their probability, never one without', async t => {
  const series = seriesOf(mrSlices(6), [0.5, 0.49, 'failed', 0.9, 0.9, 'undetermined'])
  const taken = (text: string, of = series) => {
    const inScope = slicesInScope(of, parseHeatmapScope(text)!, 0.5)
    return of.slices.flatMap((result, i) => inScope.has(result) ? [i] : [])
  }
  t.strictSame(taken('all'), [0, 1, 3, 4])
  t.strictSame(taken('positive-slices'), [0, 3, 4], 'at the threshold is positive')
  t.strictSame(taken('top-1'), [3], 'the first of equals')
  t.strictSame(taken('top-9'), [0, 1, 3, 4])
  t.strictSame(taken('none'), [])
  t.strictSame(taken('positive-series'), [0, 1, 3, 4])
  t.strictSame(taken('positive-series', { ...series, conclusion: 'undetermined' }), [])
})
