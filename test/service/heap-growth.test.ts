import { execFileSync } from 'node:child_process'
import t from 'tap'
import { growHeapFreely } from '../../src/service/heap-growth.ts'

t.test('the engine knows how to let the heap grow', async t => {
  t.match(execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8', maxBuffer: 2 ** 24 }), /^\s*--heap-growing-percent /m)
  t.doesNotThrow(growHeapFreely)
})
