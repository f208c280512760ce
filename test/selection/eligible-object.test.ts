import t from 'tap'
import { attributesOf, sliceOf } from '../helpers/slice.ts'
import type { SliceLiteral } from '../helpers/slice.ts'
import { defaultCriteria } from '../../src/selection/criteria.ts'
import { eligibleObject, instanceRejection } from '../../src/selection/eligible-object.ts'

const code = (literal: SliceLiteral) => eligibleObject(sliceOf(literal), defaultCriteria)?.reason.code

t.test('a plain MR slice is eligible, classic, enhanced and converted', async t => {
  for (const sopClassUid of ['1.2.840.10008.5.1.4.1.1.4', '1.2.840.10008.5.1.4.1.1.4.1', '1.2.840.10008.5.1.4.1.1.4.4']) {
    t.equal(code({ sopClassUid }), undefined, sopClassUid)
  }
})

t.test('another modality is not, and a missing one is told from it', async t => {
  t.equal(code({ header: { Modality: 'CT' } }), 'not-mr')
  const { Modality: _, ...header } = { Modality: 'MR', EchoTime: 1 }
  const silent = { ...sliceOf(), source: { ...sliceOf().source, attributes: attributesOf(header) } }
  t.match(eligibleObject(silent, defaultCriteria)?.reason, { code: 'not-mr', text: 'Modality is missing' })
})

t.test('a secondary capture or spectrum of modality MR is no MR image', async t => {
  for (const sopClassUid of ['1.2.840.10008.5.1.4.1.1.7', '1.2.840.10008.5.1.4.1.1.4.2', '1.2.840.10008.5.1.4.1.1.4.3']) {
    t.equal(code({ sopClassUid }), 'sop-class', sopClassUid)
  }
})

t.test('pixels must be monochrome of 8 to 16 bits', async t => {
  t.equal(code({ pixel: { photometricInterpretation: 'MONOCHROME1' } }), undefined)
  t.equal(code({ pixel: { photometricInterpretation: 'RGB' } }), 'photometric-interpretation')
  t.equal(code({ pixel: { photometricInterpretation: 'PALETTE COLOR' } }), 'photometric-interpretation')
  t.equal(code({ pixel: { bitsStored: 8, bitsAllocated: 8 } }), undefined)
  t.equal(code({ pixel: { bitsStored: 16 } }), undefined)
  t.equal(code({ pixel: { bitsStored: 7 } }), 'bit-depth')
  t.equal(code({ pixel: { bitsStored: 32, bitsAllocated: 32 } }), 'bit-depth')
  t.equal(code({ pixel: { bitsStored: 1, bitsAllocated: 1 } }), 'bit-depth')
})

t.test('an object without pixel data is told so', async t => {
  const { source } = sliceOf()
  t.equal(instanceRejection({ ...source, frameCount: 0 }, defaultCriteria)?.reason.code, 'no-pixel-data')
})

t.test('our own result is never eligible', async t => {
  t.equal(code({ header: { ContributingEquipmentSequence: [attributesOf({ Manufacturer: 'tuberlens', DeviceUID: '2.25.1' })] } }), 'own-result')
})

t.test('a Siemens mosaic is known by its private count, if the block is Siemens\'s', async t => {
  t.equal(code({ header: { '00190010': 'SIEMENS MR HEADER', '0019100a': 35 } }), 'mosaic')
  t.equal(code({ header: { '00190010': 'SIEMENS MR HEADER', '0019100a': 1 } }), undefined)
  t.equal(code({ header: { '00190010': 'GEMS_ACQU_01', '0019100a': 35 } }), undefined)
  t.equal(code({ header: { '0019100a': 35 } }), undefined)
})

t.test('a phase image is known by its complex component', async t => {
  t.equal(code({ header: { ComplexImageComponent: 'PHASE' } }), 'phase-map')
  t.equal(code({ header: { ComplexImageComponent: 'MAGNITUDE' } }), undefined)
})

t.test('ImageType and BodyPartExamined are asked too', async t => {
  t.equal(code({ imageType: ['ORIGINAL', 'PRIMARY', 'LOCALIZER'] }), 'localizer')
  t.equal(code({ header: { BodyPartExamined: 'KNEE' } }), 'body-part')
})
