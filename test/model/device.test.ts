import t from 'tap'
import { loadModel } from '../../src/model/load-model.ts'
import { reasonWithoutCuda } from '../helpers/cuda.ts'
import { agreement, phantom, tinyModel } from './support.ts'

t.test('a GPU that cannot be used is refused with the reason, whatever the engine', async t => {
  const reason = await reasonWithoutCuda()
  if (reason === undefined) {
    t.skip('this machine has CUDA', () => undefined)
    return
  }
  t.match(reason, /^onnxruntime cannot compute on CUDA here: its (CUDA libraries are not installed|build for this platform has no CUDA)/)
  for (const engine of ['auto', 'onnxruntime', 'tensorflow'] as const) {
    await t.rejects(loadModel(tinyModel, { engine, device: 'cuda' }), { code: 'engine-unavailable', facts: { device: 'cuda' } }, engine)
  }
})

t.test('a GPU gives what the processor gives', async t => {
  const reason = await reasonWithoutCuda()
  if (reason !== undefined) {
    t.skip(reason, () => undefined)
    return
  }
  const spot = phantom({ x: 80, y: 120, radius: 8 })
  const rasters = [phantom(), ...new Array(10).fill(spot) as typeof spot[]]
  const [onProcessor, onGpu] = await Promise.all((['cpu', 'cuda'] as const).map(async device => {
    const classifier = await loadModel(tinyModel, { engine: 'onnxruntime', device })
    const found = await classifier.classify(rasters, ['grad-cam', 'saliency', 'evidence'])
    await classifier.close()
    return found
  }))
  for (const [index, expected] of onProcessor!.entries()) {
    const found = onGpu![index]!
    t.ok(Math.abs(found.probability - expected.probability) < 1e-3)
    for (const [map, { method, values }] of expected.heatmaps.entries()) t.ok(agreement(found.heatmaps[map]!.values, values).cosine > 0.999, method)
  }
})
