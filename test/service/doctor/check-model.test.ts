import { resolve } from 'node:path'
import t from 'tap'
import { checkModel } from '../../../src/service/doctor/check-model.ts'
import { reasonWithoutCuda } from '../../helpers/cuda.ts'

const modelDir = resolve(import.meta.dirname, '../../../fixtures/tiny-model')

t.test('a model that works is in order', async t => {
  t.match(await checkModel({ modelDir, engine: 'onnxruntime', device: 'cpu' }), [{ area: 'model', state: 'ok', found: /^tiny [\d.]+ loads with its hashes/ }])
})

t.test('a GPU that cannot be used is a failure, with what to do', async t => {
  if (await reasonWithoutCuda() === undefined) {
    t.skip('this machine has CUDA', () => undefined)
    return
  }
  t.match(await checkModel({ modelDir, engine: 'auto', device: 'cuda' }),
    [{ area: 'model', state: 'failure', found: /cannot compute on CUDA here/, todo: 'set TUBERLENS_DEVICE=cpu, or install what is missing' }])
})
