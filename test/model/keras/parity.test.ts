import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { openOnnxRuntime } from '../../../src/model/engines/onnxruntime.ts'
import { openTensorFlow } from '../../../src/model/engines/tensorflow.ts'
import { importKeras } from '../../../src/model/keras/keras-import.ts'
import { readLayersModel } from '../../../src/model/layers-model.ts'
import { loadTensorFlow } from '../../../src/model/tensorflow.ts'
import { requireKeras, runKeras } from '../../helpers/keras.ts'
import { randomNumbers } from '../support.ts'

interface Expected { file: string, shape: number[], seed: number, probabilities: number[][] }

const networks = {
  nested_inception_v3: { architecture: 'inception-v3', gradCamLayer: 'mixed10', parameters: 21_802_784 + 2048 + 1 },
  nested_resnet_50: { architecture: 'resnet-50', gradCamLayer: 'conv5_block3_out', parameters: 23_587_712 + 2048 + 1 },
} as const

t.test('Keras\'s own backbones, saved by Keras now, give what Keras gives', { timeout: 600_000 }, async t => {
  if (!requireKeras(t)) return
  const folder = await mkdtemp(join(tmpdir(), 'tuberlens-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  await runKeras('models.py', ['--out', folder, ...Object.keys(networks)])
  const expected = JSON.parse(await readFile(join(folder, 'expected.json'), 'utf8')) as Record<keyof typeof networks, Expected>
  const tensorFlow = await loadTensorFlow().then(() => true, () => false)
  for (const [name, wanted] of Object.entries(networks) as [keyof typeof networks, typeof networks[keyof typeof networks]][]) {
    const { file, shape, seed, probabilities } = expected[name]
    const softmax = probabilities[0]!.length === 2
    const network = await importKeras(await readFile(join(folder, file)), { size: 224, ...softmax ? { positiveClass: 1 } : { sigmoidPositive: 'tuber' } })
    t.match(network, wanted)
    const rasters = randomNumbers(shape.reduce((product, length) => product * length, 1), seed)
    const layers = { gradCamLayer: network.gradCamLayer }
    const engines = [
      await openOnnxRuntime(readLayersModel(network.files), layers, { threads: 1 }),
      ...tensorFlow ? [await openTensorFlow(network.files, layers)] : [],
    ]
    for (const engine of engines) {
      const output = await engine.run(rasters, 2, { gradCam: true, saliency: false })
      for (const [slice, units] of probabilities.entries()) {
        const difference = Math.abs((output.probabilities[slice] ?? NaN) - units.at(-1)!)
        t.ok(difference < 1e-5, `${name} on ${engine.name}, slice ${slice}: ${difference}`)
      }
      t.ok(output.gradCam!.values.every(Number.isFinite))
      await engine.close()
    }
  }
})
