import { resolve } from 'node:path'
import t from 'tap'
import type { ModelManifest } from '../../src/model/manifest.ts'
import { openEngineThread } from '../../src/model/engines/engine-thread.ts'
import { openOnnxRuntime } from '../../src/model/engines/onnxruntime.ts'
import { readManifest, readNetwork } from '../../src/model/model-files.ts'
import { randomNumbers } from './support.ts'

const directory = resolve(import.meta.dirname, '../../fixtures/tiny-model')
const { manifest } = await readManifest(directory)
const { width, height } = manifest.preprocessing
const raster = (seed: number) => randomNumbers(width * height * 3, seed)
const maps = { gradCam: true, saliency: true }

t.test('the thread gives what the engine gives, and overlapping runs are answered in order', async t => {
  const here = await openOnnxRuntime(await readNetwork(directory, manifest), manifest, { threads: 1 })
  const there = await openEngineThread(directory, manifest, { threads: 1 })
  t.strictSame([there.name, there.batchSize], [here.name, here.batchSize])
  const rasters = [1, 2, 3].map(raster)
  const answered: number[] = []
  const found = await Promise.all(rasters.map(async (one, i) => {
    const output = await there.run(one, 1, maps)
    answered.push(i)
    return output
  }))
  t.strictSame(answered, [0, 1, 2])
  for (const [i, output] of found.entries()) t.strictSame(output, await here.run(rasters[i]!, 1, maps))
  t.equal(rasters[0]!.length, width * height * 3, 'the rasters stay with their owner')
  await here.close()
  await there.close()
  await t.rejects(there.run(rasters[0]!, 1, maps), { code: 'engine-failed', message: 'the engine ended' })
})

t.test('a run that fails is told, and the next one works', async t => {
  const engine = await openEngineThread(directory, manifest, { threads: 1 })
  await t.rejects(engine.run(new Float32Array(5), 1, maps), { code: 'engine-failed' })
  t.equal((await engine.run(raster(1), 1, { gradCam: false, saliency: false })).probabilities.length, 1)
  await engine.close()
})

t.test('a model that cannot be opened is told with its facts', async t => {
  const other: ModelManifest = { ...manifest, gradCamLayer: 'nowhere' }
  await t.rejects(openEngineThread(directory, other, { threads: 1 }), { code: 'model-invalid', facts: { layer: 'nowhere' } })
})
