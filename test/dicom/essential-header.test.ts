import t from 'tap'
import { DataSet } from '../../src/dicom/data-set.ts'
import { essentialHeader } from '../../src/dicom/essential-header.ts'
import { parsePart10 } from '../../src/dicom/part10.ts'
import { encodePart10 } from '../../src/dicom/write-part10.ts'
import { element, identity, part10 } from './encoded.ts'
import { mrDataset } from './mr-dataset.ts'

t.test('values, sequences and character sets are the same in the small copy, pixels and private elements are not there', async t => {
  for (const transferSyntaxUid of ['1.2.840.10008.1.2.1', '1.2.840.10008.1.2']) {
    const file = encodePart10(mrDataset({
      PatientName: { Alphabetic: 'Ä' },
      RequestAttributesSequence: [{ RequestedProcedureID: 'R1', ScheduledProtocolCodeSequence: [{ CodeValue: 'C' }] }, { RequestedProcedureID: 'Ü' }],
    }), { transferSyntaxUid })
    const { table } = parsePart10(file)
    const [whole, copy] = [new DataSet(table), new DataSet(structuredClone(essentialHeader(table)))]
    for (const name of ['PatientName', 'SOPInstanceUID', 'Rows', 'ImagePositionPatient', 'ImageType']) t.strictSame(copy.strings(name), whole.strings(name), name)
    t.strictSame(copy.items('RequestAttributesSequence').map(request => request.string('RequestedProcedureID')), ['R1', 'Ü'])
    t.equal(copy.items('RequestAttributesSequence')[0]?.items('ScheduledProtocolCodeSequence')[0]?.string('CodeValue'), 'C')
    t.equal(copy.has('PixelData'), false)
    t.strictSame(copy.tags, [...whole.tags].filter(tag => tag !== 0x7fe00010))
    t.ok(copy.table.bytes.length < 1000)
  }
})

t.test('what is long is left out before what is short, and private elements always', async t => {
  const file = part10(Buffer.concat([identity(), element(0x0008103e, 'LO', 'short'), element(0x00091001, 'LO', 'private'), element(0x00204000, 'LT', 'x'.repeat(600))]))
  const { table } = parsePart10(file)
  const all = new DataSet(essentialHeader(table))
  t.ok(all.has('ImageComments'))
  t.notOk(all.has('00091001'))
  const some = new DataSet(essentialHeader(table, 500))
  t.notOk(some.has('ImageComments'))
  t.equal(some.string('SeriesDescription'), 'short')
  t.strictSame(new DataSet(essentialHeader(table, 0)).tags, [])
})
