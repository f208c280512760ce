import t from 'tap'
import { attributesOf } from '../helpers/slice.ts'
import { bodyPartRejection } from '../../src/selection/body-part.ts'

const code = (value: string) => bodyPartRejection(attributesOf({ BodyPartExamined: value }))?.reason.code

t.test('head terms pass, in the languages that sites write', async t => {
  for (const value of ['BRAIN', 'HEAD', 'head', 'SKULL', 'HEADNECK', 'NEURO^HEAD', 'Schädel', 'Tête', 'CRÂNE', 'CABEZA', '頭部', '脳', 'ГОЛОВНОЙ МОЗГ', 'Εγκέφαλος']) {
    t.equal(code(value), undefined, value)
  }
})

t.test('another part of the body excludes', async t => {
  for (const value of ['KNEE', 'CSPINE', 'ABDOMEN', 'HEART', 'Wirbelsäule']) t.equal(code(value), 'body-part', value)
})

t.test('absent, empty and values that name no part say nothing', async t => {
  t.equal(bodyPartRejection(attributesOf({})), undefined)
  for (const value of ['', ' ', 'UNKNOWN', 'Other', 'MR']) t.equal(code(value), undefined, value)
})

t.test('the value stays out of the reason and is marked as free text', async t => {
  const rejection = bodyPartRejection(attributesOf({ BodyPartExamined: 'KNEE OF DOE' }))
  t.notMatch(rejection?.reason.text, /DOE/)
  t.equal(rejection?.evidence[0]?.freeText, true)
})
