import t from 'tap'
import { uidFromName } from '../../src/dicom/uid.ts'
import { routesOf } from '../../src/workflow/routing.ts'

const [a, b] = [uidFromName('a'), uidFromName('b')]
const never = () => false

t.test('a filter is about the conclusion of the study', async t => {
  const destinations = [{ id: 'everything' }, { id: 'all', filter: 'all' }, { id: 'positive', filter: 'positive' }, { id: 'careful', filter: 'positive-or-undetermined' }] as const
  const got = (conclusion: 'present' | 'absent' | 'undetermined') => routesOf(destinations, { conclusion, series: [] }, never).map(({ destination }) => destination)
  t.strictSame(got('present'), ['everything', 'all', 'positive', 'careful'])
  t.strictSame(got('undetermined'), ['everything', 'all', 'careful'])
  t.strictSame(got('absent'), ['everything', 'all'])
})

t.test('who got a report that was positive gets the one that withdraws it', async t => {
  const destinations = [{ id: 'reader', filter: 'positive' }, { id: 'other', filter: 'positive' }] as const
  t.strictSame(routesOf(destinations, { conclusion: 'absent', series: [] }, id => id === 'reader').map(({ destination }) => destination), ['reader'])
})

t.test('kinds of objects are chosen; source images are those of the series that pass the filter, each series once', async t => {
  const outcome = {
    conclusion: 'present',
    series: [{ seriesInstanceUid: a, conclusion: 'present' }, { seriesInstanceUid: a, conclusion: 'present' }, { seriesInstanceUid: b, conclusion: 'absent' }],
  } as const
  const [route] = routesOf([{ id: 'reader', filter: 'positive', objects: ['sr', 'source'] }], outcome, never)
  t.strictSame(route, { destination: 'reader', kinds: new Set(['sr', 'source']), sources: [a] })
  const [all] = routesOf([{ id: 'archive', filter: 'all', objects: ['source'] }], outcome, never)
  t.strictSame(all?.sources, [a, b])
  t.strictSame(routesOf([{ id: 'archive' }], outcome, never), [{ destination: 'archive', kinds: undefined, sources: [] }])
})
