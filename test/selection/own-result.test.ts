import t from 'tap'
import { attributesOf } from '../helpers/slice.ts'
import { criteriaSchema, defaultCriteria } from '../../src/selection/criteria.ts'
import { isOwnResult } from '../../src/selection/own-result.ts'

const contributed = (...items: Readonly<Record<string, string>>[]) =>
  attributesOf({ ContributingEquipmentSequence: items.map(attributesOf) })

t.test('a DeviceUID of ours makes an object our own result', async t => {
  const { own } = criteriaSchema.parse({ own: { deviceUids: ['2.25.1'] } })
  t.equal(isOwnResult(contributed({ DeviceUID: '2.25.9' }, { DeviceUID: '2.25.1' }), own), true)
  t.equal(isOwnResult(contributed({ DeviceUID: '2.25.9' }), own), false)
})

t.test('our model name does too, as an older model has another DeviceUID', async t => {
  t.equal(isOwnResult(contributed({ DeviceUID: '2.25.9', ManufacturerModelName: 'TuberLens' }), defaultCriteria.own), true)
  t.equal(isOwnResult(contributed({ ManufacturerModelName: 'Achieva' }), defaultCriteria.own), false)
})

t.test('an object without contributing equipment is not ours', async t => {
  t.equal(isOwnResult(attributesOf({ ManufacturerModelName: 'tuberlens' }), defaultCriteria.own), false)
})
