import t from 'tap'
import type { Dataset } from '../../src/dicom/dataset.ts'
import { groupBySeries } from '../../src/dicom/group-by-series.ts'
import { readInstance, readInstanceFile } from '../../src/dicom/read-instance.ts'
import { encodePart10 } from '../../src/dicom/write-part10.ts'
import { dataPath } from '../helpers/data.ts'
import { mrDataset } from './mr-dataset.ts'

const instance = (changes: Dataset) => readInstance(encodePart10(mrDataset(changes)))

t.test('no instances are no series', async t => {
  t.strictSame(groupBySeries([]), [])
})

t.test('series and their instances are sorted, whatever order they come in', async t => {
  const all = [
    instance({ SeriesInstanceUID: '1.9', SeriesNumber: 2, SOPInstanceUID: '1.4', InstanceNumber: 10 }),
    instance({ SeriesInstanceUID: '1.9', SeriesNumber: 2, SOPInstanceUID: '1.5', InstanceNumber: 9 }),
    instance({ SeriesInstanceUID: '1.9', SeriesNumber: 2, SOPInstanceUID: '1.3', InstanceNumber: null }),
    instance({ SeriesInstanceUID: '1.8', SeriesNumber: 1, SOPInstanceUID: '1.2' }),
    instance({ SeriesInstanceUID: '1.7', SeriesNumber: null, SOPInstanceUID: '1.1' }),
  ]
  for (const order of [all, [...all].reverse()]) {
    const series = groupBySeries(order)
    t.strictSame(series.map(one => one.seriesInstanceUid), ['1.8', '1.9', '1.7'])
    t.strictSame(series[1]?.instances.map(one => one.sopInstanceUid), ['1.5', '1.4', '1.3'])
    t.strictSame(series[1]?.slices.map(slice => slice.source.sopInstanceUid), ['1.5', '1.4', '1.3'])
  }
})

t.test('one series UID in two studies is two series', async t => {
  const series = groupBySeries([instance({ StudyInstanceUID: '1.2' }), instance({ StudyInstanceUID: '1.1' })])
  t.strictSame(series.map(one => one.studyInstanceUid), ['1.1', '1.2'])
})

t.test('a copy is left out silently, another object under the same UID with a warning', async t => {
  const one = instance({})
  t.strictSame(groupBySeries([one, instance({})])[0]?.instances.map(kept => kept.warnings), [[]])
  const changed = instance({ PatientID: 'P2' })
  for (const order of [[one, changed], [changed, one]]) {
    const kept = groupBySeries(order)[0]?.instances
    t.equal(kept?.length, 1)
    t.equal(kept?.[0]?.digest, [one.digest, changed.digest].sort()[0])
    t.match(kept?.[0]?.warnings, [/same SOPInstanceUID/])
  }
})

t.test('the Philips FLAIR series is one series of 22 slices in order', async t => {
  const folder = dataPath(t, 'mr-dicom/philips-flair-axial')
  if (folder === undefined) return
  const paths = Array.from({ length: 22 }, (_, i) => `${folder}/IM-0001-${String(22 - i).padStart(4, '0')}.dcm`)
  const [series, ...others] = groupBySeries(await Promise.all(paths.map(path => readInstanceFile(path))))
  t.equal(others.length, 0)
  const numbers = series?.slices.map(slice => slice.instanceNumber ?? -1) ?? []
  t.equal(numbers.length, 22)
  t.strictSame(numbers, [...numbers].sort((a, b) => a - b))
})
