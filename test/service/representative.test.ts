import t from 'tap'
import type { StoredInstance } from '../../src/archive/archive.ts'
import { representative } from '../../src/service/representative.ts'

const stored = (sop: string, series: string, changes: Partial<StoredInstance> = {}) =>
  ({ sopInstanceUid: sop, seriesInstanceUid: series, kind: 'input', frameCount: 1, instanceNumber: 1, ...changes }) as StoredInstance
const chosen = (...instances: StoredInstance[]) => representative(instances)?.sopInstanceUid

t.test('the middle of the largest series stands for all, the lower one of two', async t => {
  const slices = [4, 2, 3, 1].map(n => stored(`a${n}`, 'a', { instanceNumber: n }))
  t.equal(chosen(stored('b1', 'b'), ...slices), 'a2')
  t.equal(chosen(...slices, stored('a5', 'a', { instanceNumber: 5 })), 'a3')
  t.equal(chosen(stored('a0', 'a', { instanceNumber: undefined }), ...slices), 'a3', 'an image without a number is the last')
})

t.test('results stand for themselves alone, and only images stand for anything', async t => {
  const results = ['r1', 'r2', 'r3'].map(sop => stored(sop, 'r', { kind: 'result' }))
  t.equal(chosen(...results, stored('b1', 'b')), 'b1')
  t.equal(chosen(...results), 'r2')
  t.equal(chosen(stored('sr', 's', { frameCount: 0 })), undefined)
})
