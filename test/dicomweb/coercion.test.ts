import { readFileSync } from 'node:fs'
import t from 'tap'
import { readInstance } from '../../src/dicom/read-instance.ts'
import { lacksIssuer, withIssuer } from '../../src/dicomweb/coercion.ts'
import { ask, askPython, requirePydicom, temporaryFile } from '../dicom/second-reader.ts'
import { dataPath } from '../helpers/data.ts'
import { requireTool } from '../helpers/tools.ts'
import { dicomFile } from '../service/support/dicom-file.ts'

const at = new Date(Date.UTC(2026, 10, 23, 17, 30, 5, 250))
const coerced = (bytes: Uint8Array): Buffer => Buffer.concat(withIssuer(bytes, 'Hospital', at))

t.test('an issuer is lacking beside a PatientID only', async t => {
  t.ok(lacksIssuer(readInstance(dicomFile())))
  t.ok(lacksIssuer(readInstance(dicomFile({ change: { '00100021': ['00100021', 'LO', ''] } }))))
  t.notOk(lacksIssuer(readInstance(dicomFile({ change: { '00100021': ['00100021', 'LO', 'X'] } }))))
  t.notOk(lacksIssuer(readInstance(dicomFile({ change: { '00100020': ['00100020', 'LO', ''] } }))))
})

t.test('earlier notes of changes are kept before the new one', async t => {
  const once = coerced(dicomFile())
  const twice = readInstance(coerced(once)).attributes.items('OriginalAttributesSequence')
  t.strictSame(twice.map(item => item.string('AttributeModificationDateTime')), ['20261123173005.250+0000', '20261123173005.250+0000'])
})

const compare = `
import json, pydicom, sys
a, b = (pydicom.dcmread(path) for path in sys.argv[1:])
differing = ['%08X' % tag for tag in sorted(set(a.keys()) | set(b.keys()))
    if tag.element != 0 and tag != 0x7fe00010 and (tag not in a or tag not in b or a[tag].value != b[tag].value)]
item = b.OriginalAttributesSequence[-1]
print(json.dumps({'differing': differing, 'syntax': b.file_meta.TransferSyntaxUID, 'issuer': b.IssuerOfPatientID, 'reason': item.ReasonForTheAttributeModification,
    'before': item.ModifiedAttributesSequence[0].IssuerOfPatientID, 'pixels': a.PixelData == b.PixelData or bool((a.pixel_array == b.pixel_array).all())}))
`

for (const [name, path, syntax] of [
  ['implicit little endian', 'mr-dicom/philips-flair-axial/IM-0001-0001.dcm', '1.2.840.10008.1.2.1'],
  ['big endian', 'mr-dicom/enhanced-mr-small/emri_small_big_endian.dcm', '1.2.840.10008.1.2.1'],
  ['JPEG 2000', 'mr-dicom/enhanced-mr-small/emri_small_jpeg_2k_lossless.dcm', '1.2.840.10008.1.2.4.90'],
  ['RLE', 'mr-dicom/enhanced-mr-small/emri_small_RLE.dcm', '1.2.840.10008.1.2.5'],
] as const) {
  t.test(`only the issuer and its note differ of a file in ${name}, as pydicom and dcmtk read it`, async t => {
    const file = dataPath(t, path)
    if (file === undefined || !requirePydicom(t) || !requireTool(t, 'dcmdump')) return
    const written = temporaryFile(t, coerced(readFileSync(file)))
    t.match(askPython(compare, file, written), {
      differing: ['00100021', '04000561'], syntax, issuer: 'Hospital', reason: 'COERCE', before: '', pixels: true,
    })
    t.notMatch(ask('dcmdump', '+L', written), /^[EW]:/m)
  })
}
