import t from 'tap'
import { momentIn, newestAcquisition } from '../../src/analysis/report-moment.ts'
import type { Attributes } from '../../src/dicom/attributes.ts'
import type { Slice } from '../../src/dicom/slice.ts'

const sliceWith = (values: Record<string, string>) =>
  ({ attributes: { string: (name: string) => values[name] } as Partial<Attributes> } as unknown as Slice)

t.test('a moment is told in the zone of the sources', async t => {
  const at = new Date(Date.UTC(2026, 0, 1, 23, 30, 15))
  t.strictSame(momentIn(at, '+0100'), { date: '20260102', time: '003015' })
  t.strictSame(momentIn(at, '-0530'), { date: '20260101', time: '180015' })
  t.strictSame(momentIn(at, '+0000'), { date: '20260101', time: '233015' })
})

t.test('without a zone it is the site\'s own', async t => {
  const at = new Date(2026, 5, 7, 8, 9, 10)
  t.strictSame(momentIn(at, undefined), { date: '20260607', time: '080910' })
  t.strictSame(momentIn(at, 'nonsense'), { date: '20260607', time: '080910' })
})

t.test('files are dated with their newest acquisition', async t => {
  t.strictSame(newestAcquisition([
    sliceWith({ AcquisitionDate: '20200101', AcquisitionTime: '101010.5' }),
    sliceWith({ AcquisitionDate: '20200101', AcquisitionTime: '101011' }),
    sliceWith({ SeriesDate: '2019.12.31', SeriesTime: '23:59:59' }),
  ]), { date: '20200101', time: '101011' })
  t.strictSame(newestAcquisition([sliceWith({ StudyDate: '20200101' })]), { date: '20200101', time: '000000' })
  t.strictSame(newestAcquisition([sliceWith({})]), { date: '19700101', time: '000000' })
})
