import t from 'tap'
import { evidence, freeTextEvidence, withoutRepeats } from '../../src/selection/evidence.ts'

t.test('values are printed as DICOM parts them, numbers to a thousandth', async t => {
  t.equal(evidence('ImageType', ['ORIGINAL', 'PRIMARY'], 'r').value, 'ORIGINAL\\PRIMARY')
  t.equal(evidence('RepetitionTime', 1199.99987792968, 'r').value, '1200')
})

t.test('a long value is cut and says so', async t => {
  const { value } = freeTextEvidence('SeriesDescription', 'x'.repeat(200), 'r')
  t.equal(value.length, 64)
  t.ok(value.endsWith('…'))
})

t.test('only what people type is marked as free text', async t => {
  t.equal(evidence('EchoTime', 100, 'r').freeText, false)
  t.equal(freeTextEvidence('SeriesDescription', 'T2', 'r').freeText, true)
})

t.test('the same fact is said once, in the order of its first mention', async t => {
  const [a, b] = [evidence('EchoTime', 100, 'r'), evidence('EchoTime', 90, 'r')]
  t.strictSame(withoutRepeats([a, b, evidence('EchoTime', 100, 'r')]), [a, b])
})
