import t from 'tap'
import { flairAcquisition, seriesOf, sliceOf } from '../helpers/slice.ts'
import type { SliceLiteral } from '../helpers/slice.ts'
import { selectStudy } from '../../src/selection/select-study.ts'

const series = (name: string, literal: SliceLiteral = {}, zs = [0, 6, 12]) =>
  seriesOf(zs.map(z => sliceOf({ name, z, ...literal })), name)
const acquired = (AcquisitionDate: string, AcquisitionTime: string) => ({ header: { AcquisitionDate, AcquisitionTime } })

t.test('every series has its decision, in the order given', async t => {
  const { series: decisions } = selectStudy([
    series('flair', { acquisition: flairAcquisition }),
    series('gre', { acquisition: { scanningSequence: ['GR'] } }),
    series('t2'),
  ])
  t.strictSame(decisions.map(one => [one.verdict, one.contrast]), [['selected', 'FLAIR'], ['rejected', undefined], ['selected', 'T2']])
})

t.test('a contrast that the study lacks has no primary', async t => {
  const only = series('t2')
  const { primary } = selectStudy([only])
  t.equal(primary.FLAIR, undefined)
  t.equal(primary.T2?.series, only)
})

t.test('the newest is primary', async t => {
  const [old, recent] = [series('a', acquired('20200101', '120000.5')), series('b', acquired('20200101', '120001'))]
  t.equal(selectStudy([old, recent]).primary.T2?.series, recent)
  t.equal(selectStudy([recent, old]).primary.T2?.series, recent)
})

t.test('a complete series goes before a newer one with a gap', async t => {
  const whole = series('a', acquired('20200101', '120000'))
  const gappy = series('b', acquired('20200101', '130000'), [0, 6, 12, 30])
  t.equal(selectStudy([gappy, whole]).primary.T2?.series, whole)
})

t.test('a whole head goes before a newer repeat of a few slices', async t => {
  const whole = series('a', acquired('20200101', '120000'), [0, 6, 12, 18, 24, 30])
  const piece = series('b', acquired('20200101', '130000'), [12, 18, 24])
  const single = series('c', acquired('20200101', '140000'), [18])
  t.equal(selectStudy([single, piece, whole]).primary.T2?.series, whole)
})

t.test('a 2D series goes before a newer 3D one', async t => {
  const two = series('a', acquired('20200101', '120000'))
  const three = series('b', { ...acquired('20200101', '130000'), acquisition: { mrAcquisitionType: '3D' } })
  t.equal(selectStudy([three, two]).primary.T2?.series, two)
})

t.test('AcquisitionDateTime speaks before dates, series dates stand in for missing ones, the larger series breaks a tie', async t => {
  const dateTime = series('a', { header: { AcquisitionDateTime: '20210101120000.000+0100', AcquisitionDate: '19990101' } })
  const bySeries = series('b', { header: { SeriesDate: '20200101', SeriesTime: '235959' } })
  t.equal(selectStudy([bySeries, dateTime]).primary.T2?.series, dateTime)
  const [small, large] = [series('c'), series('d', {}, [0, 6, 12, 18])]
  t.equal(selectStudy([small, large]).primary.T2?.series, large)
})
