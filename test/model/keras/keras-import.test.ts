import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import t from 'tap'
import { openOnnxRuntime } from '../../../src/model/engines/onnxruntime.ts'
import { openTensorFlow } from '../../../src/model/engines/tensorflow.ts'
import { type KerasImportOptions, importKeras } from '../../../src/model/keras/keras-import.ts'
import { readLayersModel } from '../../../src/model/layers-model.ts'
import { loadTensorFlow } from '../../../src/model/tensorflow.ts'
import { agreement, randomNumbers } from '../support.ts'
import { kerasFile, small } from './support.ts'

interface Expected { file: string, keras: string, shape: number[], seed: number, probabilities: number[][] }

const folder = resolve(import.meta.dirname, '../../../fixtures/keras')
const expectedOf = (generation: string): [string, Expected][] =>
  Object.entries(JSON.parse(readFileSync(resolve(folder, `expected.${generation}.json`), 'utf8')) as Record<string, Expected>)
const tensorFlow = await loadTensorFlow().then(() => true, () => false)
const tuberIs: Partial<KerasImportOptions> = { sigmoidPositive: 'tuber' }

for (const [name, { file, keras, shape, seed, probabilities }] of [...expectedOf('keras2'), ...expectedOf('keras3')]) {
  t.test(`${name} gives what Keras ${keras} gave`, async t => {
    const softmax = probabilities[0]!.length === 2
    const bytes = readFileSync(resolve(folder, file))
    const count = shape.reduce((product, length) => product * length, 1)
    const rasters = randomNumbers(count, seed)
    for (const positive of [0, 1]) {
      const network = await importKeras(bytes, {
        size: 224, ...softmax ? { positiveClass: positive } : { sigmoidPositive: positive === 1 ? 'tuber' : 'control' },
      })
      t.equal(network.kerasVersion, keras)
      t.same([network.height, network.width], shape.slice(1, 3))
      const layers = { gradCamLayer: network.gradCamLayer }
      const engines = [
        await openOnnxRuntime(readLayersModel(network.files), layers, { threads: 1 }),
        ...tensorFlow ? [await openTensorFlow(network.files, layers)] : [],
      ]
      // TensorFlow.js has no gradient for the dilated convolution that one of them has
      const mapped = engines.map((_, index) => index === 0 || name !== 'functional_softmax')
      const outputs = await Promise.all(engines.map((engine, index) => engine.run(rasters, 2, { gradCam: mapped[index]!, saliency: mapped[index]! })))
      for (const [index, output] of outputs.entries()) {
        for (const [slice, units] of probabilities.entries()) {
          const expected = softmax ? units[positive]! : positive === 1 ? units[0]! : 1 - units[0]!
          const difference = Math.abs((output.probabilities[slice] ?? NaN) - expected)
          t.ok(difference < 1e-5, `${engines[index]!.name}, class ${positive}, slice ${slice}: ${difference}`)
        }
        await engines[index]!.close()
        if (!mapped[index]!) continue
        const [gradCam, reference] = [output.gradCam!.values, outputs[0]!.gradCam!.values]
        t.ok(gradCam.every((value, cell) => Math.abs(value - reference[cell]!) < 1e-4), 'Grad-CAM')
        t.ok(agreement(output.saliency!.values, outputs[0]!.saliency!.values).cosine > 0.999, 'saliency')
      }
    }
  })
}

t.test('Grad-CAM weighs the last activation before pooling', async t => {
  const layers = await Promise.all(expectedOf('keras3').map(async ([name, { file, probabilities }]) => {
    const meaning = probabilities[0]!.length === 2 ? { positiveClass: 1 } : tuberIs
    return [name, (await importKeras(readFileSync(resolve(folder, file)), { size: 16, ...meaning })).gradCamLayer]
  }))
  t.same(Object.fromEntries(layers), {
    sequential_sigmoid: 're_lu', functional_softmax: 'concatenate', nested_sequential: 'relu_2', nested_functional: 'relu_2',
  })
})

t.test('reads a file of weights alone with a description given beside it', async t => {
  const { config, ...rest } = small
  const bytes = await kerasFile({ ...rest, atRoot: true, version: '2.2.4' })
  await t.rejects(importKeras(bytes, { size: 4, ...tuberIs }), { code: 'model-invalid', message: /weights alone.*--config/ })
  const network = await importKeras(bytes, { size: 4, ...tuberIs, config })
  const whole = await importKeras(await kerasFile(small), { size: 4, ...tuberIs })
  t.same(network.files, whole.files)
  t.same([network.kerasVersion, whole.kerasVersion], ['2.2.4', undefined])
  t.equal(whole.parameters, 54 + 2 + 2 + 1)
})

t.test('the size that a network leaves open is the one asked for', async t => {
  const config = structuredClone(small.config) as { config: { layers: { config: Record<string, unknown> }[] } }
  config.config.layers[0]!.config['batch_input_shape'] = [null, null, null, 3]
  const network = await importKeras(await kerasFile({ ...small, config }), { size: 12, ...tuberIs })
  t.same([network.width, network.height], [12, 12])
})
