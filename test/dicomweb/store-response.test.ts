import t from 'tap'
import { failureReasons, type PartOutcome, storeResponse, storeStatus, storeWarning } from '../../src/dicomweb/store-response.ts'

const uids = { sopClassUid: '1.2', sopInstanceUid: '1.2.3' }
const stored: PartOutcome = { kind: 'stored', ...uids, studyInstanceUid: '1', retrieveUrl: 'u' }
const failed = (reason: keyof typeof failureReasons): PartOutcome => ({ kind: 'failed', reason, comment: 'x' })

t.test('the reason codes are those of PS3.18 Annex I and PS3.7 Annex C', async t => {
  t.strictSame(Object.fromEntries(Object.entries(failureReasons).map(([name, { code }]) => [name, code])), {
    'out-of-resources': 42752,
    'too-large': 42753,
    'wrong-sop-class': 43264,
    'wrong-study': 43265,
    'cannot-understand': 49152,
    'wrong-part-type': 49153,
    'part-cut': 49154,
    'transfer-syntax': 49442,
    duplicate: 273,
    'sop-class-refused': 290,
    'processing-failure': 272,
  })
})

t.test('the status says what became of all parts together', async t => {
  const cases: readonly (readonly [readonly PartOutcome[], number])[] = [
    [[stored, stored], 200],
    [[stored, failed('duplicate')], 202],
    [[{ ...stored, warning: 'coerced' }], 202],
    [[failed('cannot-understand'), failed('part-cut'), failed('wrong-part-type')], 400],
    [[failed('out-of-resources'), failed('out-of-resources')], 503],
    [[failed('out-of-resources'), failed('duplicate')], 409],
    [[failed('transfer-syntax')], 409],
    [[], 400],
  ]
  for (const [outcomes, status] of cases) t.equal(storeStatus(outcomes), status)
})

t.test('sequences without items are absent, comments have at most 64 characters', async t => {
  t.strictSame(Object.keys(storeResponse([stored], undefined)), ['00081199'])
  t.strictSame(storeResponse([{ ...failed('duplicate'), ...uids, comment: 'c'.repeat(100) } as PartOutcome], undefined), {
    '00081198': {
      vr: 'SQ',
      Value: [{
        '00000902': { vr: 'LO', Value: ['c'.repeat(64)] },
        '00081150': { vr: 'UI', Value: ['1.2'] },
        '00081155': { vr: 'UI', Value: ['1.2.3'] },
        '00081197': { vr: 'US', Value: [273] },
      }],
    },
  })
})

t.test('the Warning header has the form of PS3.18 10.5.3', async t => {
  t.equal(storeWarning([stored], 'https://x'), undefined)
  t.equal(storeWarning([stored, failed('duplicate'), failed('part-cut')], 'https://x'), '299 https://x "0111: duplicate SOP instance"')
})
