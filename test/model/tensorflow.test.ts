import t from 'tap'
import * as errors from '../../src/errors.ts'
import { loadTensorFlow, tensorFlowVersion } from '../../src/model/tensorflow.ts'
import { phantom, requireTensorFlow, tinyModel } from './support.ts'

type LoadModule = typeof import('../../src/model/load-model.ts')
type TensorFlowModule = typeof import('../../src/model/tensorflow.ts')

/** Under both names that a loader may see, since it may rewrite the extension; the error class stays one and the same. */
const insteadOfOnnxRuntime = (open: () => Promise<never>) => ({
  '../../src/model/engines/engine-thread.js': { openEngineThread: open },
  '../../src/model/engines/engine-thread.ts': { openEngineThread: open },
  '../../src/errors.js': errors,
  '../../src/errors.ts': errors,
})

t.test('TensorFlow computes with its own library', async t => {
  const tf = await requireTensorFlow(t)
  if (tf === undefined) return
  t.equal(tf.getBackend(), 'tensorflow')
  t.equal(await loadTensorFlow(), tf, 'loaded once')
  t.match(tensorFlowVersion(), /^tfjs-node \d+\.\d+\.\d+$/)
})

t.test('without its library the message says what to do', async t => {
  const { loadTensorFlow } = await t.mockImport<TensorFlowModule>('../../src/model/tensorflow.ts', {
    '@tensorflow/tfjs-node': { layers: {}, ready: () => Promise.reject(new Error('libtensorflow.so: cannot open shared object file')) },
  })
  await t.rejects(loadTensorFlow(), { code: 'engine-unavailable', message: /install-tensorflow.*onnxruntime/ })
})

t.test('another backend is never used for results', async t => {
  const { loadTensorFlow } = await t.mockImport<TensorFlowModule>('../../src/model/tensorflow.ts', {
    '@tensorflow/tfjs-node': { layers: {}, ready: () => Promise.resolve(), getBackend: () => 'cpu' },
  })
  await t.rejects(loadTensorFlow(), { code: 'engine-unavailable', cause: { message: 'the backend in use is cpu' } })
})

t.test('where onnxruntime has no binary, auto takes TensorFlow and onnxruntime says so', async t => {
  const unavailable = () => Promise.reject(new errors.AppError('engine-unavailable', 'no binary'))
  const { loadModel } = await t.mockImport<LoadModule>('../../src/model/load-model.ts', insteadOfOnnxRuntime(unavailable))
  await t.rejects(loadModel(tinyModel, { engine: 'onnxruntime' }), { message: 'no binary' })
  if (await requireTensorFlow(t) === undefined) return
  const classifier = await loadModel(tinyModel, { engine: 'auto' })
  t.match(classifier.engine, /^tfjs-node/)
  t.equal((await classifier.classify([phantom()], [])).length, 1)
  await classifier.close()
})

t.test('a network that onnxruntime refuses is not passed on to TensorFlow', async t => {
  const invalid = () => Promise.reject(new errors.AppError('model-invalid', 'not accepted'))
  const { loadModel } = await t.mockImport<LoadModule>('../../src/model/load-model.ts', insteadOfOnnxRuntime(invalid))
  await t.rejects(loadModel(tinyModel, { engine: 'auto' }), { code: 'model-invalid', message: 'not accepted' })
})
