import t from 'tap'
import type { LayersModel } from '@tensorflow/tfjs'
import * as evidenceMap from '../../src/model/architectures/evidence-map.ts'
import * as tscCnn from '../../src/model/architectures/tsc-cnn.ts'
import type { Engine } from '../../src/model/engines/engine.ts'
import { openOnnxRuntime } from '../../src/model/engines/onnxruntime.ts'
import { openTensorFlow } from '../../src/model/engines/tensorflow.ts'
import { readLayersModel } from '../../src/model/layers-model.ts'
import type { TensorFlow } from '../../src/model/tensorflow.ts'
import { layersModelFiles } from '../../src/model/write-layers-model.ts'
import { agreement, randomNumbers, requireTensorFlow, unsettle } from './support.ts'

const allMaps = { gradCam: true, saliency: true }
const slices = 5
const size = 224
const rasters = randomNumbers(slices * size * size * 3, 7)
const evidenceMapLayers = { gradCamLayer: evidenceMap.gradCamLayerName, evidenceLayer: evidenceMap.evidenceLayerName }
const tscCnnLayers = { gradCamLayer: tscCnn.gradCamLayerName }

async function bothEngines (
  tf: TensorFlow, model: LayersModel, layers: { gradCamLayer: string, evidenceLayer?: string },
): Promise<{ onnx: Engine, reference: Engine }> {
  const files = await layersModelFiles(tf, unsettle(tf, model))
  model.dispose()
  const onnx = await openOnnxRuntime(readLayersModel(files), layers, { threads: 1 })
  return { onnx, reference: await openTensorFlow(files, layers) }
}

const smallEvidenceMap = (tf: TensorFlow) => evidenceMap.build(tf, { inputShape: [32, 32, 3], filters: 6, seed: 11 })
const smallTscCnn = (tf: TensorFlow) => tscCnn.build(tf, { inputShape: [32, 32, 3], filters: 4, units: 8 })

for (const [architecture, layers] of [['evidence-map', evidenceMapLayers], ['tsc-cnn', tscCnnLayers]] as const) {
  t.test(`${architecture}: onnxruntime gives what TensorFlow gives`, async t => {
    const tf = await requireTensorFlow(t)
    if (tf === undefined) return
    const model = architecture === 'evidence-map'
      ? evidenceMap.build(tf, { inputShape: [size, size, 3], seed: 3 })
      : tscCnn.build(tf, { inputShape: [size, size, 3], filters: 8, units: 32, seed: 3 })
    const { onnx, reference } = await bothEngines(tf, model, layers)
    const found = await onnx.run(rasters, slices, allMaps)
    const expected = await reference.run(rasters, slices, allMaps)

    t.equal(found.probabilities.length, slices)
    for (const [slice, probability] of expected.probabilities.entries()) {
      t.ok(Math.abs((found.probabilities[slice] ?? NaN) - probability) < 1e-5, `probability of slice ${slice}`)
    }
    t.ok(agreement(found.gradCam!.values, expected.gradCam!.values).largest < 1e-4, 'Grad-CAM')
    t.same([found.gradCam!.width, found.gradCam!.height], [28, 28])
    const saliency = agreement(found.saliency!.values, expected.saliency!.values)
    t.ok(saliency.cosine >= 0.9994 && saliency.relativeError < 0.05, `saliency: ${JSON.stringify(saliency)}`)
    t.same([found.saliency!.width, found.saliency!.height], [size, size])
    if ('evidenceLayer' in layers) t.ok(agreement(found.evidence!.values, expected.evidence!.values).largest < 1e-4, 'evidence')
    else t.same([found.evidence, expected.evidence], [undefined, undefined], 'a network without an evidence map gives none')
    await onnx.close()
    await reference.close()
  })
}

t.test('a run without maps gives the same probabilities and no maps', async t => {
  const tf = await requireTensorFlow(t)
  if (tf === undefined) return
  const { onnx, reference } = await bothEngines(tf, smallTscCnn(tf), tscCnnLayers)
  const input = rasters.slice(0, 2 * 32 * 32 * 3)
  for (const engine of [onnx, reference]) {
    const all = await engine.run(input, 2, allMaps)
    const none = await engine.run(input, 2, { gradCam: false, saliency: false })
    const camOnly = await engine.run(input, 2, { gradCam: true, saliency: false })
    t.same(none.probabilities, all.probabilities, engine.name)
    t.same([none.gradCam, none.saliency, camOnly.saliency], [undefined, undefined, undefined])
    t.same(camOnly.gradCam, all.gradCam)
    await engine.close()
  }
})

t.test('slices do not see each other: one alone gives what it gives in a batch', async t => {
  const tf = await requireTensorFlow(t)
  if (tf === undefined) return
  const { onnx, reference } = await bothEngines(tf, smallEvidenceMap(tf), evidenceMapLayers)
  const length = 32 * 32 * 3
  for (const engine of [onnx, reference]) {
    const together = await engine.run(rasters.slice(0, 3 * length), 3, allMaps)
    const alone = await engine.run(rasters.slice(length, 2 * length), 1, allMaps)
    t.ok(Math.abs((alone.logits[0] ?? NaN) - (together.logits[1] ?? NaN)) < 1e-5, engine.name)
    t.ok(agreement(alone.saliency!.values, together.saliency!.values.slice(32 * 32, 2 * 32 * 32)).relativeError < 1e-4)
    await engine.close()
  }
})

t.test('the saliency is the slope that finite differences find', async t => {
  const tf = await requireTensorFlow(t)
  if (tf === undefined) return
  // the saliency is the largest over the channels, so each is moved on its own; what is left is single precision's noise
  const { onnx, reference } = await bothEngines(tf, smallEvidenceMap(tf), evidenceMapLayers)
  const input = randomNumbers(32 * 32 * 3, 23)
  for (const engine of [onnx, reference]) {
    const { saliency } = await engine.run(input, 1, allMaps)
    const step = 2 ** -9
    const slopes: number[] = []
    const claimed: number[] = []
    for (let pixel = 5; pixel < 32 * 32; pixel += 41) {
      const perChannel: number[] = []
      for (const channel of [0, 1, 2]) {
        const at = async (shift: number) => {
          const moved = input.slice()
          moved[pixel * 3 + channel] = (moved[pixel * 3 + channel] ?? NaN) + shift
          return (await engine.run(moved, 1, { gradCam: false, saliency: false })).logits[0] ?? NaN
        }
        perChannel.push(Math.abs((await at(step)) - (await at(-step))) / (2 * step))
      }
      slopes.push(Math.max(...perChannel))
      claimed.push(saliency!.values[pixel] ?? NaN)
    }
    const { cosine, relativeError } = agreement(Float32Array.from(claimed), Float32Array.from(slopes))
    t.ok(cosine > 0.999 && relativeError < 0.08, `${engine.name}: cosine ${cosine}, relative error ${relativeError}`)
    await engine.close()
  }
})

t.test('TensorFlow keeps no tensor from run to run, and none after closing', async t => {
  const tf = await requireTensorFlow(t)
  if (tf === undefined) return
  const before = tf.memory().numTensors
  const files = await layersModelFiles(tf, evidenceMap.build(tf, { inputShape: [32, 32, 3], filters: 2 }))
  const built = tf.memory().numTensors
  const engine = await openTensorFlow(files, evidenceMapLayers)
  await engine.run(rasters.slice(0, 32 * 32 * 3), 1, allMaps)
  const opened = tf.memory().numTensors
  await engine.run(rasters.slice(0, 32 * 32 * 3), 1, allMaps)
  t.equal(tf.memory().numTensors, opened)
  await t.rejects(engine.run(new Float32Array(5), 1, allMaps), { code: 'engine-failed' })
  t.equal(tf.memory().numTensors, opened, 'nor after a failure')
  await engine.close()
  t.equal(tf.memory().numTensors, built)
  t.ok(built > before)
})
