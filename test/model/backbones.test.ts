import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { LayersModel } from '@tensorflow/tfjs'
import t from 'tap'
import * as inceptionV3 from '../../src/model/architectures/inception-v3.ts'
import * as resnet50 from '../../src/model/architectures/resnet-50.ts'
import { openOnnxRuntime } from '../../src/model/engines/onnxruntime.ts'
import { openTensorFlow } from '../../src/model/engines/tensorflow.ts'
import { readLayersModel } from '../../src/model/layers-model.ts'
import { layersModelFiles } from '../../src/model/write-layers-model.ts'
import { agreement, randomNumbers, requireTensorFlow, unsettle } from './support.ts'

interface KerasLayer {
  name: string
  class: string
  inputs: string[]
  shape: number[]
  weights: number[][]
  settings: Record<string, unknown>
}

/** Written by Keras itself: scripts/keras/layers.py. */
const kerasLayers = (name: string): KerasLayer[] =>
  JSON.parse(readFileSync(resolve(import.meta.dirname, `../../fixtures/keras/${name}.layers.json`), 'utf8')) as KerasLayer[]

function layersOf (model: LayersModel): KerasLayer[] {
  return model.layers.map(layer => {
    const { inboundNodes } = layer as unknown as { inboundNodes: { inboundLayers: { name: string }[] }[] }
    const config = layer.getConfig()
    return {
      name: layer.name,
      class: layer.getClassName(),
      inputs: (inboundNodes[0]?.inboundLayers ?? []).map(input => input.name),
      shape: (layer.outputShape as number[]).slice(1),
      weights: layer.weights.map(weight => weight.shape as number[]),
      settings: {
        strides: config['strides'],
        padding: config['padding'],
        use_bias: config['useBias'],
        pool_size: config['poolSize'],
        epsilon: config['epsilon'],
        momentum: config['momentum'],
        scale: config['scale'],
        center: config['center'],
        activation: config['activation'],
      },
    }
  })
}

const backbones = [
  { name: 'inception-v3', architecture: inceptionV3, parameters: 21_802_784, trainable: 21_768_352, map: 'mixed10', size: 107, cells: 2 },
  { name: 'resnet-50', architecture: resnet50, parameters: 23_587_712, trainable: 23_534_592, map: 'conv5_block3_out', size: 64, cells: 2 },
] as const

for (const { name, architecture, parameters, trainable, map, size, cells } of backbones) {
  t.test(`${name} is Keras's, layer for layer, up to its head`, async t => {
    const tf = await requireTensorFlow(t)
    if (tf === undefined) return
    const model = architecture.build(tf, { inputShape: [224, 224, 3] })
    t.teardown(() => model.dispose())
    const expected = kerasLayers(name)
    const ours = layersOf(model)
    t.same(ours.slice(expected.length).map(layer => layer.name), ['avg_pool', 'logit', 'probability'])
    t.same(ours.slice(0, expected.length).map(layer => layer.name), expected.map(layer => layer.name), 'names, in Keras\'s order')
    for (const [index, layer] of expected.entries()) {
      const own = ours[index]!
      // TensorFlow.js has the padding of ZeroPadding2D and activations in forms of their own
      const settings = Object.fromEntries(Object.keys(layer.settings).map(key => [key, own.settings[key]]))
      t.same({ ...own, settings }, layer, layer.name)
    }
    const head = (expected.at(-1)?.shape.at(-1) ?? 0) + 1
    t.equal(model.countParams(), parameters + head, 'parameters without top, as published')
    const training = model.trainableWeights.reduce((sum, weight) => sum + (weight.shape as number[]).reduce((a, b) => a * b, 1), 0)
    t.equal(training, trainable + head)
    t.equal(architecture.gradCamLayerName, map)
  })

  t.test(`${name}, narrow: onnxruntime gives what TensorFlow gives, maps too`, async t => {
    const tf = await requireTensorFlow(t)
    if (tf === undefined) return
    const model = unsettle(tf, architecture.build(tf, { inputShape: [size, size, 3], width: 1 / 16, seed: 7 }))
    const files = await layersModelFiles(tf, model)
    model.dispose()
    const layers = { gradCamLayer: architecture.gradCamLayerName }
    const onnx = await openOnnxRuntime(readLayersModel(files), layers, { threads: 1 })
    const tensorflow = await openTensorFlow(files, layers)
    const slices = 3
    const rasters = randomNumbers(slices * size * size * 3, 9)
    const found = await onnx.run(rasters, slices, { gradCam: true, saliency: true })
    const before = tf.memory().numTensors
    const expected = await tensorflow.run(rasters, slices, { gradCam: true, saliency: true })
    t.equal(tf.memory().numTensors, before, 'no tensor is left behind')
    t.ok(expected.probabilities.every(probability => probability > 0.001 && probability < 0.999), 'no probability is saturated')
    for (const [slice, probability] of expected.probabilities.entries()) {
      t.ok(Math.abs((found.probabilities[slice] ?? NaN) - probability) < 1e-5, `probability of slice ${slice}`)
    }
    t.same([expected.gradCam!.width, expected.gradCam!.height], [cells, cells])
    t.ok(expected.gradCam!.values.some(value => value > 0), 'Grad-CAM is not empty')
    t.ok(agreement(found.gradCam!.values, expected.gradCam!.values).largest < 1e-4, 'Grad-CAM')
    const saliency = agreement(found.saliency!.values, expected.saliency!.values)
    t.ok(saliency.cosine >= 0.9994 && saliency.relativeError < 0.05, `saliency: ${JSON.stringify(saliency)}`)
    await onnx.close()
    await tensorflow.close()
  })
}
