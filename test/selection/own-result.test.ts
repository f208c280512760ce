import t from 'tap'
import { attributesOf } from '../helpers/slice.ts'
import { defaultCriteria } from '../../src/selection/criteria.ts'
import { isOwnResult } from '../../src/selection/own-result.ts'

const { own } = defaultCriteria
const contributed = (...items: Readonly<Record<string, string>>[]) =>
  attributesOf({ ContributingEquipmentSequence: items.map(attributesOf) })

t.test('a device of ours among the contributing equipment makes an object our own result', async t => {
  t.equal(isOwnResult(contributed({ Manufacturer: 'Philips' }, { Manufacturer: 'tuberlens', DeviceUID: '2.25.1' }), own), true)
  t.equal(isOwnResult(attributesOf({ Manufacturer: 'tuberlens', DeviceUID: '2.25.1' }), own), true, 'or the object itself')
})

t.test('another maker, or our name without a device, is not ours', async t => {
  t.equal(isOwnResult(contributed({ Manufacturer: 'Philips', DeviceUID: '2.25.9' }), own), false)
  t.equal(isOwnResult(contributed({ Manufacturer: 'tuberlens' }), own), false)
  t.equal(isOwnResult(attributesOf({ ManufacturerModelName: 'tuberlens', DeviceUID: '2.25.9' }), own), false)
  t.equal(isOwnResult(attributesOf({}), own), false)
})
