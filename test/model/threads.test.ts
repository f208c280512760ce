import { availableParallelism } from 'node:os'
import t from 'tap'
import { defaultThreads } from '../../src/model/engines/threads.ts'

t.test('one thread for each processor, eight at most', async t => {
  t.strictSame([1, 2, 4, 8, 16].map(processors => defaultThreads(processors)), [1, 2, 4, 8, 8])
  t.equal(defaultThreads(), Math.min(availableParallelism(), 8))
})
